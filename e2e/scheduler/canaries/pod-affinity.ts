// Canaries for affinity and anti-affinity between pods.
import type { Trial } from '../judge.ts';
import type { Affinity, Namespace, Pod, PodSpec, PodTerm, StringMap } from '../objects.ts';
import { type Canary, NAMESPACE, onNodes, places, pod, podSpec, refused, trial, workload } from './canary.ts';

const FAR = /1 node\(s\) didn't match pod affinity rules/;
const NEAR = /1 node\(s\) didn't match pod anti-affinity rules/;
const KEPT_AWAY = /1 node\(s\) didn't satisfy existing pods anti-affinity rules/;
const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const OTHER = 'canary-other';

/** Those canaries. */
export function podAffinityCanaries(): Canary[] {
  return [
    ...togetherCanaries(),
    ...namespaceCanaries(),
    ...versionCanaries(),
    ...apartCanaries(),
    ...leftOutCanaries(),
  ];
}

/** A term that means pods with role db. */
function dbTerm(topologyKey: string, more: Partial<PodTerm> = {}): PodTerm {
  return { topologyKey, labelSelector: { matchLabels: { role: 'db' } }, ...more };
}

function requiring(kind: 'podAffinity' | 'podAntiAffinity', ...terms: readonly PodTerm[]): PodSpec {
  const affinity: Affinity = { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [...terms] } };
  return { ...podSpec(), affinity };
}

function db(nodeName: string, labels: StringMap = {}, namespace = NAMESPACE): [Pod, string] {
  return [pod(`db-${nodeName}`, podSpec(), { role: 'db', ...labels }, namespace), nodeName];
}

/** The pod comes first on the list: it has to wait for the other. */
function beside(spec: PodSpec, nodeName: string, others: readonly [Pod, string][], parts: Partial<Trial> = {}): Trial {
  return onNodes([[pod('web', spec, { version: 'v1' }), nodeName], ...others], {
    nodes: places('a1', 'a2', 'b'),
    ...parts,
  });
}

function togetherCanaries(): Canary[] {
  const group: PodTerm = { topologyKey: ZONE, labelSelector: { matchLabels: { app: 'canary' } } };
  const founded = requiring('podAffinity', group);
  const nodes = places('a1', 'a2', 'b');
  const two = requiring('podAffinity', dbTerm(ZONE), dbTerm('karpenter.sh/capacity-type'));
  return [
    refused(
      'affinity over zones',
      FAR,
      beside(requiring('podAffinity', dbTerm(ZONE)), 'a2', [db('a1')]),
      beside(requiring('podAffinity', dbTerm(ZONE)), 'b', [db('a1')]),
    ),
    refused(
      'affinity over hosts',
      FAR,
      beside(requiring('podAffinity', dbTerm(HOST)), 'a1', [db('a1')]),
      beside(requiring('podAffinity', dbTerm(HOST)), 'a2', [db('a1')]),
    ),
    refused('affinity of two terms', FAR, beside(two, 'a2', [db('a1')]), beside(two, 'b', [db('a1')])),
    refused(
      'affinity to nobody',
      FAR,
      beside(requiring('podAffinity', dbTerm(ZONE)), 'a2', [db('a1')]),
      beside(requiring('podAffinity', dbTerm(ZONE)), 'a2', []),
    ),
    refused(
      'affinity to itself is one group',
      FAR,
      onNodes(workload(founded, ['a1', 'a2', 'a1']), { nodes }),
      onNodes(workload(founded, ['a1', 'a2', 'b']), { nodes }),
    ),
  ];
}

