// Pods of default and of dedicated tenancy were planned onto one node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { M5_LARGE, nodeClass } from '../../ec2/testing/facts.ts';
import { planViolations } from '../checker.ts';
import { offeringOf, openMarket, pool, problemOf, resources, shape, solveCase, stateOf } from '../situations.ts';

const ONE_M5_LARGE = openMarket({
  catalogue: {
    region: 'us-east-1',
    types: [{ name: 'm5.large', form: { kind: 'ec2', facts: M5_LARGE }, offerings: [offeringOf({})] }],
  },
  states: [[stateOf({ priceNanoUsdPerHour: 1 })]],
});
const NODE_CLASSES = [{ name: 'default', facts: nodeClass({}) }];

test('pods that ask for different tenancies are not planned onto one node', () => {
  const wants = (cpu: number, tenancy: string) => ({
    shape: shape(resources(cpu, 0), { nodeSelector: { 'karpenter.k8s.aws/instance-tenancy': tenancy } }),
    count: 1,
  });
  const subject = solveCase(
    ONE_M5_LARGE,
    problemOf({
      pools: [pool('any', { nodeClassName: 'default' })],
      groups: [wants(100, 'default'), wants(200, 'dedicated')],
      nodeClasses: NODE_CLASSES,
    }),
  );
  assert.deepEqual(planViolations(subject), []);
  const nodeCount = subject.plan.nodes.reduce((sum, nodes) => sum + nodes.nodeCount, 0);
  assert.equal(nodeCount, 2);
});
