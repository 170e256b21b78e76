// What a canary is, how one is run, and the nodes and pods that canaries are made of. The canaries themselves are in the
// other files of this folder, by rule.
import { container, type InstanceType, nodeObject, ZONES } from '../generate/index.ts';
import type { Finding, Judge, Trial } from '../judge.ts';
import type { Node, Pod, PodSpec, Quantities, StringMap, Taint } from '../objects.ts';

/** A plan in two versions. */
export interface Canary {
  readonly rule: string;
  /** The plan as it should be: nothing is found. */
  readonly sound: Trial;
  /** The same plan, broken: exactly one finding. */
  readonly broken: Trial;
  readonly finding: Finding['kind'];
  /** What the scheduler says of the broken plan. */
  readonly message: RegExp;
}

/** Where the pods of canaries are. */
export const NAMESPACE = 'canary';
export const ZONE_A = ZONES[0];
export const ZONE_B = ZONES[1];
export const ZONE_C = ZONES[2];

/** Judges both versions; answers what is wrong, or undefined when the canary did as it should. */
export async function runCanary(judge: Judge, canary: Canary): Promise<string | undefined> {
  const sound = await judge.judge(canary.sound);
  const [unexpected] = sound.findings;
  if (unexpected !== undefined) return `the sound plan was refused: ${unexpected.kind}: ${unexpected.message}`;
  const broken = await judge.judge(canary.broken);
  const [finding] = broken.findings;
  if (finding === undefined) return 'the broken plan was accepted';
  if (broken.findings.length > 1) return `the broken plan was refused ${broken.findings.length} times over`;
  if (finding.kind !== canary.finding || !canary.message.test(finding.message)) {
    return `the broken plan was refused for another reason: ${finding.kind}: ${finding.message}`;
  }
  return undefined;
}

/** A pod that belongs on the one node and is put on the other. */
export function wrongNode(rule: string, spec: PodSpec, right: Node, wrong: Node, message: RegExp): Canary {
  const nodes = [named(right, 'right'), named(wrong, 'wrong')];
  const placed = (nodeName: string): Trial => trial({ nodes, placements: [{ pod: pod('web', spec), nodeName }] });
  return { rule, sound: placed('right'), broken: placed('wrong'), finding: 'placement refused', message };
}

/** So many pods that fit a node, and one more. */
export function crowd(rule: string, spec: PodSpec, one: Node, fitting: number, message: RegExp): Canary {
  const placed = (count: number): Trial =>
    trial({
      nodes: [named(one, 'new')],
      placements: Array.from({ length: count }, (_, index) => ({ pod: pod(`web-${index}`, spec), nodeName: 'new' })),
    });
  return { rule, sound: placed(fitting), broken: placed(fitting + 1), finding: 'placement refused', message };
}

export function trial(parts: Partial<Trial>): Trial {
  return {
    namespaces: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }],
    daemonSets: [],
    existing: [],
    nodes: [],
    placements: [],
    leftOut: [],
    emptyNodes: [],
    csiNodes: [],
    storageClasses: [],
    claims: [],
    persistentVolumes: [],
    ...parts,
  };
}

export interface NodeOptions {
  readonly zone?: string;
  readonly capacityType?: 'on-demand' | 'spot';
  readonly labels?: StringMap;
  readonly taints?: readonly Taint[];
  readonly capacity?: Quantities;
}

/** A node with 2 vCPU, 8 GiB and room for 10 pods, unless told otherwise. */
export function node({
  zone = ZONE_A,
  capacityType = 'on-demand',
  labels = {},
  taints = [],
  capacity = {},
}: NodeOptions = {}): Node {
  const type: InstanceType = {
    name: 'canary.large',
    labels: { 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' },
    capacity: { cpu: '2', memory: '8Gi', 'ephemeral-storage': '20Gi', pods: '10', ...capacity },
    overhead: {},
    offerings: [],
  };
  return nodeObject({ name: '', type, offering: { zone, capacityType }, labels, taints });
}

export function named(unnamed: Node, name: string): Node {
  const labels = { ...unnamed.metadata.labels, 'kubernetes.io/hostname': name };
  return { ...unnamed, metadata: { ...unnamed.metadata, name, labels } };
}

export function podSpec(requests: Quantities = { cpu: '100m', memory: '64Mi' }): PodSpec {
  return { containers: [container('main', requests)] };
}

export function pod(name: string, spec: PodSpec, labels: StringMap = {}, namespace = NAMESPACE): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { app: 'canary', ...labels } }, spec };
}

/** Two nodes in the first zone, one in the second, one in the third; each has the name it is called by. */
export const PLACES: readonly Node[] = [
  named(node(), 'a1'),
  named(node(), 'a2'),
  named(node({ zone: ZONE_B, capacityType: 'spot' }), 'b'),
  named(node({ zone: ZONE_C }), 'c'),
];

/** Some of PLACES. */
export function places(...names: readonly string[]): Node[] {
  return PLACES.filter(({ metadata }) => names.includes(metadata.name));
}

/** Pods on nodes by name, as a trial; `parts` has what else there is. */
export function onNodes(pods: readonly (readonly [pod: Pod, nodeName: string])[], parts: Partial<Trial> = {}): Trial {
  return trial({ ...parts, placements: pods.map(([one, nodeName]) => ({ pod: one, nodeName })) });
}

/** So many pods of one spec, one on each of these nodes, by name. */
export function workload(spec: PodSpec, nodeNames: readonly string[]): [Pod, string][] {
  return nodeNames.map((nodeName, index) => [pod(`web-${index}`, spec), nodeName]);
}

/** A canary of a placement that the rule's message refuses. */
export function refused(rule: string, message: RegExp, sound: Trial, broken: Trial): Canary {
  return { rule, sound, broken, finding: 'placement refused', message };
}
