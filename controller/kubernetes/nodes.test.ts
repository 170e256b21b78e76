// Nodes and NodeClaims to the contract's nodes: stage, taints, what runs there.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NodeStage } from '../../proto/index.ts';
import { NO_CLUSTER_FACTS } from './cluster-facts.ts';
import type { KubernetesObject } from './fields.ts';
import { nodeMessages } from './nodes.ts';

const context = { facts: NO_CLUSTER_FACTS };
const managed = { 'karpenter.sh/nodepool': 'default' };
const taint = { key: 'team', value: 'a', effect: 'NoSchedule' };

function node(labels: Record<string, string>, more: KubernetesObject = {}): KubernetesObject {
  return {
    metadata: { name: 'ip-1', labels, ...(more.metadata as KubernetesObject | undefined) },
    spec: { providerID: 'aws:///a/i-1', ...(more.spec as KubernetesObject | undefined) },
    status: {
      capacity: { cpu: '2' },
      allocatable: { cpu: '1930m', memory: '6903Mi' },
      ...(more.status as KubernetesObject | undefined),
    },
  };
}

function claim(status: KubernetesObject, more: KubernetesObject = {}): KubernetesObject {
  return {
    metadata: { name: 'default-x', labels: managed, ...(more.metadata as KubernetesObject | undefined) },
    spec: { taints: [taint], startupTaints: [{ key: 'cni', effect: 'NoExecute' }] },
    status,
  };
}

function only(
  nodes: readonly KubernetesObject[],
  claims: readonly KubernetesObject[],
  pods: readonly KubernetesObject[] = [],
) {
  const result = nodeMessages(nodes, claims, new Map([['ip-1', pods]]), context);
  assert.deepEqual(result.refused, []);
  assert.equal(result.nodes.length, 1);
  const [message] = result.nodes;
  assert.ok(message !== undefined);
  return message;
}

