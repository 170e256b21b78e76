// Plans broken on purpose, one for each rule: the real scheduler has to refuse them, with the reason that belongs to the
// rule, and has to accept the same plan unbroken. They prove that the judge sees what it is there to see.
import { container, FPGA, GPU, type InstanceType, nodeObject, ZONES } from './generate/index.ts';
import type { Finding, Judge, Trial } from './judge.ts';
import type { DaemonSet, Expression, Node, Pod, PodSpec, Quantities, StringMap, Taint } from './objects.ts';

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

const NAMESPACE = 'canary';
const ZONE_A = ZONES[0];
const ZONE_B = ZONES[1];
const AFFINITY = /1 node\(s\) didn't match Pod's node affinity\/selector/;
const TAINT = /1 node\(s\) had untolerated taint/;

/** Every canary. */
export function canaries(): Canary[] {
  return [...labelCanaries(), ...taintCanaries(), ...resourceCanaries(), ...clusterCanaries(), ...leftOutCanaries()];
}

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

function labelCanaries(): Canary[] {
  const affinity = (expression: Expression): PodSpec => ({
    ...podSpec(),
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [expression] }] },
      },
    },
  });
  const level = (value: string) => ({ 'example.com/level': value });
  const twoTerms: PodSpec = {
    ...podSpec(),
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'example.com/level', operator: 'In', values: ['1'] }] },
            { matchExpressions: [{ key: 'example.com/level', operator: 'In', values: ['2'] }] },
          ],
        },
      },
    },
  };
  return [
    wrongNode(
      'node selector',
      { ...podSpec(), nodeSelector: level('1') },
      node({ labels: level('1') }),
      node(),
      AFFINITY,
    ),
    wrongNode(
      'architecture',
      { ...podSpec(), nodeSelector: { 'kubernetes.io/arch': 'arm64' } },
      node({ labels: { 'kubernetes.io/arch': 'arm64' } }),
      node(),
      AFFINITY,
    ),
    wrongNode(
      'zone by its old name',
      { ...podSpec(), nodeSelector: { 'failure-domain.beta.kubernetes.io/zone': ZONE_B } },
      node({ zone: ZONE_B }),
      node({ zone: ZONE_A }),
      AFFINITY,
    ),
    wrongNode(
      'affinity In',
      affinity({ key: 'topology.kubernetes.io/zone', operator: 'In', values: [ZONE_B] }),
      node({ zone: ZONE_B }),
      node(),
      AFFINITY,
    ),
    wrongNode(
      'affinity NotIn',
      affinity({ key: 'topology.kubernetes.io/zone', operator: 'NotIn', values: [ZONE_A] }),
      node({ zone: ZONE_B }),
      node(),
      AFFINITY,
    ),
    wrongNode(
      'affinity Exists',
      affinity({ key: 'example.com/level', operator: 'Exists' }),
      node({ labels: level('1') }),
      node(),
      AFFINITY,
    ),
    wrongNode(
      'affinity DoesNotExist',
      affinity({ key: 'example.com/level', operator: 'DoesNotExist' }),
      node(),
      node({ labels: level('1') }),
      AFFINITY,
    ),
    wrongNode(
      'affinity Gt',
      affinity({ key: 'example.com/level', operator: 'Gt', values: ['3'] }),
      node({ labels: level('4') }),
      node({ labels: level('3') }),
      AFFINITY,
    ),
    wrongNode(
      'affinity Lt',
      affinity({ key: 'example.com/level', operator: 'Lt', values: ['3'] }),
      node({ labels: level('2') }),
      node({ labels: level('3') }),
      AFFINITY,
    ),
    wrongNode('affinity OR terms', twoTerms, node({ labels: level('2') }), node({ labels: level('3') }), AFFINITY),
  ];
}

function taintCanaries(): Canary[] {
  const dedicated: Taint = { key: 'dedicated', value: 'batch', effect: 'NoSchedule' };
  const tolerating = (operator: string, value?: string): PodSpec => ({
    ...podSpec(),
    tolerations: [{ key: 'dedicated', operator, ...(value === undefined ? {} : { value }) }],
  });
  const numbered = (value: string): Taint => ({ key: 'dedicated', value, effect: 'NoSchedule' });
  return [
    wrongNode('taint NoSchedule', podSpec(), node(), node({ taints: [dedicated] }), TAINT),
    wrongNode('taint NoExecute', podSpec(), node(), node({ taints: [{ ...dedicated, effect: 'NoExecute' }] }), TAINT),
    wrongNode(
      'toleration of a value',
      tolerating('Equal', 'batch'),
      node({ taints: [dedicated] }),
      node({ taints: [numbered('web')] }),
      TAINT,
    ),
    wrongNode(
      'toleration Gt',
      tolerating('Gt', '5'),
      node({ taints: [numbered('6')] }),
      node({ taints: [numbered('5')] }),
      TAINT,
    ),
    wrongNode(
      'toleration Lt',
      tolerating('Lt', '5'),
      node({ taints: [numbered('4')] }),
      node({ taints: [numbered('5')] }),
      TAINT,
    ),
  ];
}

