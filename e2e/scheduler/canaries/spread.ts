// Canaries for topology spreads.
import type { Trial } from '../judge.ts';
import type { Node, PodSpec, SpreadConstraint } from '../objects.ts';
import { type Canary, named, node, onNodes, places, pod, podSpec, refused, workload, ZONE_B } from './canary.ts';

const SKEWED = /1 node\(s\) didn't match pod topology spread constraints/;
const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';

/** Those canaries. */
export function spreadCanaries(): Canary[] {
  return [...domainCanaries(), ...countingCanaries(), ...policyCanaries(), ...leftOutCanaries()];
}

function spread(topologyKey: string, more: Partial<SpreadConstraint> = {}): SpreadConstraint {
  return {
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { app: 'canary' } },
    ...more,
  };
}

function spreading(...constraints: readonly SpreadConstraint[]): PodSpec {
  return { ...podSpec(), topologySpreadConstraints: [...constraints] };
}

/** The same pods, once on the one nodes and once on the others. */
function moved(
  rule: string,
  spec: PodSpec,
  nodes: readonly Node[],
  right: readonly string[],
  wrong: readonly string[],
  message = SKEWED,
): Canary {
  const on = (names: readonly string[]): Trial => onNodes(workload(spec, names), { nodes });
  return refused(rule, message, on(right), on(wrong));
}

function domainCanaries(): Canary[] {
  const teams = [
    named(node({ labels: { 'example.com/team': 'blue' } }), 'blue'),
    named(node({ labels: { 'example.com/team': 'red' } }), 'red'),
    named(node(), 'none'),
  ];
  return [
    moved('spread over zones', spreading(spread(ZONE)), places('a1', 'a2', 'b'), ['a1', 'b'], ['a1', 'a2']),
    moved(
      'spread over zones by their old name',
      spreading(spread('topology.ebs.csi.aws.com/zone')),
      places('a1', 'a2', 'b'),
      ['a1', 'b'],
      ['a1', 'a2'],
    ),
    moved(
      'spread over capacity types',
      spreading(spread('karpenter.sh/capacity-type')),
      places('a1', 'b', 'c'),
      ['a1', 'b'],
      ['a1', 'c'],
    ),
    moved('spread over hosts', spreading(spread(HOST)), places('a1', 'a2'), ['a1', 'a2'], ['a1', 'a1']),
    moved(
      'spread over a label of pools',
      spreading(spread('example.com/team')),
      teams,
      ['blue', 'red'],
      ['blue', 'blue'],
    ),
    moved(
      'spread over a label that the node lacks',
      spreading(spread('example.com/team')),
      teams,
      ['blue', 'red'],
      ['blue', 'none'],
      /1 node\(s\) didn't match pod topology spread constraints \(missing required label\)/,
    ),
    moved('maxSkew', spreading(spread(ZONE, { maxSkew: 2 })), places('a1', 'b'), ['a1', 'a1', 'b'], ['a1', 'a1', 'a1']),
    moved('minDomains', spreading(spread(ZONE, { minDomains: 3 })), places('a1', 'b'), ['a1', 'b'], ['a1', 'b', 'a1']),
    moved(
      'several spreads at once',
      spreading(spread(HOST), spread('karpenter.sh/capacity-type')),
      places('a1', 'a2', 'b'),
      ['a1', 'b'],
      ['a1', 'a2'],
    ),
  ];
}

function countingCanaries(): Canary[] {
  const versions = spreading(spread(ZONE, { matchLabelKeys: ['version'] }));
  const pair = (second: string): Trial =>
    onNodes(
      [
        [pod('web-0', versions, { version: 'v1' }), 'a1'],
        [pod('web-1', versions, { version: second }), 'a1'],
      ],
      { nodes: places('a1', 'b') },
    );
  const running = pod('running', { ...podSpec(), nodeName: 'a1' });
  const beside = (nodeName: string): Trial =>
    onNodes(workload(spreading(spread(ZONE)), [nodeName]), {
      existing: [{ node: places('a1')[0] ?? node(), pods: [running] }],
      nodes: places('a2', 'b'),
    });
  const counted = [0, 1, 2].map((index) => [pod(`counted-${index}`, podSpec()), 'a1'] as const);
  const late = (second: string): Trial =>
    onNodes([...counted, ...workload(spreading(spread(ZONE)), ['a1', second])], { nodes: places('a1', 'b') });
  return [
    refused('spread by matchLabelKeys', SKEWED, pair('v2'), pair('v1')),
    refused('spread counts running pods', SKEWED, beside('b'), beside('a2')),
    // Pods that are counted and hold no spread themselves are listed first: the others have to come before them.
    refused('spread in another order of arrival', SKEWED, late('b'), late('a1')),
  ];
}

function policyCanaries(): Canary[] {
  const level = { 'example.com/level': '1' };
  const selecting = (policy: 'Honor' | 'Ignore'): PodSpec => ({
    ...spreading(spread(ZONE, { nodeAffinityPolicy: policy })),
    nodeSelector: level,
  });
  const levelled = named(node({ labels: level }), 'levelled');
  const taint = { key: 'dedicated', value: 'batch', effect: 'NoSchedule' };
  const beside = (other: Node, spec: PodSpec, count: number, first: Node): Trial => {
    const names = Array.from({ length: count }, () => first.metadata.name);
    return onNodes(workload(spec, names), { nodes: [first, named(other, 'other')] });
  };
  const honorTaints = spreading(spread(ZONE, { nodeTaintsPolicy: 'Honor' }));
  const ignoreTaints = spreading(spread(ZONE, { nodeTaintsPolicy: 'Ignore' }));
  const plain = named(node(), 'plain');
  const elsewhere = node({ zone: ZONE_B });
  const tainted = node({ zone: ZONE_B, taints: [taint] });
  return [
    refused(
      'nodeAffinityPolicy Honor',
      SKEWED,
      beside(elsewhere, selecting('Honor'), 2, levelled),
      beside(node({ zone: ZONE_B, labels: level }), selecting('Honor'), 2, levelled),
    ),
    refused(
      'nodeAffinityPolicy Ignore',
      SKEWED,
      beside(elsewhere, selecting('Ignore'), 1, levelled),
      beside(elsewhere, selecting('Ignore'), 2, levelled),
    ),
    refused(
      'nodeTaintsPolicy Honor',
      SKEWED,
      beside(tainted, honorTaints, 2, plain),
      beside(elsewhere, honorTaints, 2, plain),
    ),
    refused(
      'nodeTaintsPolicy Ignore',
      SKEWED,
      beside(tainted, ignoreTaints, 1, plain),
      beside(tainted, ignoreTaints, 2, plain),
    ),
  ];
}

/** The empty node is in the zone that has most pods, or in one that has none. */
function leftOutCanaries(): Canary[] {
  const spec = spreading(spread(ZONE));
  const left = (empty: string): Trial =>
    onNodes(workload(spec, ['a1', 'b', 'a1']), {
      nodes: [...places('a1'), named(node({ zone: ZONE_B, capacity: { pods: '1' } }), 'b')],
      emptyNodes: places(empty),
      leftOut: [{ pod: pod('left-0', spec) }],
    });
  return [
    {
      rule: 'left out by a spread',
      sound: left('a2'),
      broken: left('c'),
      finding: 'left out but fits',
      message: /the scheduler found a place/,
    },
  ];
}
