// The fault proxy: an address of loopback that the SDK takes for AWS. What it does not refuse or answer itself it hands on to
// moto, and it writes down every call.
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { accessEntry, emptyList, noInstance, type ProxyFacts, products, withClusterGroup } from './answers.ts';
import { type Fault, Faults } from './faults.ts';
import { FleetFaults, type ProxyAnswer } from './fleet.ts';
import { Authorizations, evaluate, record as recordAuthorizations, writeRecorded } from './iam/index.ts';
import type { CallRecord } from './journal.ts';
import { type AwsRequest, listOf, readRequest, requestTags } from './request.ts';
import { ReservedPlaces } from './reservations.ts';
import { rolePolicies, simulation } from './simulation.ts';
import { ec2Error, inside, items, queryError } from './xml.ts';

/** A proxy at work. */
export interface FaultProxy {
  /** http://127.0.0.1:PORT */
  readonly endpoint: string;
  readonly faults: Faults;
  readonly journal: readonly CallRecord[];
  /** Capacity reservations of the account: they are the proxy's, not moto's. */
  readonly reserved: ReservedPlaces;
  stop(): Promise<void>;
}

interface Answer extends ProxyAnswer {
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

const INSTANCE_ID = /\bi-[0-9a-f]{8,17}\b/g;

/** Starts one in front of a moto. */
export async function startFaultProxy(motoPort: number, facts: ProxyFacts): Promise<FaultProxy> {
  const proxy = new Relay(motoPort, facts);
  const server = createServer((incoming, outgoing) => void proxy.serve(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    faults: proxy.faults,
    journal: proxy.journal,
    reserved: proxy.reserved,
    stop: async () => {
      writeRecorded();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Relay {
  readonly faults = new Faults();
  readonly journal: CallRecord[] = [];
  readonly reserved: ReservedPlaces;
  readonly #motoPort: number;
  readonly #facts: ProxyFacts;
  readonly #fleet: FleetFaults;
  readonly #authorizations: Authorizations;
  /** When each instance was launched. */
  readonly #launchedMs = new Map<string, number>();

  constructor(motoPort: number, facts: ProxyFacts) {
    this.#motoPort = motoPort;
    this.#facts = facts;
    this.#authorizations = new Authorizations({ region: facts.region, account: facts.account });
    this.reserved = new ReservedPlaces(facts.account);
    const priceOf = (type: string) => facts.prices[type] ?? Number.POSITIVE_INFINITY;
    this.#fleet = new FleetFaults(this.faults, priceOf, this.reserved);
  }

  async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request = readRequest(incoming.method ?? '', incoming.url ?? '', incoming.headers, Buffer.concat(chunks));
    const record = this.#note(request);
    const fault = this.faults.take(request.action);
    try {
      if (fault?.kind === 'delay') await sleep(fault.ms);
      if (fault?.kind === 'hang-before') return;
      if (fault?.kind === 'lose-request') {
        outgoing.destroy();
        return;
      }
      const isThrottled = request.service === 'ec2' && this.faults.buckets?.take(request) === false;
      const refused = refusalOf(request, isThrottled ? { kind: 'throttle' } : fault) ?? this.#denial(request, record);
      const answer = refused ?? (await this.#answer(request, record));
      if (refused !== undefined) record.by = 'proxy';
      if (fault?.kind === 'hang-after') return;
      if (fault?.kind === 'lose-reply') {
        outgoing.destroy();
        return;
      }
      record.status = answer.status;
      if (answer.status === 200) this.#authorizations.note(request, answer.body);
      const [, code] = /<Code>([^<]+)<\/Code>/.exec(answer.status === 200 ? '' : answer.body) ?? [];
      if (code !== undefined) record.code = code;
      outgoing.writeHead(answer.status, { 'content-type': contentType(request), ...answer.headers });
      outgoing.end(answer.body);
    } catch (error) {
      outgoing.destroy(error as Error);
    }
  }

  #note(request: AwsRequest): CallRecord {
    const { service, action, parameters } = request;
    const record: CallRecord = {
      atMs: performance.now(),
      service,
      action,
      resources: resourcesOf(parameters),
      tags: requestTags(parameters),
      authorizations: this.#authorizations.of(request),
      parameters,
      status: 0,
      by: 'moto',
    };
    this.journal.push(record);
    // An administrator's calls say nothing about the controller's rights.
    const isSomebodyElse = this.#facts.hasAdministrator === true && this.faults.policies === undefined;
    if (!isSomebodyElse && !this.#isAdministrator(request)) recordAuthorizations(record.authorizations);
    return record;
  }

  #isAdministrator({ accessKeyId }: AwsRequest): boolean {
    return accessKeyId !== '' && accessKeyId === this.#facts.administratorKeyId;
  }

  /** What IAM says where a test has set what the caller may do. */
  #denial(request: AwsRequest, { authorizations }: CallRecord): Answer | undefined {
    const { policies } = this.faults;
    if (policies === undefined || this.#isAdministrator(request)) return undefined;
    const denied = authorizations.find((one) => evaluate(policies, one) !== 'allowed');
    if (denied === undefined) return undefined;
    const message = `User is not authorized to perform: ${denied.action} on resource: ${denied.resource}`;
    const code = request.service === 'ec2' ? 'UnauthorizedOperation' : 'AccessDenied';
    return { status: 403, body: errorBody(request, code, message) };
  }

  async #answer(request: AwsRequest, record: CallRecord): Promise<Answer> {
    const { parameters } = request;
    switch (`${request.service}:${request.action}`) {
      case 'pricing:GetProducts':
        record.by = 'proxy';
        return { status: 200, body: products(this.#facts, parameters) };
      case 'ec2:DescribeCapacityReservations':
        record.by = 'proxy';
        return { status: 200, body: this.reserved.describe(request) };
      case 'ec2:DescribePlacementGroups':
        record.by = 'proxy';
        return { status: 200, body: emptyList(request.action, 'placementGroupSet') };
      case 'iam:SimulatePrincipalPolicy':
        record.by = 'proxy';
        return this.#simulation(parameters);
      case 'eks:DescribeCluster': {
        const answer = await this.#forward(request);
        const { clusterSecurityGroupId } = this.#facts;
        if (answer.status !== 200 || clusterSecurityGroupId === undefined) return answer;
        return { ...answer, body: withClusterGroup(answer.body, clusterSecurityGroupId) };
      }
      case 'eks:DescribeAccessEntry':
      case 'eks:CreateAccessEntry':
        record.by = 'proxy';
        return accessEntry(request, this.faults.accessEntries);
      case 'ec2:CreateFleet': {
        const answer = await this.#fleet.create(request, (changed) => this.#forward(request, changed));
        for (const [id] of answer.body.matchAll(INSTANCE_ID)) {
          if (!this.#launchedMs.has(id)) this.#launchedMs.set(id, performance.now());
        }
        return answer;
      }
      case 'ec2:CreateLaunchTemplate': {
        const answer = await this.#forward(request);
        if (answer.status === 200) {
          this.#fleet.noteTemplate(parameters.get('LaunchTemplateName') ?? '');
          this.reserved.noteTemplate(parameters);
        }
        return answer;
      }
      case 'ec2:CreateTags': {
        const unknown = listOf(parameters, 'ResourceId').find((id) => id.startsWith('i-') && !this.#launchedMs.has(id));
        if (unknown === undefined) return this.#forward(request);
        record.by = 'proxy';
        return { status: 400, body: noInstance(unknown) };
      }
      case 'ec2:DescribeInstances': {
        const answer = await this.#forward(request);
        return { ...answer, body: this.reserved.withReservations(this.#withoutHidden(answer.body)) };
      }
      case 'ec2:TerminateInstances': {
        const answer = await this.#forward(request);
        if (answer.status === 200) for (const id of listOf(parameters, 'InstanceId')) this.reserved.noteEnded(id);
        return answer;
      }
      default:
        return this.#forward(request);
    }
  }

  async #simulation(parameters: ReadonlyMap<string, string>): Promise<Answer> {
    const source = parameters.get('PolicySourceArn') ?? '';
    const [, role] = /:role\/(?:.*\/)?([^/]+)$/.exec(source) ?? [];
    const policies = role === undefined ? undefined : await rolePolicies(this.#motoPort, role);
    return policies === undefined
      ? { status: 404, body: queryError('NoSuchEntity', `${source} can't be found`) }
      : { status: 200, body: simulation(parameters, policies) };
  }

  /** Leaves out reservations all of whose instances are too young to show. */
  #withoutHidden(body: string): string {
    const set = inside(body, 'reservationSet');
    if (this.faults.hideInstancesMs === 0 || set === undefined) return body;
    const shown = items(set).filter((item) =>
      [...item.matchAll(/<instanceId>(i-[0-9a-f]+)<\/instanceId>/g)].some(([, id = '']) => {
        const launchedMs = this.#launchedMs.get(id) ?? Number.NEGATIVE_INFINITY;
        return performance.now() - launchedMs >= this.faults.hideInstancesMs;
      }),
    );
    return body.replace(set, shown.join(''));
  }

  /** Hands a request on to moto, with other parameters where they are given. */
  #forward(request: AwsRequest, parameters?: ReadonlyMap<string, string>): Promise<Answer> {
    const body = parameters === undefined ? request.body : Buffer.from(new URLSearchParams([...parameters]).toString());
    const headers = { ...request.headers, 'content-length': String(body.length) } as Record<string, string>;
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#motoPort, method: request.method, path: request.path, headers };
      const call = httpRequest(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const { 'content-length': _, 'transfer-encoding': __, connection: ___, ...rest } = answer.headers;
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString(), headers: rest });
        });
      });
      call.on('error', reject);
      call.end(body);
    });
  }
}

