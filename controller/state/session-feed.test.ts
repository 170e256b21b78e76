// What a session is told: whatever happens to the cluster and in whatever order, the deltas add up to what a snapshot would
// say now.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toJson } from '@bufbuild/protobuf';
import { type SessionDeletes, type SessionUpserts, SessionUpsertsSchema } from '../../proto/index.ts';
import type { ApiObject } from '../ports/index.ts';
import { type Chance, openChance } from '../random/index.ts';
import {
  ClusterIndex,
  createRawStores,
  createStores,
  keyOf,
  nameOfKey,
  PlannedSeats,
  type RawStores,
  SessionFeed,
  type WatchedKind,
} from './index.ts';

function open() {
  const raw = createRawStores({});
  const stores = createStores(raw, {});
  const seats = new PlannedSeats(stores);
  const feed = new SessionFeed(stores, new ClusterIndex(stores), {}, seats);
  return { raw, stores, feed, seats };
}

/** What somebody knows who was told so much: texts by the kind and name of the object. */
type Known = Map<string, string>;

type Json = Readonly<Record<string, unknown>>;

function tell(known: Known, upserts: SessionUpserts, deletes?: SessionDeletes): void {
  for (const { namespace, names } of deletes?.pods ?? [])
    for (const name of names) known.delete(`pod ${namespace}/${name}`);
  for (const { namespace, name } of deletes?.daemonSets ?? []) known.delete(`daemonSet ${namespace}/${name}`);
  for (const name of deletes?.nodes ?? []) known.delete(`node ${name}`);
  for (const name of deletes?.nodePools ?? []) known.delete(`pool ${name}`);
  for (const name of deletes?.nodeClasses ?? []) known.delete(`class ${name}`);
  for (const name of deletes?.namespaces ?? []) known.delete(`namespace ${name}`);
  const json = toJson(SessionUpsertsSchema, upserts) as unknown as Record<string, Json[] | undefined>;
  for (const { shape, names, node } of json.pods ?? []) {
    const { namespace } = shape as { namespace: string };
    for (const name of names as readonly string[]) known.set(`pod ${namespace}/${name}`, JSON.stringify([node, shape]));
  }
  for (const one of json.daemonSets ?? []) known.set(`daemonSet ${one.namespace}/${one.name}`, JSON.stringify(one));
  for (const [field, kind] of [
    ['nodes', 'node'],
    ['nodePools', 'pool'],
    ['nodeClasses', 'class'],
    ['namespaces', 'namespace'],
  ] as const) {
    for (const one of json[field] ?? []) known.set(`${kind} ${one.name}`, JSON.stringify(one));
  }
}

const sorted = (known: Known) => [...known].sort(([a], [b]) => (a < b ? -1 : 1));

const READY = { conditions: [{ type: 'Ready', status: 'True' }] };
const UNSCHEDULABLE = { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] };

