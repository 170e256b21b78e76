// Holds the classes of difference against made-up answers of both sides, each class once where it applies and once where
// it must not, and the page of the classes against the code. Karpenter itself does not run here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { KarpenterResult } from '../peers/index.ts';
import { compareRun } from './compare.ts';
import { classOf, DIFFERENCE_CLASSES, type VerifiedProblem, type WaitingPod } from './differences.ts';

function pod(name: string, spec: WaitingPod['spec'] & { priority?: number } = {}): WaitingPod {
  return { metadata: { name }, spec };
}

function withTerms(name: string, ...terms: { key: string; operator: string; values?: string[] }[][]): WaitingPod {
  return pod(name, {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: terms.map((matchExpressions) => ({ matchExpressions })),
        },
      },
    },
  });
}

function problemOf(pods: WaitingPod[], rest: Partial<VerifiedProblem> = {}): VerifiedProblem {
  return { pods, nodePools: [{ metadata: { name: 'pool' }, spec: {} }], ...rest };
}

/** Karpenter's answer: the claims' pods, and every other pod of the problem left out. */
function karpenter(problem: VerifiedProblem, ...claims: string[][]): KarpenterResult {
  const placed = new Set(claims.flat());
  return {
    karpenter: 'v1.14.1',
    go: 'go1.26.8',
    problem: 'made-up',
    workers: 1,
    preferencePolicy: 'Respect',
    seed: 1,
    readMs: 0,
    setupMs: 0,
    solveMs: 0,
    timedOut: false,
    nodeClaims: claims.map((pods) => ({
      nodePool: 'pool',
      instanceTypes: ['a'],
      requirements: [],
      labels: {},
      daemonOverhead: {},
      pods: pods.map((name) => `default/${name}`),
    })),
    existingNodes: [],
    unscheduled: problem.pods
      .filter(({ metadata }) => !placed.has(metadata.name))
      .map(({ metadata }) => ({ pod: `default/${metadata.name}`, error: 'no room' })),
  };
}

/** The class of each difference; `alone` says which sides place a pod alone, and what they are asked is noted in it. */
async function classesOf(
  problem: VerifiedProblem,
  oursOut: string[],
  result: KarpenterResult,
  placesAlone: (side: string, pod: WaitingPod) => boolean = () => false,
): Promise<(string | undefined)[]> {
  const unplaced = new Map(oursOut.map((name) => [name, 'no room']));
  const groups = problem.pods.map(({ metadata }) => [metadata.name]);
  const differences = compareRun({ groups, nodes: [], unplaced, solveMs: 0 }, result);
  const context = {
    problem,
    unplaced,
    result,
    placesAlone: async (side: string, one: WaitingPod) => placesAlone(side, one),
  };
  return Promise.all(differences.map(async (difference) => (await classOf(difference, context))?.name));
}

