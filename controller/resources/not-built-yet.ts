// Fields that are accepted, as Karpenter accepts them, and that nothing carries out yet. Whoever builds one removes its
// line. What is not listed is planned with or carried out, or is no behaviour of its own.
import { EC2_NODE_CLASS } from './ec2-node-class.ts';
import { type AnyObject, effectiveSpec } from './effective.ts';
import { NODE_CLAIM } from './node-claim.ts';
import { NODE_POOL } from './node-pool.ts';
import { isMapping, type Resource } from './schema/index.ts';

/** One field of a spec, and what it waits for. */
export interface NotBuiltField {
  /** From the spec on; `[]` stands for every entry of a list. */
  readonly field: string;
  /** The missing piece, as a noun: "consolidation". */
  readonly waitsFor: string;
}

/** One place where a user wrote such a field. */
export interface NotBuiltYet {
  /** From the object's root on. */
  readonly path: readonly (string | number)[];
  readonly waitsFor: string;
}

const under = (parent: string, waitsFor: string, names: string): NotBuiltField[] =>
  names.split(' ').map((name) => ({ field: parent === '' ? name : `${parent}.${name}`, waitsFor }));

const LAUNCH = 'launching EC2 instances';
const DISRUPTION = 'consolidation';
const EXPIRATION = 'expiration';
const KUBELET = 'writing the kubelet’s settings into user data';

/** The fields of each resource, by kind. */
export const NOT_BUILT_YET: Readonly<Record<string, readonly NotBuiltField[]>> = {
  [NODE_POOL.kind]: [
    ...under('disruption', DISRUPTION, 'consolidateAfter consolidationPolicy'),
    { field: 'disruption.budgets', waitsFor: 'disruption within budgets' },
    { field: 'template.spec.expireAfter', waitsFor: EXPIRATION },
    { field: 'replicas', waitsFor: 'pools with a fixed number of nodes' },
  ],
  [NODE_CLAIM.kind]: [{ field: 'expireAfter', waitsFor: EXPIRATION }],
  [EC2_NODE_CLASS.kind]: [
    ...under('', LAUNCH, 'subnetSelectorTerms securityGroupSelectorTerms role instanceProfile userData tags'),
    ...under('', LAUNCH, 'amiSelectorTerms metadataOptions associatePublicIPAddress ipPrefixCount'),
    ...under('', LAUNCH, 'detailedMonitoring context'),
    ...under('blockDeviceMappings[].ebs', LAUNCH, 'volumeType iops throughput encrypted kmsKeyID deleteOnTermination'),
    ...under('blockDeviceMappings[].ebs', LAUNCH, 'snapshotID volumeInitializationRate'),
    { field: 'capacityReservationSelectorTerms', waitsFor: 'finding capacity reservations' },
    { field: 'placementGroupSelector', waitsFor: 'placement groups' },
    ...under('kubelet', KUBELET, 'clusterDNS evictionSoft evictionSoftGracePeriod evictionMaxPodGracePeriod'),
    ...under('kubelet', KUBELET, 'imageGCHighThresholdPercent imageGCLowThresholdPercent cpuCFSQuota'),
  ],
};

/**
 * Where a spec has fields that nothing carries out yet, in the order of the table. Those that would be the same if nobody had
 * written them are left out: the API server and the webhook fill such fields in. Pure. O(size of the spec) for each field.
 */
export function notBuiltYet(resource: Resource, object: AnyObject): NotBuiltYet[] {
  const fields = NOT_BUILT_YET[resource.kind] ?? [];
  const found = fields.flatMap(({ field, waitsFor }) =>
    placesOf(object.spec, field.split('.')).map((path) => ({ path: ['spec', ...path], waitsFor })),
  );
  return found.filter(({ path }) => {
    const unwritten = { spec: effectiveSpec(resource, without(object, path) as AnyObject) };
    return JSON.stringify(valueAt(object, path)) !== JSON.stringify(valueAt(unwritten, path));
  });
}

type Path = NotBuiltYet['path'];

function valueAt(value: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined) return value;
  return typeof value === 'object' && value !== null ? valueAt((value as AnyObject)[key], rest) : undefined;
}

/** The value without the field at the path, which is there. Copies what it changes. */
function without(value: unknown, [key = '', ...rest]: Path): unknown {
  if (Array.isArray(value)) return value.map((entry, index) => (index === key ? without(entry, rest) : entry));
  const copy: Record<string | number, unknown> = { ...(value as AnyObject) };
  if (rest.length === 0) delete copy[key];
  else copy[key] = without(copy[key], rest);
  return copy;
}

/** Every place under a value that a path of names means and that holds something. */
function placesOf(value: unknown, [step = '', ...rest]: readonly string[]): (string | number)[][] {
  const [name = '', ...brackets] = step.split('[]');
  if (!isMapping(value) || !Object.hasOwn(value, name)) return [];
  const found = value[name];
  if (found === undefined || found === null) return [];
  const parts: [(string | number)[], unknown][] =
    brackets.length === 0 || !Array.isArray(found)
      ? [[[name], found]]
      : found.map((entry, index) => [[name, index], entry]);
  if (rest.length === 0) return parts.map(([path]) => path);
  return parts.flatMap(([path, part]) => placesOf(part, rest).map((below) => [...path, ...below]));
}

/** One warning for each thing that is missing, naming the fields that wait for it. */
export function notBuiltWarnings(found: readonly NotBuiltYet[]): string[] {
  const byPiece = new Map<string, string[]>();
  for (const { path, waitsFor } of found) {
    const fields = byPiece.get(waitsFor) ?? [];
    fields.push(fieldText(path));
    byPiece.set(waitsFor, fields);
  }
  return [...byPiece].map(([piece, fields]) => `${fields.join(', ')}: accepted, but not carried out yet (${piece})`);
}

function fieldText(path: readonly (string | number)[]): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('');
}
