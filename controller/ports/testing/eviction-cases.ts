// The contract's cases for evictions. Nobody computes the status of a PodDisruptionBudget here: the cases write it.
import assert from 'node:assert/strict';
import { type ApiObject, type Cluster, KINDS } from '../index.ts';
import { type ContractRun, present, rejectsWith } from './contract-run.ts';

interface BudgetStatus {
  readonly disruptionsAllowed: number;
  readonly disruptedPods?: Readonly<Record<string, string>>;
}

/** A pod that runs on a node and is Ready: budgets count no others. */
async function runningPod(run: ContractRun, cluster: Cluster, name: string, app: string): Promise<ApiObject> {
  await cluster.create(KINDS.pods, run.pod(name, { nodeName: name, labels: { app } }));
  return await cluster.patch(KINDS.pods, run.named(name), {
    type: 'merge',
    subresource: 'status',
    body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
  });
}

/** A budget over the pods of an app, with the status that a controller would give it. */
async function budget(run: ContractRun, cluster: Cluster, app: string, disruptionsAllowed: number): Promise<ApiObject> {
  const created = await cluster.create(KINDS.podDisruptionBudgets, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { namespace: run.namespace, name: run.name('budget') },
    spec: { minAvailable: 1, selector: { matchLabels: { app } } },
  });
  return await allow(cluster, created, disruptionsAllowed);
}

function allow(cluster: Cluster, object: ApiObject, disruptionsAllowed: number): Promise<ApiObject> {
  return cluster.replace(
    KINDS.podDisruptionBudgets,
    {
      ...object,
      status: {
        observedGeneration: object.metadata.generation,
        disruptionsAllowed,
        currentHealthy: 1 + disruptionsAllowed,
        desiredHealthy: 1,
        expectedPods: 1 + disruptionsAllowed,
      },
    },
    { subresource: 'status' },
  );
}

/** Declares them. */
export function evictionCases(run: ContractRun): void {
  run.case('a pod without a budget is evicted: it terminates for its grace period', async (cluster) => {
    const name = run.name('evicted');
    await runningPod(run, cluster, name, name);
    await cluster.evict(run.named(name));
    const { metadata } = present(await cluster.get(KINDS.pods, run.named(name)));
    assert.match(metadata.deletionTimestamp ?? '', /^\d{4}-/);
    assert.equal(metadata.deletionGracePeriodSeconds, 30);
  });

  run.case('an eviction may shorten the grace period', async (cluster) => {
    const name = run.name('hurried');
    await runningPod(run, cluster, name, name);
    await cluster.evict(run.named(name), { gracePeriodSeconds: 3 });
    const { metadata } = present(await cluster.get(KINDS.pods, run.named(name)));
    assert.equal(metadata.deletionGracePeriodSeconds, 3);
  });

  run.case('an eviction finds no pod that is not there, and refuses another one of the same name', async (cluster) => {
    await rejectsWith('NotFound', () => cluster.evict(run.named('no-such-pod')));
    const name = run.name('namesake');
    const pod = await runningPod(run, cluster, name, name);
    await rejectsWith('Conflict', () =>
      cluster.evict(run.named(name), { uid: '00000000-0000-0000-0000-000000000000' }),
    );
    assert.equal(present(await cluster.get(KINDS.pods, run.named(name))).metadata.deletionTimestamp, undefined);
    const { uid = '' } = pod.metadata;
    await cluster.evict(run.named(name), { uid });
  });

  run.case(
    'a budget that allows none refuses with TooManyRequests and its cause, and one that allows one counts it',
    async (cluster) => {
      const app = run.name('app');
      const [first, second] = [`${app}-1`, `${app}-2`];
      await runningPod(run, cluster, first, app);
      await runningPod(run, cluster, second, app);
      const closed = await budget(run, cluster, app, 0);
      const error = await rejectsWith('TooManyRequests', () => cluster.evict(run.named(first)));
      assert.deepEqual(error.causes, ['DisruptionBudget']);
      assert.equal(error.retryable, true);
      await allow(cluster, closed, 1);
      await cluster.evict(run.named(first));
      const { name = '' } = closed.metadata;
      const after = present(await cluster.get(KINDS.podDisruptionBudgets, run.named(name))).status as BudgetStatus;
      assert.equal(after.disruptionsAllowed, 0);
      assert.deepEqual(Object.keys(after.disruptedPods ?? {}), [first]);
      await rejectsWith('TooManyRequests', () => cluster.evict(run.named(second)));
    },
  );

  run.case('a budget whose status is older than its spec allows nothing', async (cluster) => {
    const app = run.name('outdated');
    await runningPod(run, cluster, app, app);
    const open = await budget(run, cluster, app, 1);
    await cluster.patch(KINDS.podDisruptionBudgets, run.named(open.metadata.name ?? ''), {
      type: 'merge',
      body: { spec: { minAvailable: 2 } },
    });
    const error = await rejectsWith('TooManyRequests', () => cluster.evict(run.named(app)));
    assert.deepEqual(error.causes, ['DisruptionBudget']);
  });

  run.case('a pod that is not running is evicted whatever its budget says', async (cluster) => {
    const app = run.name('pending');
    await cluster.create(KINDS.pods, run.pod(app, { labels: { app } }));
    await budget(run, cluster, app, 0);
    await cluster.evict(run.named(app));
    assert.equal(await cluster.get(KINDS.pods, run.named(app)), undefined);
  });

  run.case('a pod under two budgets is evicted by none', async (cluster) => {
    const app = run.name('twice');
    await runningPod(run, cluster, app, app);
    await budget(run, cluster, app, 1);
    await budget(run, cluster, app, 1);
    await rejectsWith('InternalError', () => cluster.evict(run.named(app)));
  });
}
