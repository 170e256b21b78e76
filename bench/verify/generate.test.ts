// The generated problems are what they claim: the same for a seed, readable by Dovetail's reader, with every rule in play.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProblem } from '../../controller/kubernetes/index.ts';
import { generateProblem } from './generate.ts';

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);

test('a seed gives the same problem every time, and another seed another one', () => {
  assert.deepEqual(generateProblem(7), generateProblem(7));
  assert.notDeepEqual(generateProblem(7).pods, generateProblem(8).pods);
});

test('every problem is in the format', () => {
  for (const seed of SEEDS) {
    const problem = generateProblem(seed);
    assert.equal(readProblem(problem).podCount, problem.pods.length, `seed ${seed}`);
  }
});

test('every rule that is drawn occurs within a few dozen seeds', () => {
  const text = JSON.stringify(SEEDS.map((seed) => generateProblem(seed)));
  const words = [
    ...['"In"', '"NotIn"', '"Exists"', '"DoesNotExist"', '"Gt"', '"Lt"', 'nodeSelectorTerms', 'nodeSelector"'],
    ...['"NoSchedule"', '"NoExecute"', '"PreferNoSchedule"', '"Equal"', 'startupTaints":[{', 'weight', 'limits":{"cpu'],
    ...[
      'limits":{"memory',
      'limits":{"nodes',
      'nvidia.com/gpu',
      'initContainers',
      '"Always"',
      'overhead":{"cpu":"250m',
    ],
    ...['"available":false', '"arm64"', 'ownerReferences', '"other"', 'DaemonSet"'],
  ];
  assert.deepEqual(
    words.filter((word) => !text.includes(word)),
    [],
  );
});
