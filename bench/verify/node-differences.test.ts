// Holds the classes of difference that come from conditions on nodes against made-up answers of both sides, each class once
// where it applies and once where it must not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ChangedQuestion, VerifiedProblem, WaitingPod } from './differences.ts';
import { classesOf, karpenter, pod, problemOf, withTerms } from './testing/index.ts';

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

describe('terms given up before preferences', () => {
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
      'terms given up before preferences',
    ]);
  });

  test('fails when Karpenter places it with none of them', async () => {
    assert.deepEqual(await classesOf(problem, [], karpenter(problem)), [undefined]);
  });

  const alone = (_: string, one: WaitingPod) => termsAsked(one).length === 1;
  const hard = problemOf(problem.pods.slice());

  test('passes where the pod itself has a preference, of whatever kind', async () => {
    const [one = pod('a')] = hard.pods;
    const preferred = {
      preferredDuringSchedulingIgnoredDuringExecution: [{ podAffinityTerm: { topologyKey: 'zone' } }],
    };
    const wished = { topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' };
    const nodeAffinity = { ...one.spec?.affinity?.nodeAffinity, ...preferred };
    for (const more of [
      { affinity: { ...one.spec?.affinity, nodeAffinity } },
      { affinity: { ...one.spec?.affinity, podAffinity: preferred } },
      { affinity: { ...one.spec?.affinity, podAntiAffinity: preferred } },
      { topologySpreadConstraints: [wished] },
    ]) {
      const wishing = problemOf([{ ...one, spec: { ...one.spec, ...more } }]);
      const classes = await classesOf(wishing, [], karpenter(wishing), alone);
      assert.deepEqual(classes, ['terms given up before preferences'], JSON.stringify(more));
    }
  });

  test('fails where the pod prefers nothing and no pool has a soft taint', async () => {
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

describe('port that a daemonset has', () => {
  interface Asked {
    readonly containerPort: number;
    readonly hostPort?: number;
    readonly protocol?: string;
    readonly hostIP?: string;
  }
  const port: Asked = { containerPort: 8080, hostPort: 8080 };
  const asking = pod('a', { containers: [{ ports: [port] }] });
  const daemonSet = (more: object = {}, its = port) => ({
    spec: { template: { spec: { tolerations: [{ operator: 'Exists' }], ...more, containers: [{ ports: [its] }] } } },
  });
  const onNode = (of: VerifiedProblem) => ({
    ...karpenter(of, ['a']),
    nodeClaims: [],
    existingNodes: [{ name: 'node', pods: ['default/a'] }],
  });
  const nodes = [{ name: 'node', labels: { family: 'b' }, taints: [{ key: 'k', effect: 'NoSchedule' }] }];

  test('passes when Karpenter refuses the pod beside that daemonset alone', async () => {
    const problem = problemOf([asking], { daemonSets: [daemonSet(), daemonSet({}, { ...port, hostPort: 9090 })] });
    const asked: number[] = [];
    const answers = (question: ChangedQuestion) => {
      if ('only' in question) asked.push(question.among?.daemonSets?.length ?? -1);
      return false;
    };
    const classes = await classesOf(problem, ['a'], karpenter(problem, ['a']), undefined, { answers });
    assert.deepEqual([classes, asked], [['port that a daemonset has'], [1]]);
    const placing = await classesOf(problem, ['a'], karpenter(problem, ['a']), undefined, { answers: () => true });
    assert.deepEqual(placing, [undefined]);
  });

  test('fails where protocols or addresses differ, and on the network of the host it is the port of the container', async () => {
    const classes = async (its: Asked, own: WaitingPod = asking) => {
      const problem = problemOf([own], { daemonSets: [daemonSet({}, its)] });
      return classesOf(problem, ['a'], karpenter(problem, ['a']));
    };
    assert.deepEqual(await classes({ ...port, protocol: 'UDP' }), [undefined]);
    assert.deepEqual(await classes({ ...port, hostIP: '10.0.0.1' }), ['port that a daemonset has']);
    const bound = pod('a', { containers: [{ ports: [{ ...port, hostIP: '10.0.0.2' }] }] });
    assert.deepEqual(await classes({ ...port, hostIP: '10.0.0.1' }, bound), [undefined]);
    const ofHost = pod('a', { hostNetwork: true, containers: [{ ports: [{ containerPort: 8080 }] }] });
    assert.deepEqual(await classes(port, ofHost), ['port that a daemonset has']);
    const ofItsOwn = pod('a', { containers: [{ ports: [{ containerPort: 8080 }] }] });
    assert.deepEqual(await classes(port, ofItsOwn), [undefined]);
  });

  test('fails where Karpenter has the pod on a node to which the daemonset does not come', async () => {
    for (const [more, expected] of [
      [{}, 'port that a daemonset has'],
      [{ tolerations: [] }, undefined],
      [{ nodeSelector: { family: 'c' } }, undefined],
    ] as const) {
      const problem = problemOf([asking], { daemonSets: [daemonSet(more)], nodes });
      assert.deepEqual(await classesOf(problem, ['a'], onNode(problem)), [expected], JSON.stringify(more));
    }
  });

  test('leaves out of account what Karpenter has on other nodes, as long as we place as many', async () => {
    const b = { ...asking, metadata: { name: 'b' } };
    const free = { name: 'free', labels: { family: 'c' }, taints: [] };
    const daemonSets = [daemonSet({ nodeSelector: { family: 'b' } })];
    const problem = problemOf([asking, b], { daemonSets, nodes: [...nodes, free] });
    const taken = { ...onNode(problem), unscheduled: [] };
    const both = [...taken.existingNodes, { name: 'free', pods: ['default/b'] }];
    const classes = (oursOut: string[]) =>
      classesOf(problem, oursOut, { ...taken, existingNodes: both }, undefined, { group: ['a', 'b'] });
    assert.deepEqual(await classes(['a']), ['port that a daemonset has']);
    assert.deepEqual(await classes(['a', 'b']), [undefined]);
  });
});

describe("daemonset's pod that stands for another's", () => {
  const daemonSet = (name: string, family: string) => ({
    metadata: { name },
    spec: { template: { spec: { nodeSelector: { family } } } },
  });
  const daemonSets = [daemonSet('here', 'b'), daemonSet('gone', 'c')];
  const nodeWith = (name: string, owner: string) => {
    const running = { metadata: { name: `${name}-running`, ownerReferences: [{ kind: 'DaemonSet', name: owner }] } };
    return { name, labels: { family: 'b' }, pods: [running] };
  };
  const problem = problemOf([pod('a')], { daemonSets, nodes: [nodeWith('stray', 'gone'), nodeWith('well', 'here')] });
  const on = (name: string) => ({
    ...karpenter(problem, ['a']),
    nodeClaims: [],
    existingNodes: [{ name, pods: ['default/a'] }],
  });

  test('passes when Karpenter places no more in all once that pod belongs to nobody', async () => {
    const asked: unknown[] = [];
    const classes = (answer: boolean) => {
      const answers = (question: ChangedQuestion) => {
        if ('problem' in question) asked.push([question.moreInAll, question.problem.nodes?.map(({ pods }) => pods)]);
        return answer;
      };
      return classesOf(problem, ['a'], on('stray'), undefined, { answers });
    };
    assert.deepEqual(await classes(false), ["daemonset's pod that stands for another's"]);
    assert.deepEqual(asked, [[true, [[{ metadata: { name: 'stray-running' } }], problem.nodes?.[1]?.pods]]]);
    assert.deepEqual(await classes(true), [undefined]);
  });

  test('fails where the pod is on a node to which every daemonset comes that has a pod there', async () => {
    assert.deepEqual(await classesOf(problem, ['a'], on('well')), [undefined]);
  });
});

describe('daemonset that a soft taint keeps off', () => {
  const soft = { key: 'quiet', effect: 'PreferNoSchedule' };
  const daemonSets = [{ metadata: { name: 'daemon' }, spec: { template: { spec: {} } } }];
  const nodes = [{ name: 'soft', taints: [soft] }, { name: 'plain' }];
  const problem = problemOf([pod('a')], { daemonSets, nodes });
  const on = (name: string, of = problem) => ({
    ...karpenter(of, ['a']),
    nodeClaims: [],
    existingNodes: [{ name, pods: ['default/a'] }],
  });
  const tolerating = (question: ChangedQuestion) =>
    'problem' in question && JSON.stringify(question.problem.daemonSets).includes('PreferNoSchedule');

  test('passes when Karpenter places no more in all once daemonsets tolerate the taint', async () => {
    const answers = (question: ChangedQuestion) => !tolerating(question);
    const found = await classesOf(problem, ['a'], on('soft'), undefined, { answers });
    assert.deepEqual(found, ['daemonset that a soft taint keeps off']);
    assert.deepEqual(await classesOf(problem, ['a'], on('soft'), undefined, { answers: () => true }), [undefined]);
  });

  test('fails on a node without such a taint, and where every daemonset tolerates it', async () => {
    assert.deepEqual(await classesOf(problem, ['a'], on('plain')), [undefined]);
    const tolerations = [{ operator: 'Exists' }];
    const tolerant = [{ metadata: { name: 'daemon' }, spec: { template: { spec: { tolerations } } } }];
    const other = problemOf([pod('a')], { daemonSets: tolerant, nodes });
    assert.deepEqual(await classesOf(other, ['a'], on('soft', other)), [undefined]);
  });
});