/** Draws objects of one kind under one of few names, so that they meet each other. */
const DRAW: Readonly<Partial<Record<WatchedKind, (chance: Chance, name: string) => ApiObject>>> = {
  pods: (chance, name) => {
    const owner = chance.fraction() < 0.3 ? 'DaemonSet' : 'ReplicaSet';
    const nodeName = chance.fraction() < 0.6 ? { nodeName: `nodes-${chance.integer(0, 3)}` } : {};
    const claim = `persistentVolumeClaims-${chance.integer(0, 2)}`;
    const volumes =
      chance.fraction() < 0.3 ? { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: claim } }] } : {};
    const labels = { app: `app-${chance.integer(0, 2)}`, tier: `tier-${chance.integer(0, 1)}` };
    const selector = { labelSelector: { matchLabels: { app: labels.app } }, topologyKey: 'kubernetes.io/hostname' };
    const affinity =
      chance.fraction() < 0.2
        ? { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [selector] } } }
        : {};
    const cpu = `${chance.integer(1, 3)}`;
    return {
      metadata: {
        name,
        namespace: 'default',
        labels,
        ownerReferences: [{ apiVersion: 'apps/v1', kind: owner, name: `daemonSets-${chance.integer(0, 1)}`, uid: 'o' }],
        creationTimestamp: new Date(chance.integer(0, 1e9)).toISOString(),
        ...(chance.fraction() < 0.1 ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      },
      spec: { ...nodeName, ...volumes, ...affinity, containers: [{ name: 'c', resources: { requests: { cpu } } }] },
      status: chance.fraction() < 0.1 ? { phase: 'Succeeded' } : UNSCHEDULABLE,
    };
  },
  nodes: (chance, name) => ({
    metadata: {
      name,
      labels: { zone: `z${chance.integer(0, 1)}` },
      ...(chance.fraction() < 0.15 ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { providerID: `aws:///a/i-${chance.integer(0, 3)}` },
    status: { capacity: { cpu: '8' }, allocatable: { cpu: String(chance.integer(6, 8)) } },
  }),
  nodeClaims: (chance, name) => ({
    metadata: {
      name,
      labels: { 'karpenter.sh/nodepool': 'nodePools-0' },
      ...(chance.fraction() < 0.15 ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { nodeClassRef: { name: 'ec2NodeClasses-0' }, requirements: [] },
    status:
      chance.fraction() < 0.6
        ? { providerID: `aws:///a/i-${chance.integer(0, 3)}`, capacity: { cpu: '8' }, allocatable: { cpu: '7' } }
        : {},
  }),
  nodePools: (chance, name) => ({
    metadata: { name },
    spec: {
      weight: chance.integer(1, 3),
      template: {
        spec: {
          nodeClassRef: {
            group: 'karpenter.k8s.aws',
            kind: 'EC2NodeClass',
            name: `ec2NodeClasses-${chance.integer(0, 1)}`,
          },
        },
      },
    },
    status: chance.fraction() < 0.7 ? READY : {},
  }),
  ec2NodeClasses: (chance, name) => ({
    metadata: { name },
    spec: { amiFamily: 'AL2023', role: 'r' },
    status: { ...(chance.fraction() < 0.7 ? READY : {}), subnets: [{ id: 's', zone: `z${chance.integer(0, 1)}` }] },
  }),
  daemonSets: (chance, name) => {
    const cpu = `${chance.integer(1, 5)}00m`;
    const containers = [{ name: 'c', resources: { requests: { cpu } } }];
    return { metadata: { name, namespace: 'default' }, spec: { template: { spec: { containers } } } };
  },
  namespaces: (chance, name) => ({ metadata: { name, labels: { team: `t${chance.integer(0, 1)}` } } }),
  persistentVolumeClaims: (chance, name) => ({
    metadata: { name, namespace: 'default' },
    spec: chance.fraction() < 0.5 ? { volumeName: 'pv' } : { storageClassName: 'gp3' },
    status: { phase: 'Bound' },
  }),
  csiNodes: (chance, name) => ({
    metadata: { name: name.replace('csiNodes', 'nodes') },
    spec: { drivers: [{ name: 'ebs.csi.aws.com', allocatable: { count: chance.integer(1, 9) } }] },
  }),
};

const COUNTS: Readonly<Partial<Record<WatchedKind, number>>> = {
  pods: 12,
  nodes: 4,
  csiNodes: 4,
  persistentVolumeClaims: 3,
};

let version = 0;

/** One change: an object comes, changes or goes. */
function step(chance: Chance, raw: RawStores): void {
  const kinds = Object.keys(DRAW) as WatchedKind[];
  const kind = chance.fraction() < 0.5 ? 'pods' : (kinds[chance.integer(0, kinds.length - 1)] as WatchedKind);
  const name = `${kind}-${chance.integer(0, (COUNTS[kind] ?? 2) - 1)}`;
  const drawn = DRAW[kind]?.(chance, name);
  if (drawn === undefined) return;
  version += 1;
  const { namespace, name: stored = name } = drawn.metadata;
  if (chance.fraction() < 0.25)
    raw[kind].remove(namespace === undefined ? { name: stored } : { namespace, name: stored });
  else raw[kind].upsert({ ...drawn, metadata: { ...drawn.metadata, resourceVersion: String(version) } });
}

/** A plan: pods get a seat on a claim's node, or lose it. */
function seat(chance: Chance, raw: RawStores, seats: PlannedSeats): void {
  for (const pod of raw.pods.values()) {
    if (chance.fraction() < 0.7) continue;
    seats.plan(pod, chance.fraction() < 0.2 ? undefined : `nodeClaims-${chance.integer(0, 1)}`);
  }
}

/** A pod whose selector reads a label: from when it is there, the label belongs to the shapes of all pods. */
function selectingPod(key: string): ApiObject {
  const term = { labelSelector: { matchLabels: { [key]: 'x' } }, topologyKey: 'kubernetes.io/hostname' };
  return {
    metadata: { name: `selects-${key}`, namespace: 'default' },
    spec: { containers: [], affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
    status: UNSCHEDULABLE,
  };
}

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`deltas add up to a snapshot, seed ${seed}`, () => {
    const chance = openChance(seed);
    const seating = chance.fork('seats');
    const { raw, feed, seats } = open();
    const known: Known = new Map();
    for (const part of feed.snapshot()) tell(known, part);
    raw.pods.upsert(selectingPod('app'));
    for (let round = 0; round < 120; round += 1) {
      if (round === 60) raw.pods.upsert(selectingPod('tier'));
      const changes = chance.integer(1, 6);
      for (let change = 0; change < changes; change += 1) step(chance, raw);
      if (seating.fraction() < 0.3) seat(seating, raw, seats);
      const delta = feed.delta();
      if (delta !== undefined) tell(known, delta.upserts, delta.deletes);
      if (round % 10 !== 9) continue;
      const fresh = open();
      for (const [kind, store] of Object.entries(raw)) {
        for (const object of store.values()) fresh.raw[kind as WatchedKind].upsert(object);
      }
      for (const pod of raw.pods.values()) fresh.seats.plan(pod, seats.claimOf(keyOf(pod)));
      const expected: Known = new Map();
      for (const part of fresh.feed.snapshot()) tell(expected, part);
      assert.deepEqual(sorted(known), sorted(expected), `round ${round}`);
    }
  });
}

test('nothing is said of changes that no plan would notice', () => {
  const { raw, feed } = open();
  const node = (resourceVersion: string, heartbeat: string): ApiObject => ({
    metadata: { name: 'n', resourceVersion },
    spec: { providerID: 'aws:///a/i-1' },
    status: {
      allocatable: { cpu: '1' },
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: heartbeat }],
    },
  });
  const pod = (resourceVersion: string, podIP: string): ApiObject => ({
    metadata: { name: 'p', namespace: 'default', resourceVersion },
    spec: { nodeName: 'n', containers: [] },
    status: { podIP, phase: 'Running' },
  });
  raw.nodes.upsert(node('1', 'now'));
  raw.pods.upsert(pod('1', '10.0.0.1'));
  feed.snapshot();
  raw.nodes.upsert(node('2', 'later'));
  raw.pods.upsert(pod('2', '10.0.0.2'));
  assert.equal(feed.delta(), undefined);
});

