// Holds the classes of difference that come from rules about other pods and from room against made-up answers of both sides,
// each class once where it applies and once where it must not, and the page of the classes against the code. Classes that
// come from conditions on nodes are in node-differences.test.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { compareRun } from './compare.ts';
import { type ChangedQuestion, DIFFERENCE_CLASSES, type VerifiedProblem, type WaitingPod } from './differences.ts';
import { type Circumstances, classesOf, karpenter, pod, problemOf, withTerms } from './testing/index.ts';

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

  test('does not count what Karpenter has beside others by a label that the pool does not give the node', async () => {
    const near = (topologyKey: string) => ({
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app: 'a' } } }],
      },
    });
    const classes = async (topologyKey: string, labels: Record<string, string>) => {
      const asking = problemOf([pod('near', { affinity: near(topologyKey) }), pod('a'), pod('b'), pod('c')]);
      const answer = karpenter(asking, ['near', 'a', 'b']);
      const [claim] = answer.nodeClaims;
      const labelled = { ...answer, nodeClaims: [{ ...claim!, labels }] };
      return classesOf(asking, ['a', 'b'], labelled, () => true);
    };
    assert.equal((await classes('team', { team: 'green' }))[0], 'competition for limited room');
    assert.equal((await classes('team', {}))[0], undefined);
    assert.equal((await classes('rack', { team: 'green' }))[0], undefined);
  });

  test('does not count what Karpenter places by a contradiction', async () => {
    const asking = problemOf([
      ...['small-0', 'small-1'].map((name) =>
        withTerms(name, [
          { key: 'team', operator: 'In', values: ['red'] },
          { key: 'team', operator: 'NotIn', values: ['red'] },
        ]),
      ),
      pod('large'),
    ]);
    const classes = await classesOf(
      asking,
      ['small-0', 'small-1'],
      karpenter(asking, ['small-0', 'small-1']),
      () => true,
    );
    assert.deepEqual(classes, ['contradictory term', 'contradictory term', 'competition for limited room']);
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

  test('passes when spreads keep out what Karpenter places beyond that, without the nodes taken back', async () => {
    const result = karpenter(problem, ['a', 'b'], ['c']);
    const found = await classesOf(problem, ['b', 'c'], result, undefined, { outByCounts: ['b'] });
    assert.deepEqual(found, ['limit on nodes exceeded', 'limit on nodes exceeded']);
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

describe('spread counted anew once something is given up', () => {
  const spread = [{ topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }];
  const among = (pods: WaitingPod[], effect = 'NoSchedule') =>
    problemOf(pods, {
      nodePools: [{ metadata: { name: 'pool' }, spec: { template: { spec: { taints: [{ effect }] } } } }],
    });
  const named = (name: string, ...terms: string[]): WaitingPod => {
    const one = withTerms(name, ...terms.map((key) => [{ key, operator: 'Exists' }]));
    return { ...one, spec: { ...one.spec, topologySpreadConstraints: spread } };
  };
  const classes = (
    of: VerifiedProblem,
    answers: (question: ChangedQuestion) => boolean = () => false,
    refusedOverAll = ['a-0'],
  ) =>
    classesOf(of, ['a-1'], karpenter(of, ['a-0'], ['a-1']), undefined, {
      group: ['a-0', 'a-1'],
      answers,
      refusedOverAll,
    });
  const soft = among([named('a-0'), named('a-1')], 'PreferNoSchedule');
  const terms = among([named('a-0', 'one', 'two'), named('a-1', 'one', 'two')]);
  const tolerates = ({ spec }: WaitingPod) =>
    (spec?.tolerations ?? []).some(({ effect }) => effect === 'PreferNoSchedule');

  test('passes when Karpenter places no more with what it gave up given up from the start', async () => {
    for (const each of [soft, terms]) {
      assert.deepEqual(await classes(each), ['spread counted anew once something is given up']);
    }
    const unlessTolerating = (question: ChangedQuestion) =>
      !('problem' in question && question.problem.pods.every(tolerates));
    assert.deepEqual(await classes(soft, unlessTolerating), ['spread counted anew once something is given up']);
  });

  test('fails when it places more with a soft taint tolerated, or with one of the terms alone', async () => {
    assert.deepEqual(await classes(soft, () => true), [undefined]);
    const byTheSecond = (question: ChangedQuestion) =>
      'problem' in question && !JSON.stringify(question.problem.pods).includes('"one"');
    assert.deepEqual(await classes(terms, byTheSecond), [undefined]);
  });

  test('fails where there is nothing to give up, and where the spread holds over all domains', async () => {
    assert.deepEqual(await classes(among([named('a-0', 'one'), named('a-1', 'one')])), [undefined]);
    assert.deepEqual(await classes(terms, () => false, []), [undefined]);
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

  test('domain that Karpenter does not know: it places the pod alone, and no more than we in all', async () => {
    const alone = (question: ChangedQuestion) =>
      'only' in question &&
      (question.among?.nodePools ?? []).some(({ metadata: { name } }) => name === 'names-domains-only');
    assert.deepEqual(await ask(alone), ['domain that Karpenter does not know']);
    const two = problemOf([ruled, pod('b'), pod('c')]);
    const classes = (oursOut: string[]) =>
      classesOf(two, oursOut, karpenter(two, ['b', 'c']), undefined, {
        ourNodes: { a: { zone: 'z1' } },
        answers: alone,
      });
    assert.equal((await classes(['b']))[0], 'domain that Karpenter does not know');
    assert.equal((await classes(['b', 'c']))[0], undefined);
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

  test('node without the label of a rule: a spread that is only wished for goes with it, and no other', async () => {
    const spreading = (whenUnsatisfiable: string) =>
      problemOf([pod('a', { topologySpreadConstraints: [{ topologyKey: 'team', maxSkew: 1, whenUnsatisfiable }] })]);
    const hasNone = (question: ChangedQuestion) => !JSON.stringify(question).includes('whenUnsatisfiable');
    const classes = (of: VerifiedProblem) => ask(hasNone, { zone: 'z1' }, of);
    assert.deepEqual(await classes(spreading('ScheduleAnyway')), ['node without the label of a rule']);
    assert.deepEqual(await classes(spreading('DoNotSchedule')), [undefined]);
  });

  test('node without the label of a rule: Karpenter places the pod alone, and no more than we in all', async () => {
    const alone = (question: ChangedQuestion) => 'only' in question && !JSON.stringify(question).includes('zone');
    assert.deepEqual(await ask(alone, { team: 'red' }), ['node without the label of a rule']);
    const two = problemOf([ruled, pod('b'), pod('c')]);
    const classes = (oursOut: string[]) =>
      classesOf(two, oursOut, karpenter(two, ['b', 'c']), undefined, { ourNodes: { a: {} }, answers: alone });
    assert.equal((await classes(['b']))[0], 'node without the label of a rule');
    assert.equal((await classes(['b', 'c']))[0], undefined);
    const near = {
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, topologyKey: 'rack' }] },
    };
    const led = problemOf([
      pod('a', { affinity: { ...ruled.spec?.affinity, ...near } }),
      { ...pod('lead'), metadata: { name: 'lead', labels: { app: 'a' } } },
      pod('b'),
    ]);
    const withLead = (question: ChangedQuestion) =>
      'problem' in question && question.problem.pods.map(({ metadata }) => metadata.name).join() === 'a,lead';
    const found = await classesOf(led, [], karpenter(led, ['b']), undefined, {
      ourNodes: { a: { rack: 'r' } },
      answers: (question) => withLead(question) && !JSON.stringify(question).includes('zone'),
    });
    assert.equal(found[0], 'node without the label of a rule');
  });

  test('node without the label of a rule: domains of other labels may have to be known or named besides', async () => {
    const over = (topologyKey: string) => ({ ...term, topologyKey });
    const two = problemOf([
      pod('a', {
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [over('zone'), over('team')] } },
      }),
    ]);
    const both = (question: ChangedQuestion) => knows(question) === true && !JSON.stringify(question).includes('team');
    assert.deepEqual(await ask(both, { zone: 'z1' }, two), ['node without the label of a rule']);
    assert.deepEqual(await ask(both, {}, two), [undefined]);
    const bound = (question: ChangedQuestion) => isBound(question) && !JSON.stringify(question).includes('team');
    assert.deepEqual(await ask(bound, { zone: 'z1' }, two), ['node without the label of a rule']);
    assert.deepEqual(await ask(bound, { zone: 'z2' }, two), [undefined]);
  });

  test('others gone where nobody can follow: Karpenter places the pod once those are bound to our domains', async () => {
    const near = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
    const lead: WaitingPod = { ...pod('lead'), metadata: { name: 'lead', labels: { app: 'a' } } };
    const following = problemOf([pod('a', { affinity: near }), lead]);
    const classes = (answers: (question: ChangedQuestion) => boolean, leadLabels: Record<string, string>) =>
      classesOf(following, [], karpenter(following, ['lead']), undefined, {
        ourNodes: { a: { zone: 'z1' }, lead: leadLabels },
        answers,
      });
    const leadIsBound = (question: ChangedQuestion) =>
      'problem' in question && question.problem.pods.every(({ spec }) => spec?.nodeSelector?.zone === 'z1');
    assert.deepEqual(await classes(leadIsBound, { zone: 'z1' }), ['others gone where nobody can follow']);
    assert.deepEqual(await classes(leadIsBound, {}), [undefined]);
    assert.deepEqual(await classes(() => false, { zone: 'z1' }), [undefined]);
  });

  test('others gone where nobody can follow: on a host, Karpenter places the pod once only those wait', async () => {
    const following = (topologyKey: string) => {
      const near = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, topologyKey }] } };
      const lead: WaitingPod = { ...pod('lead'), metadata: { name: 'lead', labels: { app: 'a' } } };
      return problemOf([pod('a', { affinity: near }), lead, pod('other')]);
    };
    const onlyThose = (question: ChangedQuestion) =>
      'problem' in question && question.problem.pods.map(({ metadata }) => metadata.name).join() === 'a,lead';
    const classes = (topologyKey: string, answers: (question: ChangedQuestion) => boolean, oursOut: string[] = []) => {
      const of = following(topologyKey);
      return classesOf(of, oursOut, karpenter(of, ['lead', 'other']), undefined, { answers });
    };
    assert.deepEqual(await classes('kubernetes.io/hostname', onlyThose), ['others gone where nobody can follow']);
    assert.deepEqual(await classes('kubernetes.io/hostname', () => false), [undefined]);
    // Wider than a host it may have had no room for those who are meant, but only where it places no more in all.
    assert.deepEqual(await classes('zone', onlyThose), ['others gone where nobody can follow']);
    assert.equal((await classes('zone', onlyThose, ['lead', 'other']))[0], undefined);
    const inOurPool = (question: ChangedQuestion) =>
      'problem' in question &&
      question.problem.pods.every(({ spec }) => spec?.nodeSelector?.['karpenter.sh/nodepool'] === 'ours');
    const onNode = { 'karpenter.sh/nodepool': 'ours' };
    const bound = async (ourNodes: NonNullable<Circumstances['ourNodes']>) => {
      const of = following('kubernetes.io/hostname');
      return classesOf(of, [], karpenter(of, ['lead', 'other']), undefined, { answers: inOurPool, ourNodes });
    };
    assert.deepEqual(await bound({ a: onNode, lead: onNode }), ['others gone where nobody can follow']);
    assert.deepEqual(await bound({ a: onNode }), [undefined]);
  });

  test('none of them holds where Karpenter places more', async () => {
    const circumstances = { ourNodes: { a: { zone: 'z1' } }, answers: () => true };
    assert.deepEqual(await classesOf(problem, ['a'], karpenter(problem, ['a']), undefined, circumstances), [undefined]);
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
