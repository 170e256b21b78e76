// Holds the classes of difference that come from rules about other pods against made-up answers of both sides, each class once
// where it applies and once where it must not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ChangedQuestion, VerifiedProblem, WaitingPod } from './differences.ts';
import { type Circumstances, classesOf, karpenter, pod, problemOf, withTerms } from './testing/index.ts';

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
    const besides = among([named('a-0'), named('a-1'), named('b')], 'PreferNoSchedule');
    assert.equal((await classes(besides, unlessTolerating))[0], 'spread counted anew once something is given up');
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

describe('spread over the domains of one term', () => {
  const named = (name: string, policy: string, ...terms: string[]): WaitingPod => {
    const one = withTerms(name, ...terms.map((key) => [{ key, operator: 'Exists' }]));
    const spread = { topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', nodeAffinityPolicy: policy };
    return { ...one, spec: { ...one.spec, topologySpreadConstraints: [spread] } };
  };
  const names = ['a-0', 'a-1'];
  const classes = (policy: string, keys: string[], refusedOverAll = ['a-0']) => {
    const problem = problemOf(names.map((name) => named(name, policy, ...keys)));
    const circumstances = { group: names, refusedOverAll, answers: () => true };
    return classesOf(problem, ['a-1'], karpenter(problem, ['a-0'], ['a-1']), undefined, circumstances);
  };

  test('passes when kube-scheduler keeps out as many once every offering has a node', async () => {
    // What was given up and counted anew is asked for first: here Karpenter places more with a term given up, too.
    assert.deepEqual(await classes('Honor', ['zone', 'two']), ['spread over the domains of one term']);
  });

  test('fails where it does not, and where terms do not name the label, do not matter, or are one alone', async () => {
    const name = 'spread over the domains of one term';
    assert.deepEqual(await classes('Honor', ['zone', 'two'], []), [undefined]);
    assert.notEqual((await classes('Ignore', ['zone', 'two']))[0], name);
    assert.notEqual((await classes('Honor', ['one', 'two']))[0], name);
    assert.deepEqual(await classes('Honor', ['zone']), [undefined]);
  });
});

describe('spread over domains that the pod may not be in', () => {
  const classes = (key: string, nodeAffinityPolicy: string, refusedOverAll = ['a-0']) => {
    const spread = { topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', nodeAffinityPolicy };
    const spec = { nodeSelector: { [key]: 'z1' }, topologySpreadConstraints: [spread] };
    const problem = problemOf([pod('a-0', spec), pod('a-1', spec)]);
    const circumstances = { group: ['a-0', 'a-1'], refusedOverAll };
    return classesOf(problem, ['a-1'], karpenter(problem, ['a-0'], ['a-1']), undefined, circumstances);
  };

  test('passes when kube-scheduler keeps out as many once every domain has a node', async () => {
    assert.deepEqual(await classes('zone', 'Ignore'), ['spread over domains that the pod may not be in']);
  });

  test('fails where it does not, where the pod may be anywhere, and where its own domains are what counts', async () => {
    assert.deepEqual(await classes('zone', 'Ignore', []), [undefined]);
    assert.deepEqual(await classes('rack', 'Ignore'), [undefined]);
    assert.deepEqual(await classes('zone', 'Honor'), [undefined]);
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

  test('others gone where nobody can follow: rules of those who are meant may say where they have to be', async () => {
    const near = (topologyKey: string) => ({
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, topologyKey }] },
    });
    const lead: WaitingPod = {
      ...pod('lead', { affinity: near('zone') }),
      metadata: { name: 'lead', labels: { app: 'a' } },
    };
    const following = problemOf([pod('a', { affinity: near('kubernetes.io/hostname') }), lead]);
    const classes = (zone: string) =>
      classesOf(following, [], karpenter(following, ['lead']), undefined, {
        ourNodes: { lead: { zone } },
        answers: (question) =>
          'problem' in question && question.problem.pods.some(({ spec }) => spec?.nodeSelector?.zone === 'z1'),
      });
    assert.deepEqual(await classes('z1'), ['others gone where nobody can follow']);
    assert.deepEqual(await classes('z2'), [undefined]);
  });

  test('others gone where nobody can follow: the room may go to more of those who are meant than there is need of', async () => {
    const affinity = {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, topologyKey: 'kubernetes.io/hostname' }],
      },
    };
    const leads = ['lead-0', 'lead-1'].map(
      (name): WaitingPod => ({ ...pod(name), metadata: { name, labels: { app: 'a' } } }),
    );
    const following = problemOf([pod('a', { affinity }), ...leads, pod('b')]);
    const onlyThose = (question: ChangedQuestion) =>
      'problem' in question && question.problem.pods.map(({ metadata }) => metadata.name).join() === 'a,lead-0';
    const classes = (theirs: string[]) =>
      classesOf(following, ['lead-1'], karpenter(following, theirs), undefined, { answers: onlyThose });
    assert.equal((await classes(['lead-0', 'lead-1']))[0], 'others gone where nobody can follow');
    const more = problemOf([...following.pods, pod('c'), pod('d')]);
    const left = await classesOf(
      more,
      ['lead-1', 'c', 'd'],
      karpenter(more, ['lead-0', 'lead-1', 'b', 'c', 'd']),
      undefined,
      {
        answers: onlyThose,
      },
    );
    assert.equal(left[0], undefined, 'Karpenter places more in all');
  });

  test('none of them holds where Karpenter places more', async () => {
    const circumstances = { ourNodes: { a: { zone: 'z1' } }, answers: () => true };
    assert.deepEqual(await classesOf(problem, ['a'], karpenter(problem, ['a']), undefined, circumstances), [undefined]);
  });
});