function namespaceCanaries(): Canary[] {
  const other: Namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: OTHER, labels: { owner: 'shop' } },
  };
  const namespaces = [...trial({}).namespaces, other];
  const elsewhere = db('a1', {}, OTHER);
  const near = (rule: string, more: Partial<PodTerm>): Canary =>
    refused(
      rule,
      FAR,
      beside(requiring('podAffinity', dbTerm(ZONE, more)), 'a2', [elsewhere], { namespaces }),
      beside(requiring('podAffinity', dbTerm(ZONE, more)), 'b', [elsewhere], { namespaces }),
    );
  const owner = (name: string): PodSpec =>
    requiring('podAffinity', dbTerm(ZONE, { namespaceSelector: { matchLabels: { owner: name } } }));
  const own = requiring('podAffinity', dbTerm(ZONE));
  return [
    near('affinity in namespaces', { namespaces: [OTHER] }),
    near('affinity in all namespaces', { namespaceSelector: {} }),
    near('affinity in a namespace by its name', {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': OTHER } },
    }),
    refused(
      'affinity by namespaceSelector',
      FAR,
      beside(owner('shop'), 'a2', [elsewhere], { namespaces }),
      beside(owner('lab'), 'a2', [elsewhere], { namespaces }),
    ),
    refused(
      'affinity in its own namespace',
      FAR,
      beside(own, 'a2', [db('a1')], { namespaces }),
      beside(own, 'a2', [elsewhere], { namespaces }),
    ),
  ];
}

function versionCanaries(): Canary[] {
  const dbs = [db('a1', { version: 'v1' }), db('b', { version: 'v2' })];
  const same = requiring('podAffinity', dbTerm(ZONE, { matchLabelKeys: ['version'] }));
  const different = requiring('podAffinity', dbTerm(ZONE, { mismatchLabelKeys: ['version'] }));
  return [
    refused('affinity by matchLabelKeys', FAR, beside(same, 'a2', dbs), beside(same, 'b', dbs)),
    refused('affinity by mismatchLabelKeys', FAR, beside(different, 'b', dbs), beside(different, 'a2', dbs)),
  ];
}

function apartCanaries(): Canary[] {
  const own = (topologyKey: string): PodSpec =>
    requiring('podAntiAffinity', { topologyKey, labelSelector: { matchLabels: { app: 'canary' } } });
  const nodes = places('a1', 'a2', 'b');
  const dbs = [db('a1', { version: 'v1' }), db('b', { version: 'v2' })];
  const apart = requiring('podAntiAffinity', dbTerm(ZONE, { matchLabelKeys: ['version'] }));
  const holder = requiring('podAntiAffinity', { topologyKey: ZONE, labelSelector: { matchLabels: { role: 'db' } } });
  const running = pod('running', { ...holder, nodeName: 'a1' });
  const away = (nodeName: string): Trial =>
    onNodes([db(nodeName)], {
      existing: [{ node: places('a1')[0] ?? nodes[0]!, pods: [running] }],
      nodes: places('a2', 'b'),
    });
  return [
    refused(
      'anti-affinity over hosts',
      NEAR,
      onNodes(workload(own(HOST), ['a1', 'a2']), { nodes }),
      onNodes(workload(own(HOST), ['a1', 'a1']), { nodes }),
    ),
    refused(
      'anti-affinity over zones',
      NEAR,
      onNodes(workload(own(ZONE), ['a1', 'b']), { nodes }),
      onNodes(workload(own(ZONE), ['a1', 'a2']), { nodes }),
    ),
    refused(
      'anti-affinity by matchLabelKeys',
      // Which of the two comes first is open: either keeps the other away.
      new RegExp(`${NEAR.source}|${KEPT_AWAY.source}`),
      beside(apart, 'b', dbs),
      beside(apart, 'a2', dbs),
    ),
    refused('anti-affinity of running pods', KEPT_AWAY, away('b'), away('a2')),
  ];
}

/** The empty node is near what the pod is left out for, or far from it. */
function leftOutCanaries(): Canary[] {
  const left = (spec: PodSpec, empty: string): Trial =>
    onNodes([db('a1')], { nodes: places('a1'), emptyNodes: places(empty), leftOut: [{ pod: pod('left', spec) }] });
  const fits = { finding: 'left out but fits', message: /the scheduler found a place/ } as const;
  const together: PodSpec = { ...requiring('podAffinity', dbTerm(ZONE)), ...largeContainers() };
  const apart = requiring('podAntiAffinity', dbTerm(ZONE));
  return [
    { rule: 'left out by an affinity', sound: left(together, 'b'), broken: left(together, 'a2'), ...fits },
    { rule: 'left out by an anti-affinity', sound: left(apart, 'a2'), broken: left(apart, 'b'), ...fits },
  ];
}

/** Too large for the node that another pod is on, and not for an empty one. */
function largeContainers(): Pick<PodSpec, 'containers'> {
  return { containers: podSpec({ cpu: '1950m' }).containers };
}
