// The scheduler at work: where pods go, when those that wait are tried again, and how little is written meanwhile.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { DrivenClock } from '../../clock/index.ts';
import { type ApiObject, KINDS } from '../../ports/index.ts';
import { SimulatedCluster, startControlPlane } from '../index.ts';
import type { PodStatus } from '../objects.ts';

const NAMESPACE = 'default';
const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';

let ends: AbortController[] = [];
afterEach(() => {
  for (const end of ends) end.abort();
  ends = [];
});

function open() {
  const clock = new DrivenClock();
  const cluster = new SimulatedCluster({ clock });
  const end = new AbortController();
  ends.push(end);
  startControlPlane(cluster, { signal: end.signal });
  const { api } = cluster;
  return {
    api,
    /** Time for all that is set off to be done. */
    settle: () => clock.advance(1_000),
    pass: (ms: number) => clock.advance(ms),
    node: (name: string, labels: Readonly<Record<string, string>> = {}, spec: object = {}, cpu = '2') =>
      api.create(KINDS.nodes, {
        metadata: { name, labels: { [HOST]: name, ...labels } },
        spec,
        status: { allocatable: { cpu, memory: '8Gi', pods: '20' }, conditions: [{ type: 'Ready', status: 'True' }] },
      }),
    pod: (name: string, spec: object = {}, labels: Readonly<Record<string, string>> = {}, cpu = '1') =>
      api.create(KINDS.pods, {
        metadata: { namespace: NAMESPACE, name, labels },
        spec: { containers: [{ name: 'main', resources: { requests: { cpu } } }], ...spec },
      }),
    remove: (name: string) => api.delete(KINDS.pods, { namespace: NAMESPACE, name }, { gracePeriodSeconds: 0 }),
    where: (name: string): string | undefined => nodeOf(api.storage.get(KINDS.pods, { namespace: NAMESPACE, name })),
    why: (name: string): string | undefined => {
      const status = api.storage.get(KINDS.pods, { namespace: NAMESPACE, name })?.status as PodStatus | undefined;
      const condition = status?.conditions?.find(({ type }) => type === 'PodScheduled');
      return condition?.status === 'False' ? `${condition.reason}: ${condition.message}` : undefined;
    },
  };
}

function nodeOf(pod: ApiObject | undefined): string | undefined {
  return (pod?.spec as { nodeName?: string } | undefined)?.nodeName;
}

const near = (topologyKey: string, app: string) => ({ topologyKey, labelSelector: { matchLabels: { app } } });
const required = (...terms: readonly object[]) => ({ requiredDuringSchedulingIgnoredDuringExecution: terms });

test('a pod without a node is told why, and goes to the first node that has room for it', async () => {
  const { settle, node, pod, where, why } = open();
  pod('a');
  await settle();
  assert.equal(why('a'), 'Unschedulable: no nodes available to schedule pods');
  node('small', {}, {}, '500m');
  await settle();
  assert.equal(where('a'), undefined);
  node('large');
  await settle();
  assert.equal(where('a'), 'large');
  assert.equal(why('a'), undefined);
});

test('what refuses a pod is counted by node', async () => {
  const { settle, node, pod, why } = open();
  node('small', {}, {}, '500m');
  node('tainted', {}, { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] });
  node('cordoned', {}, { unschedulable: true });
  node('elsewhere', { [ZONE]: 'b' });
  node('little', { [ZONE]: 'a' }, {}, '500m');
  await settle();
  pod('a', { nodeSelector: { [ZONE]: 'a' } });
  await settle();
  assert.equal(
    why('a'),
    "Unschedulable: 0/5 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector.",
  );
});

test('a pod is tried again when a taint goes, and when a pod that was in its place does', async () => {
  const { api, settle, node, pod, remove, where } = open();
  node('n', {}, { taints: [{ key: 'startup', effect: 'NoSchedule' }] });
  pod('a', {}, {}, '2');
  pod('b', {}, {}, '2');
  await settle();
  assert.equal(where('a'), undefined);
  const tainted = api.storage.get(KINDS.nodes, { name: 'n' }) as ApiObject;
  api.replace(KINDS.nodes, { ...tainted, spec: {} });
  await settle();
  assert.equal(where('a'), 'n');
  assert.equal(where('b'), undefined);
  remove('a');
  await settle();
  assert.equal(where('b'), 'n');
});