test('a pod of a daemonset that is made anew under its name says what the next will ask for', () => {
  const { raw, feed } = open();
  const owner = [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'logs', uid: 'o' }];
  const daemonPod = (name: string, cpu: string, creationTimestamp: string): ApiObject => ({
    metadata: { name, namespace: 'default', creationTimestamp, ownerReferences: owner },
    spec: { nodeName: 'n', containers: [{ name: 'c', resources: { requests: { cpu } } }] },
  });
  const template = { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] } };
  raw.daemonSets.upsert({ metadata: { name: 'logs', namespace: 'default' }, spec: { template } });
  raw.pods.upsert(daemonPod('a', '2', '2026-01-01T00:00:01Z'));
  raw.pods.upsert(daemonPod('b', '3', '2026-01-01T00:00:02Z'));
  const asked = (told: SessionUpserts | undefined) => told?.daemonSets[0]?.shape?.requests?.cpuMilli;
  assert.equal(asked(feed.snapshot()[0]), 3_000n);
  raw.pods.upsert(daemonPod('a', '2', '2026-01-01T00:00:03Z'));
  assert.equal(asked(feed.delta()?.upserts), 2_000n);
});

test('a claim counts from the moment that it is meant, as what it will become, then as what it became, then as its node', () => {
  const { raw, stores, feed } = open();
  feed.snapshot();
  const expected = (cpuMilli: bigint) => ({ $typeName: 'dovetail.v1.Resources' as const, cpuMilli, extended: {} });
  const claim = (status: object, rest: object = {}): ApiObject => ({
    metadata: { name: 'c', labels: { team: 'a' }, ...rest },
    spec: { requirements: [], nodeClassRef: { name: 'x' } },
    status,
  });
  feed.expect('c', { labels: { zone: 'z' }, capacity: expected(2_000n), allocatable: expected(1_900n) });
  stores.nodeClaims.note(claim({}));
  const [first] = feed.delta()?.upserts.nodes ?? [];
  assert.deepEqual([first?.name, first?.labels, first?.allocatable?.cpuMilli], ['c', { zone: 'z', team: 'a' }, 1_900n]);
  const launched = { providerID: 'aws:///a/i-1', allocatable: { cpu: '1800m' } };
  raw.nodeClaims.upsert(claim(launched, { resourceVersion: '4', uid: 'u' }));
  assert.equal(feed.delta()?.upserts.nodes[0]?.allocatable?.cpuMilli, 1_800n);
  assert.equal(feed.kindOfEntry('c'), 'claim');
  raw.nodes.upsert({
    metadata: { name: 'n' },
    spec: { providerID: 'aws:///a/i-1' },
    status: { allocatable: { cpu: '1' } },
  });
  const change = feed.delta();
  assert.deepEqual(change?.deletes.nodes, ['c']);
  assert.deepEqual(
    change?.upserts.nodes.map(({ name }) => name),
    ['n'],
  );
});

