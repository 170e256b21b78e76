// The generated problems are what they claim: the same for a seed, readable by Dovetail's reader, with every rule in play.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProblem } from '../../controller/kubernetes/index.ts';
import { generateProblem } from './generate.ts';
import { RULE_NAMES } from './rules/index.ts';

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);

test('a seed gives the same problem every time, and another seed another one', () => {
  assert.deepEqual(generateProblem(7), generateProblem(7));
  assert.notDeepEqual(generateProblem(7).problem.pods, generateProblem(8).problem.pods);
});

test('every problem is in the format', () => {
  for (const seed of SEEDS) {
    const { problem } = generateProblem(seed);
    assert.equal(readProblem(problem).podCount, problem.pods.length, `seed ${seed}`);
  }
});

test("a daemonset's pod that runs already asks for what its template does", () => {
  const textOf = (part: unknown) => JSON.stringify((part as { containers: unknown }).containers);
  let withPorts = 0;
  // In the last of these a daemonset with a port has pods that run.
  for (const seed of [...SEEDS, 51_908]) {
    const { problem } = generateProblem(seed);
    const templates = new Map(
      problem.daemonSets.map(({ metadata, spec }) => [
        (metadata as { name: string }).name,
        (spec as { template: { spec: unknown } }).template.spec,
      ]),
    );
    for (const { metadata, spec } of problem.nodes.flatMap(({ pods }) => pods)) {
      const [owner] = (metadata as { ownerReferences?: { name: string }[] }).ownerReferences ?? [];
      if (owner === undefined) continue;
      assert.equal(textOf(spec), textOf(templates.get(owner.name)), `seed ${seed}`);
      if (textOf(spec).includes('hostPort')) withPorts += 1;
    }
  }
  assert.ok(withPorts > 0, 'some have ports');
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
    ...[
      'minDomains',
      'nodeTaintsPolicy',
      'nodeAffinityPolicy',
      '"ScheduleAnyway"',
      '"Ignore"',
      'hostNetwork',
      'hostIP',
    ],
    ...['namespaceSelector', '"namespaces":["other"]', '"matchLabelKeys"', '"mismatchLabelKeys"', '"podAntiAffinity"'],
    ...['"podAffinityTerm"', '"preference"', '"local"', '"ephemeral"', 'allowedTopologies', 'attachable-volumes-'],
  ];
  assert.deepEqual(
    words.filter((word) => !text.includes(word)),
    [],
  );
});

test('every rule of the folder is in play within a few dozen seeds, alone and in mixtures', () => {
  const drawn = SEEDS.map((seed) => generateProblem(seed).rules);
  assert.deepEqual(new Set(drawn.flat()), new Set(RULE_NAMES));
  const sizes = new Set(drawn.map(({ length }) => length));
  assert.deepEqual([...sizes].sort(), [0, 1, 2, 3, 4, 5]);
});

test('a rule changes its problem and only there where it is in play', () => {
  for (const seed of SEEDS) {
    const { problem, rules } = generateProblem(seed);
    const text = JSON.stringify(problem);
    assert.equal(
      text.includes('topologySpreadConstraints'),
      rules.some((name) => name.includes('spread')),
      `seed ${seed}`,
    );
    assert.equal(
      text.includes('"preference"'),
      rules.some((name) => name.startsWith('preferences')),
      `seed ${seed}`,
    );
  }
});
