// Holds the classes of difference that come from room against made-up answers of both sides, each class once where it applies
// and once where it must not, and the page of the classes against the code. Classes that come from rules about other pods are
// in topology-differences.test.ts, those that come from conditions on nodes in node-differences.test.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { compareRun } from './compare.ts';
import { DIFFERENCE_CLASSES, type VerifiedProblem, type WaitingPod } from './differences.ts';
import { classesOf, karpenter, pod, problemOf, withTerms } from './testing/index.ts';

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

  test('asks for a pod that must be near others together with one of each of those', async () => {
    const podAffinityTerm = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'a' } } };
    const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [podAffinityTerm] } };
    const meant = ['a-0', 'a-1'].map(
      (name): WaitingPod => ({ ...pod(name), metadata: { name, labels: { app: 'a' } } }),
    );
    const asking = problemOf([pod('near', { affinity }), ...meant, pod('b')]);
    const answer = karpenter(asking, ['a-0', 'b']);
    const classes = (fellowCount: number) =>
      classesOf(
        asking,
        ['b'],
        answer,
        (side, { metadata: { name } }, fellows = []) =>
          side === 'dovetail' || name !== 'near' || (fellows.length === fellowCount && fellows.every(isBound)),
        {
          group: ['a-0', 'a-1'],
          ourNodes: Object.fromEntries(['near', 'a-0', 'a-1'].map((name) => [name, { zone: 'z' }])),
        },
      );
    const isBound = ({ spec }: WaitingPod) => spec?.nodeSelector?.zone === 'z';
    assert.equal((await classes(1))[1], 'competition for limited room');
    assert.equal((await classes(2))[1], undefined);
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

  test('does not count within the limit what only another pod brings a label for', async () => {
    const asking = problemOf([pod('a', { nodeSelector: { team: 'red' } }), pod('b'), pod('c'), pod('d')], {
      nodePools: limited,
      nodes,
    });
    const classes = async (labels: Record<string, string>, refusedAlone: boolean) => {
      const answer = karpenter(asking, ['a', 'b'], ['c']);
      const [claim, ...others] = answer.nodeClaims;
      const labelled = { ...answer, nodeClaims: [{ ...claim!, labels }, ...others] };
      return classesOf(asking, ['a', 'b', 'd'], labelled, (_, { metadata }) => !refusedAlone || metadata.name !== 'a');
    };
    assert.deepEqual(await classes({ team: 'red' }, true), ['limit on nodes exceeded', 'limit on nodes exceeded']);
    assert.ok((await classes({}, true)).includes(undefined));
    assert.ok((await classes({ team: 'red' }, false)).includes(undefined));
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