function refusalOf(request: AwsRequest, fault: Fault | undefined): Answer | undefined {
  const refuse = (status: number, code: string, message: string): Answer => ({
    status,
    body: errorBody(request, code, message),
  });
  switch (fault?.kind) {
    case 'throttle':
      return refuse(503, 'RequestLimitExceeded', 'Request limit exceeded.');
    case 'server-error':
      return refuse(500, 'InternalError', 'An internal error has occurred');
    case 'refuse':
      return refuse(fault.status ?? 400, fault.code, fault.message);
    default:
      return undefined;
  }
}

function errorBody({ service }: AwsRequest, code: string, message: string): string {
  if (service === 'ec2') return ec2Error(code, message);
  if (service === 'iam' || service === 'sts') return queryError(code, message);
  return JSON.stringify({ __type: code, message });
}

function contentType({ service }: AwsRequest): string {
  return ['ec2', 'iam', 'sts'].includes(service) ? 'text/xml' : 'application/x-amz-json-1.1';
}

/** Ids and names in a request. */
function resourcesOf(parameters: ReadonlyMap<string, string>): readonly string[] {
  return [...parameters].flatMap(([key, value]) =>
    /^(InstanceId|ResourceId)\.\d+$|^(LaunchTemplateName|LaunchTemplateId|InstanceProfileName|RoleName|QueueUrl|QueueName|Name)$/.test(
      key,
    )
      ? [value]
      : [],
  );
}
