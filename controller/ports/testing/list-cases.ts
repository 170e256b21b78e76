// The contract's cases for lists: pages and selectors.
import assert from 'node:assert/strict';
import { KINDS, type ObjectPage } from '../index.ts';
import { type ContractRun, rejectsWith, versionOf } from './contract-run.ts';

const namesOf = ({ items }: ObjectPage) => items.map(({ metadata }) => metadata.name);

/** Declares them. */
export function listCases(run: ContractRun): void {
  run.case(
    'a list has every object of the selection, in the order of their names, with its own version',
    async (cluster) => {
      const { names, labelSelector } = await run.labelledConfigMaps(3);
      const page = await cluster.list(KINDS.configMaps, { namespace: run.namespace, labelSelector });
      assert.deepEqual(namesOf(page), names);
      assert.equal(page.continueToken, undefined);
      assert.match(page.resourceVersion, /^\d+$/);
      for (const item of page.items) {
        assert.equal(item.kind, 'ConfigMap');
        assert.equal(item.apiVersion, 'v1');
        assert.ok(BigInt(versionOf(item)) <= BigInt(page.resourceVersion));
      }
    },
  );

  run.case('a list without a namespace reaches over all of them', async (cluster) => {
    const { names, labelSelector } = await run.labelledConfigMaps(2);
    assert.deepEqual(namesOf(await cluster.list(KINDS.configMaps, { labelSelector })), names);
    const elsewhere = await cluster.list(KINDS.configMaps, { namespace: 'kube-system', labelSelector });
    assert.deepEqual(namesOf(elsewhere), []);
  });

  run.case('pages of one list are one state, whatever is written between them', async (cluster) => {
    const namespace = run.namespace;
    const { names, labelSelector } = await run.labelledConfigMaps(5);
    const pages: ObjectPage[] = [await cluster.list(KINDS.configMaps, { namespace, labelSelector, limit: 2 })];
    await cluster.delete(KINDS.configMaps, run.named(names[4] ?? ''));
    await cluster.create(
      KINDS.configMaps,
      run.configMap(`${names[3]}-late`, {}, { group: labelSelector.replace('group=', '') }),
    );
    for (let token = pages[0]?.continueToken; token !== undefined; token = pages.at(-1)?.continueToken) {
      pages.push(await cluster.list(KINDS.configMaps, { namespace, labelSelector, limit: 2, continueToken: token }));
    }
    assert.deepEqual(pages.flatMap(namesOf), names);
    assert.deepEqual(
      pages.map(({ items }) => items.length),
      [2, 2, 1],
    );
    assert.equal(new Set(pages.map(({ resourceVersion }) => resourceVersion)).size, 1);
  });

  run.case('a continue token that is too old is Gone', async (cluster) => {
    const namespace = run.namespace;
    const { labelSelector } = await run.labelledConfigMaps(3);
    const { continueToken = '' } = await cluster.list(KINDS.configMaps, { namespace, labelSelector, limit: 1 });
    assert.notEqual(continueToken, '');
    await run.handles.expireContinueTokens();
    const error = await rejectsWith('Gone', () =>
      cluster.list(KINDS.configMaps, { namespace, labelSelector, limit: 1, continueToken }),
    );
    assert.equal(error.retryable, false);
  });

  run.case('a continue token that nobody handed out is a bad request', async (cluster) => {
    await rejectsWith('BadRequest', () => cluster.list(KINDS.configMaps, { limit: 1, continueToken: 'made-up' }));
  });

  run.case('label selectors know equality, sets and presence', async (cluster) => {
    const group = run.name('labels');
    for (const [name, labels] of [
      ['a', { tier: 'web' }],
      ['b', { tier: 'db', extra: '1' }],
      ['c', {}],
    ] as const) {
      await cluster.create(KINDS.configMaps, run.configMap(`${group}-${name}`, {}, { group, ...labels }));
    }
    for (const [selector, expected] of [
      ['tier=web', 'a'],
      ['tier==web', 'a'],
      ['tier!=web', 'bc'],
      ['tier in (web,db)', 'ab'],
      ['tier notin (web)', 'bc'],
      ['tier', 'ab'],
      ['!tier', 'c'],
      ['tier,!extra', 'a'],
      ['tier in (web,db),extra=1', 'b'],
    ] as const) {
      const page = await cluster.list(KINDS.configMaps, { labelSelector: `group=${group},${selector}` });
      const letters = namesOf(page).map((name) => name?.at(-1));
      assert.equal(letters.join(''), expected, selector);
    }
  });

  run.case('field selectors know the name, the namespace, and for pods the node and the phase', async (cluster) => {
    const [free, bound] = [run.name('free'), run.name('bound')];
    await cluster.create(KINDS.pods, run.pod(free));
    await cluster.create(KINDS.pods, run.pod(bound, { nodeName: bound }));
    for (const [fieldSelector, expected] of [
      [`metadata.name=${free}`, [free]],
      [`metadata.name=${free},metadata.namespace=${run.namespace}`, [free]],
      [`metadata.name=${free},metadata.namespace=elsewhere`, []],
      [`spec.nodeName=${bound}`, [bound]],
      [`spec.nodeName=,metadata.name=${free}`, [free]],
      [`spec.nodeName!=,metadata.name=${free}`, []],
      [`spec.nodeName=${bound},status.phase=Pending`, [bound]],
      [`spec.nodeName=${bound},status.phase!=Pending`, []],
    ] as const) {
      assert.deepEqual(namesOf(await cluster.list(KINDS.pods, { fieldSelector })), expected, fieldSelector);
    }
  });

  run.case('a field that nobody selects by is a bad request', async (cluster) => {
    await rejectsWith('BadRequest', () => cluster.list(KINDS.nodePools, { fieldSelector: 'spec.weight=1' }));
  });
}