function resourceCanaries(): Canary[] {
  const gpuNode = node({ capacity: { [GPU]: '1', [FPGA]: '2' } });
  const withInit: PodSpec = { ...podSpec({ cpu: '100m' }), initContainers: [container('init', { cpu: '3' })] };
  const podLevel: PodSpec = { ...podSpec({ cpu: '100m' }), resources: { requests: { cpu: '3' } } };
  const large = node({ capacity: { cpu: '4' } });
  return [
    wrongNode('cpu', podSpec({ cpu: '3' }), large, node(), /1 Insufficient cpu/),
    wrongNode(
      'memory',
      podSpec({ memory: '9Gi' }),
      node({ capacity: { memory: '16Gi' } }),
      node(),
      /1 Insufficient memory/,
    ),
    wrongNode(
      'ephemeral storage',
      podSpec({ 'ephemeral-storage': '30Gi' }),
      node({ capacity: { 'ephemeral-storage': '50Gi' } }),
      node(),
      /1 Insufficient ephemeral-storage/,
    ),
    wrongNode('GPU missing', podSpec({ [GPU]: '1' }), gpuNode, node(), /1 Insufficient nvidia\.com\/gpu/),
    wrongNode(
      'extended resource',
      podSpec({ [FPGA]: '2' }),
      gpuNode,
      node({ capacity: { [FPGA]: '1' } }),
      /1 Insufficient example\.com\/fpga/,
    ),
    wrongNode('init containers', withInit, large, node(), /1 Insufficient cpu/),
    wrongNode('pod-level resources', podLevel, large, node(), /1 Insufficient cpu/),
    crowd('sum of requests', podSpec({ cpu: '900m' }), node(), 2, /1 Insufficient cpu/),
    crowd('number of pods', podSpec({}), node({ capacity: { pods: '2' } }), 2, /1 Too many pods/),
  ];
}

function clusterCanaries(): Canary[] {
  const cordoned = node();
  const running = [0, 1].map((index) => ({
    ...pod(`running-${index}`, podSpec({ cpu: '700m' })),
    spec: { ...podSpec({ cpu: '700m' }), nodeName: 'old' },
  }));
  const low = running.map((one) => ({ ...one, spec: { ...one.spec, priorityClassName: 'test-low' } }));
  const urgent: PodSpec = { ...podSpec({ cpu: '1' }), priorityClassName: 'test-high' };
  const onOld = (old: Node, bound: readonly Pod[], spec: PodSpec): Trial =>
    trial({
      existing: [{ node: named(old, 'old'), pods: bound }],
      placements: [{ pod: pod('new', spec), nodeName: 'old' }],
    });
  const daemons = (requests: Quantities): DaemonSet => ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'daemon', namespace: NAMESPACE },
    spec: { template: { spec: podSpec(requests) } },
  });
  const withDaemon = (requests: Quantities, spec: PodSpec): Trial =>
    trial({
      daemonSets: [daemons(requests)],
      nodes: [named(node(), 'new')],
      placements: [{ pod: pod('web', spec), nodeName: 'new' }],
    });
  return [
    {
      rule: 'cordoned node',
      sound: onOld(node(), [], podSpec()),
      broken: onOld({ ...cordoned, spec: { ...cordoned.spec, unschedulable: true } }, [], podSpec()),
      finding: 'placement refused',
      message: /1 node\(s\) were unschedulable/,
    },
    {
      rule: 'running pods',
      sound: onOld(node(), running.slice(0, 1), podSpec({ cpu: '1' })),
      broken: onOld(node(), running, podSpec({ cpu: '1' })),
      finding: 'placement refused',
      message: /1 Insufficient cpu/,
    },
    {
      rule: 'nobody is evicted',
      sound: onOld(node(), low.slice(0, 1), urgent),
      broken: onOld(node(), low, urgent),
      finding: 'placement refused',
      message: /1 Insufficient cpu/,
    },
    {
      rule: 'daemonsets land first',
      sound: withDaemon({ cpu: '500m' }, podSpec({ cpu: '1' })),
      broken: withDaemon({ cpu: '1500m' }, podSpec({ cpu: '1' })),
      finding: 'placement refused',
      message: /1 Insufficient cpu/,
    },
    {
      rule: 'daemonset pods fit',
      sound: withDaemon({ cpu: '500m' }, podSpec({ cpu: '1' })),
      broken: withDaemon({ memory: '64Gi' }, podSpec({ cpu: '1' })),
      finding: 'daemonset pod refused',
      message: /1 Insufficient memory/,
    },
    {
      rule: 'node that was not made',
      sound: trial({ nodes: [named(node(), 'new')], placements: [{ pod: pod('web', podSpec()), nodeName: 'new' }] }),
      broken: trial({ nodes: [named(node(), 'new')], placements: [{ pod: pod('web', podSpec()), nodeName: 'other' }] }),
      finding: 'placement refused',
      message: /1 node\(s\) other than/,
    },
  ];
}

