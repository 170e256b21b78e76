// A request to AWS as the proxy reads it: which service and action, and what it asks for. Pure.

/** The request. */
export interface AwsRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  /** ec2, iam, ssm, sqs, pricing, eks, sts: as the signature names it. */
  readonly service: string;
  /** Whose key signed it; empty where nobody did. */
  readonly accessKeyId: string;
  /** CreateFleet; for REST the method and path. */
  readonly action: string;
  /** Of the query protocols, by name; for JSON the fields of the first level. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads it. */
export function readRequest(method: string, path: string, headers: AwsRequest['headers'], body: Buffer): AwsRequest {
  const [, accessKeyId = '', service = 'unknown'] =
    /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//.exec(String(headers.authorization ?? '')) ?? [];
  const common = { method, path, headers, body, service, accessKeyId };
  const target = String(headers['x-amz-target'] ?? '');
  if (target !== '') {
    const action = target.slice(target.lastIndexOf('.') + 1);
    return { ...common, action, parameters: jsonParameters(body) };
  }
  if (String(headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')) {
    const parameters = new Map(new URLSearchParams(body.toString()));
    const action = parameters.get('Action') ?? '';
    // Nobody signs what asks for keys to sign with.
    if (action === 'AssumeRoleWithWebIdentity') return { ...common, service: 'sts', action, parameters };
    return { ...common, action, parameters };
  }
  const action = (service === 'eks' ? eksAction(method, path) : undefined) ?? `${method} ${path}`;
  const parameters = service === 'eks' && method === 'POST' ? jsonParameters(body) : new Map<string, string>();
  return { ...common, action, parameters };
}

function eksAction(method: string, path: string): string | undefined {
  if (method === 'POST' && /^\/clusters\/[^/]+\/access-entries$/.test(path)) return 'CreateAccessEntry';
  if (method !== 'GET') return undefined;
  if (/^\/clusters\/[^/]+$/.test(path)) return 'DescribeCluster';
  return /^\/clusters\/[^/]+\/access-entries\/[^/]+$/.test(path) ? 'DescribeAccessEntry' : undefined;
}

function jsonParameters(body: Buffer): ReadonlyMap<string, string> {
  const value = JSON.parse(body.toString() || '{}') as Readonly<Record<string, unknown>>;
  return new Map(
    Object.entries(value).map(([name, one]) => [name, typeof one === 'string' ? one : JSON.stringify(one)]),
  );
}

/** Values of a list of the query protocol, in its order: Resource.1, Resource.2. */
export function listOf(parameters: ReadonlyMap<string, string>, ...names: readonly string[]): string[] {
  return [...parameters].flatMap(([key, value]) => {
    const [, name = '', rest = ''] = /^(\w+)\.\d+$/.exec(key) ?? [];
    return names.includes(name) && rest === '' ? [value] : [];
  });
}

/**
 * Tags that a request gives, by resource type; those without one under the empty text.
 *
 * @param within what stands before the names of parameters
 */
export function requestTags(
  parameters: ReadonlyMap<string, string>,
  within = '',
): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {};
  for (const [name, value] of parameters) {
    if (!name.startsWith(within)) continue;
    const key = name.slice(within.length);
    const [, specification, index] = /^(TagSpecification\.\d+\.|)Tags?\.(\d+)\.Key$/.exec(key) ?? [];
    if (specification === undefined || index === undefined) continue;
    const type = parameters.get(`${within}${specification}ResourceType`) ?? '';
    const tag = parameters.get(name.replace(/\.Key$/, '.Value')) ?? '';
    found[type] = { ...found[type], [value]: tag };
  }
  return found;
}