test('a pod that has ended takes no room, one that is ending does', async () => {
  const { api, settle, node, pod, where } = open();
  node('n');
  pod('a', {}, {}, '2');
  await settle();
  pod('b', {}, {}, '2');
  api.delete(KINDS.pods, { namespace: NAMESPACE, name: 'a' });
  await settle();
  assert.equal(where('b'), undefined);
  api.patch(
    KINDS.pods,
    { namespace: NAMESPACE, name: 'a' },
    { type: 'merge', subresource: 'status', body: { status: { phase: 'Succeeded' } } },
  );
  await settle();
  assert.equal(where('b'), 'n');
});

test('pods of a higher priority are first, then those that came first', async () => {
  const { api, settle, node, pod, where } = open();
  api.create(KINDS.priorityClasses, { metadata: { name: 'high' }, value: 10 });
  pod('older', {}, { app: 'x' });
  pod('younger', {}, { app: 'y' });
  pod('important', { priorityClassName: 'high' });
  await settle();
  node('n');
  await settle();
  assert.deepEqual(['important', 'older', 'younger'].map(where), ['n', 'n', undefined]);
});

test('pods spread over zones: the skew is kept, and a new zone lets the next ones in', async () => {
  const { settle, node, pod, where, why } = open();
  const topologySpreadConstraints = [
    { maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', ...near(ZONE, 'web'), minDomains: 2 },
  ];
  node('a', { [ZONE]: 'a' }, {}, '8');
  for (const name of ['w1', 'w2', 'w3']) pod(name, { topologySpreadConstraints }, { app: 'web' });
  await settle();
  const there = ['w1', 'w2', 'w3'].map(where);
  assert.deepEqual(there, ['a', undefined, undefined]);
  assert.match(String(why('w2')), /1 node\(s\) didn't match pod topology spread constraints\.$/);
  node('b', { [ZONE]: 'b' }, {}, '8');
  await settle();
  assert.deepEqual([...new Set(['w1', 'w2', 'w3'].map(where))].sort(), ['a', 'b']);
});

test('a pod waits for the one that it has to be with', async () => {
  const { settle, node, pod, where, why } = open();
  node('a', { [ZONE]: 'a' }, {}, '8');
  node('b', { [ZONE]: 'b' }, {}, '8');
  pod('follower', { affinity: { podAffinity: required(near(ZONE, 'leader')) } });
  await settle();
  assert.match(String(why('follower')), /2 node\(s\) didn't match pod affinity rules\.$/);
  pod('stranger', {}, { app: 'other' });
  pod('leader', { nodeSelector: { [ZONE]: 'b' } }, { app: 'leader' });
  await settle();
  assert.equal(where('follower'), 'b');
});

test('the first of a group that wants to be together finds a place by itself', async () => {
  const { settle, node, pod, where } = open();
  node('a', { [ZONE]: 'a' });
  node('b', { [ZONE]: 'b' });
  const affinity = { podAffinity: required(near(ZONE, 'group')) };
  for (const name of ['g1', 'g2']) pod(name, { affinity }, { app: 'group' });
  await settle();
  assert.ok(where('g1') !== undefined);
  assert.equal(where('g2'), where('g1'));
});

test('pods keep away from those that they do not want near, and those from them, until one goes', async () => {
  const { settle, node, pod, remove, where, why } = open();
  node('n', {}, {}, '8');
  pod('loner', { affinity: { podAntiAffinity: required(near(HOST, 'guest')) } }, { app: 'loner' });
  await settle();
  pod('guest', {}, { app: 'guest' });
  pod('stranger', {}, { app: 'stranger' });
  await settle();
  assert.equal(where('stranger'), 'n');
  assert.match(String(why('guest')), /1 node\(s\) didn't satisfy existing pods anti-affinity rules\.$/);
  remove('loner');
  await settle();
  assert.equal(where('guest'), 'n');
  pod('loner-2', { affinity: { podAntiAffinity: required(near(HOST, 'guest')) } }, { app: 'loner' });
  await settle();
  assert.match(String(why('loner-2')), /1 node\(s\) didn't match pod anti-affinity rules\.$/);
  remove('guest');
  await settle();
  assert.equal(where('loner-2'), 'n');
});

test('a term with a namespace selector looks at the labels of namespaces', async () => {
  const { api, settle, node, pod, where } = open();
  api.create(KINDS.namespaces, { metadata: { name: 'other', labels: { team: 'x' } } });
  node('n', {}, {}, '8');
  api.create(KINDS.pods, {
    metadata: { namespace: 'other', name: 'guest', labels: { app: 'guest' } },
    spec: { containers: [{ name: 'main' }] },
  });
  await settle();
  const away = (team: string) => ({
    affinity: {
      podAntiAffinity: required({ ...near(HOST, 'guest'), namespaceSelector: { matchLabels: { team } } }),
    },
  });
  pod('from-x', away('x'));
  pod('from-y', away('y'));
  await settle();
  assert.deepEqual(['from-x', 'from-y'].map(where), [undefined, 'n']);
});

test('two pods do not share a port of one node', async () => {
  const { settle, node, pod, where, why } = open();
  node('n', {}, {}, '8');
  const containers = [{ name: 'main', ports: [{ hostPort: 80 }] }];
  pod('a', { containers });
  pod('b', { containers });
  await settle();
  assert.deepEqual(
    ['a', 'b'].map(where).filter((name) => name !== undefined),
    ['n'],
  );
  assert.match(String(why('b')), /1 node\(s\) didn't have free ports for the requested pod ports\.$/);
});

test('room that a pod was promised is kept for it, and given to others when the promise ends', async () => {
  const { api, settle, node, pod, remove, where } = open();
  const nominate = (name: string, nominatedNodeName: string) =>
    api.patch(
      KINDS.pods,
      { namespace: NAMESPACE, name },
      { type: 'merge', subresource: 'status', body: { status: { nominatedNodeName } } },
    );
  pod('promised', { schedulingGates: [{ name: 'wait' }] }, {}, '2');
  pod('gateless', { nodeSelector: { size: 'large' } }, {}, '2');
  nominate('gateless', 'n');
  await settle();
  node('n');
  await settle();
  pod('other', {}, {}, '2');
  await settle();
  assert.equal(where('other'), undefined);
  remove('gateless');
  await settle();
  assert.equal(where('other'), 'n');
  assert.equal(where('promised'), undefined);
});

test('pods are spread to where most room is', async () => {
  const { settle, node, pod, where } = open();
  node('a', {}, {}, '8');
  node('b', {}, {}, '8');
  for (const name of ['p1', 'p2', 'p3', 'p4']) pod(name);
  await settle();
  const counts = ['p1', 'p2', 'p3', 'p4'].filter((name) => where(name) === 'a').length;
  assert.equal(counts, 2);
});

test('nodes that come one by one cost few writes to the pods that still wait', async () => {
  const { api, settle, pass, node, pod } = open();
  for (let index = 0; index < 300; index += 1) pod(`p${index}`);
  await settle();
  const writes = new Map<string, number>();
  api.storage.subscribe(({ kind, object }) => {
    const name = kind.kind === 'Pod' && nodeOf(object) === undefined ? String(object.metadata.name) : undefined;
    if (name !== undefined) writes.set(name, (writes.get(name) ?? 0) + 1);
  });
  for (let index = 0; index < 40; index += 1) {
    node(`n${index}`);
    await pass(500);
  }
  const bound = [...api.storage.values(KINDS.pods)].filter((object) => nodeOf(object) !== undefined);
  assert.equal(bound.length, 80);
  // Twenty seconds went by: new words for all of them twice or three times, and for the first in line at each node.
  const total = [...writes.values()].reduce((sum, count) => sum + count, 0);
  assert.ok(total > 300 && total < 4 * 300, `${total} writes to waiting pods`);
});