/** Claims that a pod fits nowhere. */
function leftOutCanaries(): Canary[] {
  const empties = [named(node(), 'empty-small'), named(node({ capacity: { cpu: '8' } }), 'empty-large')];
  const claim = (cpu: string, nodeNames?: readonly string[]): Trial =>
    trial({
      nodes: [named(node(), 'new')],
      placements: [{ pod: pod('web', podSpec({ cpu: '1900m' })), nodeName: 'new' }],
      emptyNodes: empties,
      leftOut: [{ pod: pod('left', podSpec({ cpu })), ...(nodeNames === undefined ? {} : { nodeNames }) }],
    });
  const fits = { finding: 'left out but fits', message: /the scheduler found a place/ } as const;
  return [
    { rule: 'left out without need', sound: claim('9'), broken: claim('6'), ...fits },
    {
      rule: 'left out for a limit that has room',
      sound: claim('6', ['empty-small']),
      broken: claim('6', ['empty-small', 'empty-large']),
      ...fits,
    },
  ];
}

/** A pod that belongs on the one node and is put on the other. */
function wrongNode(rule: string, spec: PodSpec, right: Node, wrong: Node, message: RegExp): Canary {
  const nodes = [named(right, 'right'), named(wrong, 'wrong')];
  const placed = (nodeName: string): Trial => trial({ nodes, placements: [{ pod: pod('web', spec), nodeName }] });
  return { rule, sound: placed('right'), broken: placed('wrong'), finding: 'placement refused', message };
}

/** So many pods that fit a node, and one more. */
function crowd(rule: string, spec: PodSpec, one: Node, fitting: number, message: RegExp): Canary {
  const placed = (count: number): Trial =>
    trial({
      nodes: [named(one, 'new')],
      placements: Array.from({ length: count }, (_, index) => ({ pod: pod(`web-${index}`, spec), nodeName: 'new' })),
    });
  return { rule, sound: placed(fitting), broken: placed(fitting + 1), finding: 'placement refused', message };
}

function trial(parts: Partial<Trial>): Trial {
  return {
    namespaces: [NAMESPACE],
    daemonSets: [],
    existing: [],
    nodes: [],
    placements: [],
    leftOut: [],
    emptyNodes: [],
    ...parts,
  };
}

interface NodeOptions {
  readonly zone?: string;
  readonly labels?: StringMap;
  readonly taints?: readonly Taint[];
  readonly capacity?: Quantities;
}

/** A node with 2 vCPU, 8 GiB and room for 10 pods, unless told otherwise. */
function node({ zone = ZONE_A, labels = {}, taints = [], capacity = {} }: NodeOptions = {}): Node {
  const type: InstanceType = {
    name: 'canary.large',
    labels: { 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' },
    capacity: { cpu: '2', memory: '8Gi', 'ephemeral-storage': '20Gi', pods: '10', ...capacity },
    overhead: {},
    offerings: [],
  };
  return nodeObject({ name: '', type, offering: { zone, capacityType: 'on-demand' }, labels, taints });
}

function named(unnamed: Node, name: string): Node {
  const labels = { ...unnamed.metadata.labels, 'kubernetes.io/hostname': name };
  return { ...unnamed, metadata: { ...unnamed.metadata, name, labels } };
}

function podSpec(requests: Quantities = { cpu: '100m', memory: '64Mi' }): PodSpec {
  return { containers: [container('main', requests)] };
}

function pod(name: string, spec: PodSpec): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: NAMESPACE, labels: { app: 'canary' } }, spec };
}
