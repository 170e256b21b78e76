// Holds the classes of difference against made-up answers of both sides, each class once where it applies and once where
// it must not, and the page of the classes against the code. Karpenter itself does not run here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { KarpenterResult } from '../peers/index.ts';
import { compareRun } from './compare.ts';
import {
  type ChangedQuestion,
  classOf,
  DIFFERENCE_CLASSES,
  type VerifiedProblem,
  type WaitingPod,
} from './differences.ts';

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

/** What a made-up case says of both sides beyond their answers. */
interface Circumstances {
  /** Pods that are equal; the others are each a group of their own. */
  readonly group?: readonly string[];
  /** Pods of Karpenter's answer that kube-scheduler would keep out. */
  readonly refused?: readonly string[];
  /** Pods that Karpenter places in a later batch. */
  readonly later?: readonly string[];
  /** Labels of our nodes, by the pods on them. */
  readonly ourNodes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Whether Karpenter places the pod when it is asked something else. */
  readonly answers?: (question: ChangedQuestion) => boolean;
}

/** The class of each difference; `placesAlone` says which sides place a pod alone. */
async function classesOf(
  problem: VerifiedProblem,
  oursOut: string[],
  result: KarpenterResult,
  placesAlone: (side: string, pod: WaitingPod) => boolean = () => false,
  { group = [], refused = [], later = [], ourNodes = {}, answers = () => false }: Circumstances = {},
): Promise<(string | undefined)[]> {
  const unplaced = new Map(oursOut.map((name) => [name, 'no room']));
  const others = problem.pods.map(({ metadata }) => metadata.name).filter((name) => !group.includes(name));
  const groups = [...(group.length > 0 ? [group] : []), ...others.map((name) => [name])];
  const differences = compareRun({ groups, unplaced }, result);
  const context = {
    problem,
    unplaced,
    groupOf: (name: string) => groups.find((names) => names.includes(name)) ?? [],
    result,
    refused: new Set(refused),
    placesAlone: async (side: string, one: WaitingPod) => placesAlone(side, one),
    placesLater: async (name: string) => later.includes(name),
    karpenterPlaces: async (_: string, question: ChangedQuestion) => answers(question),
    ourLabels: (name: string) => ourNodes[name],
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

  test('does not count what kube-scheduler keeps out of the answer of Karpenter', async () => {
    const more = karpenter(problem, ['small-0', 'small-1']);
    const ask = (refused: string[]) =>
      classesOf(problem, ['small-0', 'small-1'], more, () => true, { refused, group: ['small-0', 'small-1'] });
    assert.equal((await ask(['small-0']))[1], 'competition for limited room');
    assert.equal((await ask([]))[1], undefined);
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

describe('kube-scheduler keeps the pods out', () => {
  const problem = problemOf([pod('a-0'), pod('a-1'), pod('a-2'), pod('b')]);
  const group = ['a-0', 'a-1', 'a-2'];
  const result = karpenter(problem, ['a-0', 'a-1', 'a-2'], ['b']);
  const classes = (oursOut: string[], refused: string[]) =>
    classesOf(problem, oursOut, result, undefined, { group, refused });

  test('passes when we leave out no more of the group than kube-scheduler would', async () => {
    assert.deepEqual(await classes(['a-2'], ['a-1']), ['kube-scheduler keeps the pods out']);
    assert.deepEqual(await classes(['a-1', 'a-2'], ['a-0', 'a-1']), ['kube-scheduler keeps the pods out']);
  });

  test('fails when kube-scheduler would let in more of the group than we place', async () => {
    assert.deepEqual(await classes(['a-1', 'a-2'], ['a-1']), [undefined]);
  });

  test('fails when it keeps out pods of another group only, or none', async () => {
    assert.deepEqual(await classes(['a-2'], ['b']), [undefined]);
    assert.deepEqual(await classes(['a-2'], []), [undefined]);
  });

  test('passes when it keeps out another pod with the same labels and rules, whose volumes are others', async () => {
    const spread = [{ topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }];
    const alike = problemOf(['a-0', 'a-1', 'b'].map((name) => pod(name, { topologySpreadConstraints: spread })));
    const ask = (refused: string[], kinder = alike) =>
      classesOf(kinder, ['a-1'], karpenter(kinder, ['a-0', 'a-1', 'b']), undefined, { refused });
    assert.deepEqual(await ask(['a-0']), ['kube-scheduler keeps the pods out']);
    assert.deepEqual(await ask([]), [undefined]);
    const looser = [{ topologyKey: 'zone', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule' }];
    const others = problemOf([
      pod('a-0', { topologySpreadConstraints: looser }),
      ...alike.pods.filter(({ metadata }) => metadata.name !== 'a-0'),
    ]);
    assert.deepEqual(await ask(['a-0'], others), [undefined]);
  });

  test('fails when we place fewer pods in all, whatever the group', async () => {
    const more = [...problem.pods, pod('c')];
    const larger = problemOf(more);
    const answer = karpenter(larger, ['a-0', 'a-1', 'a-2'], ['b', 'c']);
    const found = await classesOf(larger, ['a-2', 'c'], answer, undefined, { group, refused: ['a-1'] });
    assert.deepEqual(found, [undefined, undefined]);
  });
});

describe('placed in a later batch', () => {
  const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'a' } } };
  const apart = pod('a', {
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
  });

  test('passes when Karpenter places the pod once its own nodes are there', async () => {
    const problem = problemOf([apart]);
    const classes = await classesOf(problem, [], karpenter(problem), undefined, { later: ['a'] });
    assert.deepEqual(classes, ['placed in a later batch']);
  });

  test('fails when it leaves the pod out then, too', async () => {
    const problem = problemOf([apart]);
    assert.deepEqual(await classesOf(problem, [], karpenter(problem)), [undefined]);
  });

  test('fails where no pod has rules about others, and where Karpenter places more', async () => {
    const plain = problemOf([pod('a')]);
    assert.deepEqual(await classesOf(plain, [], karpenter(plain), undefined, { later: ['a'] }), [undefined]);
    const problem = problemOf([apart]);
    const classes = await classesOf(problem, ['a'], karpenter(problem, ['a']), undefined, { later: ['a'] });
    assert.deepEqual(classes, [undefined]);
  });
});

describe('classes that Karpenter itself proves', () => {
  const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'a' } } };
  const ruled = pod('a', {
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
  });
  const problem = problemOf([ruled]);
  const ask = (answers: Circumstances['answers'], labels: Record<string, string> = { zone: 'z1' }, of = problem) =>
    classesOf(of, [], karpenter(of), undefined, {
      ourNodes: { a: labels },
      ...(answers === undefined ? {} : { answers }),
    });

  const isBound = (question: ChangedQuestion) => 'only' in question && question.only.spec?.nodeSelector?.zone === 'z1';
  test('domain chosen before it is known to do: Karpenter places the pod bound to our domain', async () => {
    assert.deepEqual(await ask(isBound), ['domain chosen before it is known to do']);
    assert.deepEqual(await ask(isBound, { zone: 'z2' }), [undefined]);
    assert.deepEqual(await ask(isBound, {}), [undefined]);
    const plain = problemOf([pod('a')]);
    assert.deepEqual(await ask(() => true, { zone: 'z1' }, plain), [undefined]);
  });

  const knows = (question: ChangedQuestion) =>
    'problem' in question &&
    question.problem.nodePools.some(({ spec }) => spec.template?.spec?.requirements?.some(({ key }) => key === 'zone'));
  test('domain that Karpenter does not know: it places the pod once a pool of no nodes names it', async () => {
    assert.deepEqual(await ask(knows), ['domain that Karpenter does not know']);
    assert.deepEqual(await ask(knows, {}), [undefined]);
    assert.deepEqual(await ask(undefined), [undefined]);
    const later = (question: ChangedQuestion) => knows(question) === true && 'inLaterBatches' in question;
    assert.deepEqual(await ask(later), ['domain that Karpenter does not know']);
  });

  const ruledOut: VerifiedProblem = {
    ...problem,
    nodePools: [
      {
        metadata: { name: 'pool' },
        spec: { template: { spec: { requirements: [{ key: 'zone', operator: 'NotIn', values: ['z2'] }] } } },
      },
    ],
  };
  const namesOurs = (question: ChangedQuestion) =>
    'problem' in question &&
    question.problem.nodePools.length === 1 &&
    question.problem.nodePools.every(({ spec }) =>
      spec.template?.spec?.requirements?.some(({ operator, values }) => operator === 'In' && values?.join() === 'z1'),
    );
  test('domain that only a ruling out names: Karpenter places the pod once the pool names our domain instead', async () => {
    assert.deepEqual(await ask(namesOurs, { zone: 'z1' }, ruledOut), ['domain that only a ruling out names']);
    assert.deepEqual(await ask(namesOurs, { zone: 'z1' }), [undefined]);
    assert.deepEqual(await ask(undefined, { zone: 'z1' }, ruledOut), [undefined]);
  });

  const hasNoTerm = (question: ChangedQuestion) =>
    'problem' in question &&
    question.problem.pods.every(
      ({ spec }) =>
        (spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).length === 0,
    );
  test('node without the label of a rule: Karpenter places the pod once no rule asks for the label', async () => {
    assert.deepEqual(await ask(hasNoTerm, { team: 'red' }), ['node without the label of a rule']);
    assert.deepEqual(await ask(hasNoTerm, { zone: 'z1' }), [undefined]);
    assert.deepEqual(await ask(undefined, { team: 'red' }), [undefined]);
  });

  test('none of them holds where Karpenter places more', async () => {
    const circumstances = { ourNodes: { a: { zone: 'z1' } }, answers: () => true };
    assert.deepEqual(await classesOf(problem, ['a'], karpenter(problem, ['a']), undefined, circumstances), [undefined]);
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

describe('label that the pod itself only rules out', () => {
  const ruling = { key: 'team', operator: 'NotIn', values: ['blue'] };
  const spreading = (...terms: { key: string; operator: string; values?: string[] }[]): WaitingPod => {
    const one = withTerms('a', terms);
    const spread = { topologyKey: 'team', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' };
    return { ...one, spec: { ...one.spec, topologySpreadConstraints: [spread] } };
  };
  const problem = problemOf([spreading(ruling)]);
  const invented = (of: VerifiedProblem) => {
    const result = karpenter(of, ['a']);
    return { ...result, nodeClaims: result.nodeClaims.map((claim) => ({ ...claim, labels: { team: 'green' } })) };
  };
  /** Karpenter places the pod alone while it says anything of teams. */
  const whileItRulesOut = (side: string, { spec }: WaitingPod) =>
    side === 'karpenter' && JSON.stringify(spec?.affinity).includes('team');

  test('passes when Karpenter refuses the pod once it rules nothing out', async () => {
    assert.deepEqual(await classesOf(problem, ['a'], invented(problem), whileItRulesOut), [
      'label that the pod itself only rules out',
    ]);
  });

  test('fails when Karpenter places it even then', async () => {
    const always = (side: string) => side === 'karpenter';
    assert.deepEqual(await classesOf(problem, ['a'], invented(problem), always), [undefined]);
  });

  test('fails when the pod asks for the label, has no rule over it, or the pool gives it', async () => {
    const asking = problemOf([spreading({ key: 'team', operator: 'Exists' })]);
    assert.deepEqual(await classesOf(asking, ['a'], invented(asking), whileItRulesOut), [undefined]);
    const without = problemOf([withTerms('a', [ruling])]);
    assert.deepEqual(await classesOf(without, ['a'], invented(without), whileItRulesOut), [undefined]);
    const template = { metadata: { labels: { team: 'green' } } };
    const given = problemOf([spreading(ruling)], { nodePools: [{ metadata: { name: 'pool' }, spec: { template } }] });
    assert.deepEqual(await classesOf(given, ['a'], invented(given), whileItRulesOut), [undefined]);
  });
});

test('a pod that both sides place or both leave out is no difference, whichever of its group it is', () => {
  const problem = problemOf([pod('a-0'), pod('a-1')]);
  const answer = { groups: [['a-0', 'a-1']], unplaced: new Map([['a-0', 'no room']]) };
  assert.deepEqual(compareRun(answer, karpenter(problem, ['a-0'])), []);
});

test('every class has its heading in the page, and the page has no other', () => {
  const page = readFileSync(new URL('../../docs/karpenter-differences.md', import.meta.url), 'utf8');
  const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading).sort();
  assert.deepEqual(headings, DIFFERENCE_CLASSES.map(({ name }) => name).sort());
});
