// A pool of dedicated tenancy took a pod that asks for default tenancy.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { M5_LARGE, nodeClass } from '../../ec2/testing/facts.ts';
import { planViolations } from '../checker.ts';
import {
  offeringOf,
  openMarket,
  pool,
  problemOf,
  requirement,
  resources,
  shape,
  solveCase,
  stateOf,
} from '../situations.ts';

const ONE_M5_LARGE = openMarket({
  catalogue: {
    region: 'us-east-1',
    types: [{ name: 'm5.large', form: { kind: 'ec2', facts: M5_LARGE }, offerings: [offeringOf({})] }],
  },
  states: [[stateOf({ priceNanoUsdPerHour: 1 })]],
});
const NODE_CLASSES = [{ name: 'default', facts: nodeClass({}) }];

test('a pool of dedicated tenancy refuses a pod of default tenancy', () => {
  const tenancy = 'karpenter.k8s.aws/instance-tenancy';
  const subject = solveCase(
    ONE_M5_LARGE,
    problemOf({
      pools: [pool('dedicated', { nodeClassName: 'default', requirements: [requirement(tenancy, 'In', 'dedicated')] })],
      groups: [{ shape: shape(resources(100, 0), { nodeSelector: { [tenancy]: 'default' } }), count: 1 }],
      nodeClasses: NODE_CLASSES,
    }),
  );
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(subject.plan.nodes, []);
});
