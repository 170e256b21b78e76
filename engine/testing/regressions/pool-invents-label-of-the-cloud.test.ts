// A pool that demands a GPU label launched a type without GPU when no type of the catalogue has that label.
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

test('a pool that demands a label of EC2 which no type has launches nothing', () => {
  const subject = solveCase(
    ONE_M5_LARGE,
    problemOf({
      pools: [
        pool('gpus', {
          nodeClassName: 'default',
          requirements: [requirement('karpenter.k8s.aws/instance-gpu-name', 'In', 't4')],
        }),
      ],
      groups: [{ shape: shape(resources(100, 0)), count: 1 }],
      nodeClasses: NODE_CLASSES,
    }),
  );
  assert.deepEqual(planViolations(subject), []);
  assert.deepEqual(subject.plan.nodes, []);
});