test('a pod that was planned onto a node to come is told there, first with its claim and then with its node', () => {
  const { raw, feed, seats } = open();
  const pod = (name: string): ApiObject => ({
    metadata: { name, namespace: 'default' },
    spec: { containers: [] },
    status: UNSCHEDULABLE,
  });
  const claim = { metadata: { name: 'c' }, spec: { requirements: [], nodeClassRef: { name: 'x' } } };
  const status = { providerID: 'aws:///a/i-1', allocatable: { cpu: '1' } };
  raw.nodeClaims.upsert({ ...claim, status });
  raw.pods.upsert(pod('planned'));
  raw.pods.upsert(pod('other'));
  feed.snapshot();
  seats.plan(pod('planned'), 'c');
  const places = () => feed.delta()?.upserts.pods.map(({ names, node }) => [names, node]);
  assert.deepEqual(places(), [[['planned'], 'c']]);
  raw.nodes.upsert({
    metadata: { name: 'n' },
    spec: { providerID: 'aws:///a/i-1' },
    status: { allocatable: { cpu: '1' } },
  });
  assert.deepEqual(places(), [[['planned'], 'n']]);
  raw.nodeClaims.remove({ name: 'c' });
  assert.deepEqual(places(), [[['planned'], '']]);
});

test('pods of a node that has to go wait for another, and its daemonsets’ do not', () => {
  const { raw, feed } = open();
  const pod = (name: string, kind: string): ApiObject => ({
    metadata: { name, namespace: 'default', ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'o', uid: 'o' }] },
    spec: { nodeName: 'n', containers: [] },
  });
  raw.nodes.upsert({ metadata: { name: 'n' }, spec: { providerID: 'aws:///a/i-1' }, status: { allocatable: {} } });
  raw.nodeClaims.upsert({ metadata: { name: 'c' }, spec: {}, status: { providerID: 'aws:///a/i-1', allocatable: {} } });
  raw.pods.upsert(pod('web', 'ReplicaSet'));
  raw.pods.upsert(pod('logs', 'DaemonSet'));
  feed.snapshot();
  assert.equal(feed.placeOf('default/web'), 'n');
  raw.nodeClaims.upsert({
    metadata: { name: 'c', resourceVersion: '2', deletionTimestamp: '2026-01-01T00:00:00Z' },
    spec: {},
    status: { providerID: 'aws:///a/i-1', allocatable: {} },
  });
  const upserts = feed.delta()?.upserts;
  assert.deepEqual(
    upserts?.pods.map(({ names, node }) => [names, node]),
    [[['web'], '']],
  );
  assert.equal(upserts?.nodes[0]?.deleting, true);
  assert.equal(feed.placeOf(`${nameOfKey('default/logs').namespace}/logs`), undefined);
});
