// CSINodes to the attachment limits of the contract's nodes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildSolveInput, formatFinding } from './solve-request.ts';

const pool = {
  apiVersion: 'karpenter.sh/v1',
  kind: 'NodePool',
  metadata: { name: 'default' },
  spec: { template: { spec: { nodeClassRef: { name: 'default' }, requirements: [] } } },
};
const nodeClass = {
  apiVersion: 'karpenter.k8s.aws/v1',
  kind: 'EC2NodeClass',
  metadata: { name: 'default' },
  spec: { amiFamily: 'AL2023' },
};
const nodes = ['ip-1', 'ip-2'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { capacity: { cpu: '2' }, allocatable: { cpu: '2' } },
}));

function csiNode(drivers: readonly object[]) {
  return { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name: 'ip-2' }, spec: { drivers } };
}

describe('a CSINode', () => {
  test('limits what is attached to the node of its name, driver by driver, and says nothing of a driver without a count', () => {
    const drivers = [
      { name: 'ebs.csi.aws.com', nodeID: 'i-2', allocatable: { count: 26 } },
      { name: 'efs.csi.aws.com', nodeID: 'i-2' },
    ];
    const { request, errors } = buildSolveInput([pool, nodeClass, ...nodes, csiNode(drivers)]);
    assert.deepEqual(errors, []);
    assert.deepEqual(
      request.nodes.map(({ name, allocatable }) => [name, allocatable?.extended]),
      [
        ['ip-1', {}],
        ['ip-2', { 'attachable-volumes-ebs.csi.aws.com': 26n }],
      ],
    );
  });

  test('with a count that is no number is refused with the field', () => {
    const drivers = [{ name: 'ebs.csi.aws.com', allocatable: { count: 'many' } }];
    const { errors } = buildSolveInput([pool, nodeClass, ...nodes, csiNode(drivers)]);
    assert.match(errors.map(formatFinding).join(), /^CSINode ip-2: spec\.drivers\[0\]\.allocatable\.count: /);
  });
});