describe('a node', () => {
  test('that nobody manages is ready, with its own taints and rounded down', () => {
    const message = only(
      [
        node(
          { a: 'b' },
          { spec: { taints: [taint], unschedulable: true }, status: { allocatable: { cpu: '1.0009' } } },
        ),
      ],
      [],
    );
    assert.equal(message.stage, NodeStage.READY);
    assert.equal(message.allocatable?.cpuMilli, 1000n);
    assert.equal(message.taints[0]?.key, 'team');
    assert.equal(message.unschedulable, true);
    assert.deepEqual(message.labels, { a: 'b' });
  });

  test('of a pool is ready once it is initialised, and gets its startup taints from its claim', () => {
    const initialized = { ...managed, 'karpenter.sh/initialized': 'true' };
    assert.equal(only([node(initialized)], []).stage, NodeStage.READY);
    const starting = only([node(managed)], [claim({ nodeName: 'ip-1' })]);
    assert.equal(starting.stage, NodeStage.UNINITIALIZED);
    assert.equal(starting.startupTaints[0]?.key, 'cni');
  });

  test('that is starting is expected to have what its claim says and it does not report yet', () => {
    const allocatable = { cpu: '9', 'nvidia.com/gpu': '4' };
    const message = only([node(managed)], [claim({ providerID: 'aws:///a/i-1', allocatable })]);
    assert.equal(message.allocatable?.cpuMilli, 1930n);
    assert.deepEqual(message.allocatable?.extended, { 'nvidia.com/gpu': 4n });
    const ready = only(
      [node({ 'karpenter.sh/initialized': 'true' })],
      [claim({ providerID: 'aws:///a/i-1', allocatable })],
    );
    assert.deepEqual(ready.allocatable?.extended, {});
  });

  test('that is starting keeps a reported 0 of attachments, which means none, and not one of devices', () => {
    const status = (gpus: string, disks?: string) => {
      const amounts = { 'example.com/gpu': gpus, ...(disks === undefined ? {} : { 'attachable-volumes-a': disks }) };
      return { allocatable: amounts, capacity: amounts };
    };
    const claimed = claim({ nodeName: 'ip-1', ...status('4', '25') });
    const reported = (disks?: string) => only([node(managed, { status: status('0', disks) })], [claimed]).allocatable;
    assert.deepEqual(reported('0')?.extended, { 'example.com/gpu': 4n, 'attachable-volumes-a': 0n });
    assert.deepEqual(reported()?.extended, { 'example.com/gpu': 4n, 'attachable-volumes-a': 25n });
  });

  test('that has not been registered carries the taints of its claim', () => {
    const unregistered = { taints: [{ key: 'karpenter.sh/unregistered', effect: 'NoExecute' }] };
    const withClaim = only([node(managed, { spec: unregistered })], [claim({ nodeName: 'ip-1' })]);
    assert.deepEqual(
      withClaim.taints.map(({ key }) => key),
      ['team'],
    );
    const registered = only([node(managed, { spec: { taints: [] } })], [claim({ nodeName: 'ip-1' })]);
    assert.deepEqual(registered.taints, []);
    const alone = only([node(managed, { spec: unregistered })], []);
    assert.deepEqual(
      alone.taints.map(({ key }) => key),
      ['karpenter.sh/unregistered'],
    );
  });

  test('is going away when it or its claim is deleted', () => {
    const deleted = { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } };
    assert.equal(only([node(managed)], []).deleting, false);
    assert.equal(only([node(managed, deleted)], []).deleting, true);
    assert.equal(only([node(managed)], [claim({ nodeName: 'ip-1' }, deleted)]).deleting, true);
  });

  test("holds its pods in groups, a DaemonSet's apart", () => {
    const pod = (name: string, owner?: string) => ({
      metadata: { name, ...(owner === undefined ? {} : { ownerReferences: [{ kind: 'DaemonSet', name: owner }] }) },
      spec: { containers: [{ resources: { requests: { cpu: '100m' } } }] },
    });
    const message = only([node({})], [], [pod('a'), pod('b'), pod('logs-1', 'logs')]);
    assert.deepEqual(
      message.pods.map(({ names }) => names),
      [['a', 'b']],
    );
    assert.equal(message.daemonPods[0]?.daemonSet, 'logs');
    assert.equal(message.daemonPods[0]?.namespace, 'default');
    assert.equal(message.daemonPods[0]?.requests?.cpuMilli, 100n);
  });

  test('with a wrong field is refused, and so is a wrong pod alone', () => {
    const bad = { metadata: { name: 'p' }, spec: { containers: [{ resources: { requests: { cpu: 'x' } } }] } };
    const daemon = { ...bad, metadata: { name: 'd', ownerReferences: [{ kind: 'DaemonSet', name: 'logs' }] } };
    const result = nodeMessages([node({})], [], new Map([['ip-1', [bad, daemon]]]), context);
    assert.equal(result.nodes.length, 1);
    assert.deepEqual(
      result.refused.map(({ pod }) => pod),
      [daemon, bad],
    );
    const broken = nodeMessages([node({}, { status: { capacity: { cpu: '-1' } } })], [], new Map(), context);
    assert.deepEqual(broken.refused[0]?.error.path, ['status', 'capacity', 'cpu']);
  });
});

describe('a NodeClaim', () => {
  test('without a node is capacity in flight', () => {
    const message = only([], [claim({ allocatable: { cpu: '1930m' }, capacity: { cpu: '2' } })]);
    assert.equal(message.name, 'default-x');
    assert.equal(message.stage, NodeStage.IN_FLIGHT);
    assert.equal(message.allocatable?.cpuMilli, 1930n);
    assert.deepEqual(
      message.taints.map(({ key }) => key),
      ['team'],
    );
    assert.deepEqual(message.labels, managed);
  });

  test('that has not been launched is left out, because nobody knows what it will hold', () => {
    const result = nodeMessages([], [claim({})], new Map(), context);
    assert.equal(result.nodes.length, 0);
    assert.equal(result.unknownClaims.length, 1);
  });
});