describe('competition for limited room', () => {
  const problem = problemOf([pod('small-0'), pod('small-1'), pod('large')]);
  const result = karpenter(problem, ['large']);

  test('passes in both directions when we place more in all and each side places the pod alone', async () => {
    const classes = await classesOf(problem, ['large'], result, () => true);
    assert.deepEqual(classes, Array(3).fill('competition for limited room'));
  });

  test('fails when the side that left the pod out would not place it alone', async () => {
    const onlyKarpenter = await classesOf(problem, ['large'], result, (side) => side === 'karpenter');
    assert.deepEqual(onlyKarpenter, ['competition for limited room', 'competition for limited room', undefined]);
  });

  test('fails when Karpenter places more in all', async () => {
    const more = karpenter(problem, ['small-0', 'small-1']);
    assert.deepEqual(await classesOf(problem, ['small-0', 'small-1'], more, () => true), [
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('counts a pod of higher priority for more than any number below', async () => {
    const ranked = problemOf([pod('small-0'), pod('small-1'), pod('large', { priority: 10 })]);
    const answer = karpenter(ranked, ['large']);
    assert.deepEqual(await classesOf(ranked, ['large'], answer, () => true), [undefined, undefined, undefined]);
  });
});

describe('limit on nodes exceeded', () => {
  const limited: VerifiedProblem['nodePools'] = [{ metadata: { name: 'pool' }, spec: { limits: { nodes: '2' } } }];
  const nodes = [{ labels: { 'karpenter.sh/nodepool': 'pool' } }];
  const problem = problemOf([pod('a'), pod('b'), pod('c')], { nodePools: limited, nodes });

  test('passes when we place as many pods as Karpenter within the limit', async () => {
    const classes = await classesOf(problem, ['c'], karpenter(problem, ['a', 'b'], ['c']));
    assert.deepEqual(classes, ['limit on nodes exceeded']);
  });

  test('fails when Karpenter places more within the limit too', async () => {
    const classes = await classesOf(problem, ['b', 'c'], karpenter(problem, ['a', 'b'], ['c']));
    assert.deepEqual(classes, [undefined, undefined]);
  });

  test('leaves other pods that we place to the competition, which counts Karpenter within the limit too', async () => {
    const four = problemOf([...problem.pods, pod('d')], { nodePools: limited, nodes });
    const classes = await classesOf(four, ['b', 'c'], karpenter(four, ['a', 'b'], ['c']), () => true);
    assert.deepEqual(classes, ['limit on nodes exceeded', 'limit on nodes exceeded', 'competition for limited room']);
  });

  test('fails when Karpenter keeps to the limit', async () => {
    assert.deepEqual(await classesOf(problem, ['b', 'c'], karpenter(problem, ['a', 'b'])), [undefined]);
  });
});

describe('contradictory term', () => {
  const exclusive = [
    [
      { key: 'gpu', operator: 'Exists' },
      { key: 'gpu', operator: 'DoesNotExist' },
    ],
    [
      { key: 'team', operator: 'In', values: ['red'] },
      { key: 'team', operator: 'In', values: ['blue'] },
    ],
    [
      { key: 'cores', operator: 'Gt', values: ['4'] },
      { key: 'cores', operator: 'Lt', values: ['5'] },
    ],
    [
      { key: 'team', operator: 'In', values: ['red'] },
      { key: 'team', operator: 'NotIn', values: ['red'] },
    ],
  ];
  for (const term of exclusive) {
    test(`passes for ${term.map(({ key, operator }) => `${key} ${operator}`).join(' with ')}`, async () => {
      const problem = problemOf([withTerms('a', [{ key: 'zone', operator: 'Exists' }], term)]);
      assert.deepEqual(await classesOf(problem, ['a'], karpenter(problem, ['a'])), ['contradictory term']);
    });
  }

  const compatible = [
    [
      { key: 'team', operator: 'NotIn', values: ['red'] },
      { key: 'team', operator: 'DoesNotExist' },
    ],
    [
      { key: 'cores', operator: 'Gt', values: ['4'] },
      { key: 'cores', operator: 'Lt', values: ['6'] },
    ],
    [
      { key: 'team', operator: 'Exists' },
      { key: 'team', operator: 'NotIn', values: ['red'] },
    ],
    [
      { key: 'cores', operator: 'Gt', values: ['4'] },
      { key: 'cores', operator: 'Exists' },
    ],
  ];
  for (const term of compatible) {
    test(`fails for ${term.map(({ key, operator }) => `${key} ${operator}`).join(' with ')}`, async () => {
      const problem = problemOf([withTerms('a', term)]);
      assert.deepEqual(await classesOf(problem, ['a'], karpenter(problem, ['a'])), [undefined]);
    });
  }

  test('sees a node selector against a term', async () => {
    const contradicted = withTerms('a', [{ key: 'team', operator: 'DoesNotExist' }]);
    const problem = problemOf([{ ...contradicted, spec: { ...contradicted.spec, nodeSelector: { team: 'red' } } }]);
    assert.deepEqual(await classesOf(problem, ['a'], karpenter(problem, ['a'])), ['contradictory term']);
  });
});

describe('terms given up before soft taints', () => {
  const terms = [[{ key: 'arch', operator: 'Exists' }], [{ key: 'team', operator: 'Exists' }]];
  const softTaint = { template: { spec: { taints: [{ effect: 'PreferNoSchedule' }] } } };
  const problem = problemOf([withTerms('a', ...terms)], {
    nodePools: [{ metadata: { name: 'pool' }, spec: softTaint }],
  });
  const termsAsked = (one: WaitingPod) =>
    one.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];

  test('passes when Karpenter places the pod with one of its terms', async () => {
    const placesFirst = (_: string, one: WaitingPod) =>
      termsAsked(one).length === 1 && termsAsked(one)[0]?.matchExpressions?.[0]?.key === 'arch';
    assert.deepEqual(await classesOf(problem, [], karpenter(problem), placesFirst), [
      'terms given up before soft taints',
    ]);
  });

  test('fails when Karpenter places it with none of them', async () => {
    assert.deepEqual(await classesOf(problem, [], karpenter(problem)), [undefined]);
  });

  test('fails where no pool has a soft taint', async () => {
    const hard = problemOf(problem.pods.slice());
    const alone = (_: string, one: WaitingPod) => termsAsked(one).length === 1;
    assert.deepEqual(await classesOf(hard, [], karpenter(hard), alone), [undefined]);
  });
});

describe('soft taint that only nodes have', () => {
  const nodes = [{ taints: [{ effect: 'PreferNoSchedule' }] }];
  const problem = problemOf([pod('a')], { nodes });
  const tolerant = (_: string, one: WaitingPod) =>
    one.spec?.tolerations?.some(({ effect }) => effect === 'PreferNoSchedule') === true;

  test('passes when Karpenter places the pod once it tolerates soft taints', async () => {
    const classes = await classesOf(problem, [], karpenter(problem), tolerant);
    assert.deepEqual(classes, ['soft taint that only nodes have']);
  });

  test('fails when Karpenter does not place it even then', async () => {
    assert.deepEqual(await classesOf(problem, [], karpenter(problem)), [undefined]);
  });

  test('fails where no node has such a taint, and where a pool has one', async () => {
    const none = problemOf([pod('a')]);
    assert.deepEqual(await classesOf(none, [], karpenter(none), tolerant), [undefined]);
    const softPool = { template: { spec: { taints: [{ effect: 'PreferNoSchedule' }] } } };
    const both = problemOf([pod('a')], { nodes, nodePools: [{ metadata: { name: 'pool' }, spec: softPool }] });
    assert.deepEqual(await classesOf(both, [], karpenter(both), tolerant), [undefined]);
  });
});

describe('label that only another pod names', () => {
  const selecting = pod('a', { nodeSelector: { team: 'blue' } });
  const problem = problemOf([selecting]);
  const invented = (of: VerifiedProblem) => {
    const result = karpenter(of, ['a']);
    return { ...result, nodeClaims: result.nodeClaims.map((claim) => ({ ...claim, labels: { team: 'blue' } })) };
  };

  test('passes when Karpenter gives the node a label of its own and refuses the pod alone', async () => {
    assert.deepEqual(await classesOf(problem, ['a'], invented(problem)), ['label that only another pod names']);
  });

  test('fails when Karpenter places the pod alone', async () => {
    const alone = (side: string) => side === 'karpenter';
    assert.deepEqual(await classesOf(problem, ['a'], invented(problem), alone), [undefined]);
  });

  test('fails when the pool gives the label, by its labels or by its requirements', async () => {
    for (const template of [
      { metadata: { labels: { team: 'blue' } } },
      { spec: { requirements: [{ key: 'team' }] } },
    ]) {
      const given = problemOf([selecting], { nodePools: [{ metadata: { name: 'pool' }, spec: { template } }] });
      assert.deepEqual(await classesOf(given, ['a'], invented(given)), [undefined]);
    }
  });
});

test('a pod that both sides place or both leave out is no difference, whichever of its group it is', () => {
  const problem = problemOf([pod('a-0'), pod('a-1')]);
  const answer = { groups: [['a-0', 'a-1']], nodes: [], unplaced: new Map([['a-0', 'no room']]), solveMs: 0 };
  assert.deepEqual(compareRun(answer, karpenter(problem, ['a-0'])), []);
});

test('every class has its heading in the page, and the page has no other', () => {
  const page = readFileSync(new URL('../../docs/karpenter-differences.md', import.meta.url), 'utf8');
  const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading).sort();
  assert.deepEqual(headings, DIFFERENCE_CLASSES.map(({ name }) => name).sort());
});
