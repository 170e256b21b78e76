// What a cluster with its controllers, its scheduler and kubelets makes of workloads: which pods there are, on which nodes,
// what becomes of them, and what the workload says of itself. The simulated control plane and a real one pass the same cases.
// Rollouts of Deployments are not among them: they are cases of replica sets with timing of their own.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ApiObject, type Cluster, KINDS, type Kind } from '../index.ts';

/** A cluster with everything that runs in one. Kubelets run pods on all nodes, and pods that end do so in a moment. */
export interface WorkloadsUnderTest {
  readonly cluster: Cluster;
  /** A namespace that exists and is empty. */
  readonly namespace: string;
  /** The cluster's time, milliseconds since 1970. */
  nowMs(): number;
  /** Resolves when the question is answered with yes; rejects when it is not within `ms` of the cluster's time. */
  until(what: string, ms: number, isSo: () => Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

const WAIT_MS = 60_000;

type Fields = Readonly<Record<string, unknown>>;

const specOf = (object: ApiObject) => (object.spec ?? {}) as Record<string, never> & Fields;
const statusOf = (object: ApiObject | undefined) => (object?.status ?? {}) as Fields;

/** Declares the tests. `open` is called once, before the first of them. */
export function testWorkloads(what: string, open: () => Promise<WorkloadsUnderTest>): void {
  describe(`workloads on ${what}`, () => {
    const run = new WorkloadRun(open);
    replicaSetCases(run);
    daemonSetCases(run);
    jobCases(run);
    evictionCases(run);
  });
}

class WorkloadRun {
  #opened: WorkloadsUnderTest | undefined;

  constructor(open: () => Promise<WorkloadsUnderTest>) {
    before(async () => {
      this.#opened = await open();
    });
    after(() => this.#opened?.close());
  }

  get under(): WorkloadsUnderTest {
    assert.ok(this.#opened !== undefined);
    return this.#opened;
  }

  /** Makes an object in the namespace. */
  create(kind: Kind, name: string, spec: object): Promise<ApiObject> {
    const { cluster, namespace } = this.under;
    return cluster.create(kind, { metadata: { name, namespace }, spec: spec as Fields });
  }

  async get(kind: Kind, name: string): Promise<ApiObject> {
    const { cluster, namespace } = this.under;
    const found = await cluster.get(kind, kind.namespaced ? { name, namespace } : { name });
    assert.ok(found !== undefined, `${kind.kind} ${name} is gone`);
    return found;
  }

  /** A node that is ready. */
  async node(name: string, labels: Readonly<Record<string, string>>, taints: readonly object[] = []): Promise<void> {
    const allocatable = { cpu: '8', memory: '8Gi', pods: '50' };
    const conditions = [
      { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: new Date().toISOString() },
    ];
    await this.under.cluster.create(KINDS.nodes, {
      metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
      spec: { taints },
      status: { allocatable, capacity: allocatable, conditions } as never,
    });
  }

  /** The pods of a workload that do not end, by name. */
  async pods(workload: string): Promise<ApiObject[]> {
    const { cluster, namespace } = this.under;
    const { items } = await cluster.list(KINDS.pods, { namespace });
    return items
      .filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === workload)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .sort((a, b) => (String(a.metadata.name) < String(b.metadata.name) ? -1 : 1));
  }

  async running(workload: string): Promise<ApiObject[]> {
    return (await this.pods(workload)).filter((pod) => statusOf(pod).phase === 'Running');
  }

  until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    return this.under.until(what, WAIT_MS, isSo);
  }

  /** Waits until a status says all of this. */
  untilStatus(kind: Kind, name: string, wanted: Fields): Promise<void> {
    return this.until(`${kind.kind} ${name} says ${JSON.stringify(wanted)}`, async () => {
      const status = statusOf(await this.get(kind, name));
      return Object.entries(wanted).every(([field, value]) => (status[field] ?? 0) === value);
    });
  }

  async patch(kind: Kind, name: string, spec: object): Promise<void> {
    const { cluster, namespace } = this.under;
    await cluster.patch(kind, { name, namespace }, { type: 'merge', body: { spec } });
  }
}

/** A template of pods on the nodes of one case. */
function templateFor(app: string, more: object = {}): { metadata: object; spec: object } {
  return {
    metadata: { labels: { app } },
    spec: {
      nodeSelector: { case: app },
      containers: [{ name: 'main', image: 'none', resources: { requests: { cpu: '100m' } } }],
      ...more,
    },
  };
}

const nodesOf = (pods: readonly ApiObject[]): string[] => pods.map((pod) => String(specOf(pod).nodeName)).sort();

function replicaSetCases(run: WorkloadRun): void {
  test('a replica set alone has as many pods as it wants, also when some are deleted or it wants others', async () => {
    await run.node('rs-1', { case: 'rs' });
    const selector = { matchLabels: { app: 'rs' } };
    await run.create(KINDS.replicaSets, 'rs', { replicas: 3, selector, template: templateFor('rs') });
    await run.untilStatus(KINDS.replicaSets, 'rs', { replicas: 3, readyReplicas: 3, availableReplicas: 3 });
    const [first] = await run.pods('rs');
    const { cluster, namespace } = run.under;
    await cluster.delete(KINDS.pods, { name: String(first?.metadata.name), namespace });
    await run.until('another pod takes its place', async () => {
      const running = await run.running('rs');
      return running.length === 3 && running.every(({ metadata }) => metadata.name !== first?.metadata.name);
    });
    await run.patch(KINDS.replicaSets, 'rs', { replicas: 1 });
    await run.untilStatus(KINDS.replicaSets, 'rs', { replicas: 1, readyReplicas: 1 });
    assert.equal((await run.pods('rs')).length, 1);
  });
}

function daemonSetCases(run: WorkloadRun): void {
  const selector = (app: string) => ({ matchLabels: { app } });

  test('a daemon set has a pod on every node that its template may run on, and on those that come', async () => {
    await run.node('ds-1', { case: 'ds' });
    await run.node('ds-2', { case: 'ds' }, [{ key: 'mine', value: 'yes', effect: 'NoSchedule' }]);
    await run.node('ds-3', { case: 'other' });
    await run.create(KINDS.daemonSets, 'ds', { selector: selector('ds'), template: templateFor('ds') });
    await run.untilStatus(KINDS.daemonSets, 'ds', { desiredNumberScheduled: 1, numberReady: 1 });
    assert.deepEqual(nodesOf(await run.pods('ds')), ['ds-1']);
    await run.node('ds-4', { case: 'ds' });
    await run.untilStatus(KINDS.daemonSets, 'ds', {
      desiredNumberScheduled: 2,
      currentNumberScheduled: 2,
      updatedNumberScheduled: 2,
      numberAvailable: 2,
      numberUnavailable: 0,
      numberMisscheduled: 0,
    });
    assert.deepEqual(nodesOf(await run.pods('ds')), ['ds-1', 'ds-4']);
  });

  test('its pods are for their nodes by name, and tolerate what comes over nodes', async () => {
    const pod = (await run.pods('ds')).find((one) => specOf(one).nodeName === 'ds-1');
    assert.ok(pod !== undefined);
    const spec = specOf(pod) as unknown as {
      readonly affinity: { readonly nodeAffinity: { readonly requiredDuringSchedulingIgnoredDuringExecution: object } };
      readonly tolerations: readonly { readonly key: string; readonly operator: string; readonly effect: string }[];
    };
    assert.deepEqual(spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution, {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['ds-1'] }] }],
    });
    assert.deepEqual(spec.tolerations.map(({ key, operator, effect }) => `${key} ${operator} ${effect}`).sort(), [
      'node.kubernetes.io/disk-pressure Exists NoSchedule',
      'node.kubernetes.io/memory-pressure Exists NoSchedule',
      'node.kubernetes.io/not-ready Exists NoExecute',
      'node.kubernetes.io/pid-pressure Exists NoSchedule',
      'node.kubernetes.io/unreachable Exists NoExecute',
      'node.kubernetes.io/unschedulable Exists NoSchedule',
    ]);
  });

  test('a tolerated taint keeps no daemon away, and a cordon none that is there', async () => {
    const tolerations = [{ key: 'mine', operator: 'Exists' }];
    await run.create(KINDS.daemonSets, 'ds-all', {
      selector: selector('ds-all'),
      template: { ...templateFor('ds', { tolerations }), metadata: { labels: { app: 'ds-all' } } },
    });
    await run.untilStatus(KINDS.daemonSets, 'ds-all', { desiredNumberScheduled: 3, numberReady: 3 });
    await run.under.cluster.patch(
      KINDS.nodes,
      { name: 'ds-1' },
      { type: 'merge', body: { spec: { unschedulable: true } } },
    );
    await run.untilStatus(KINDS.daemonSets, 'ds-all', { desiredNumberScheduled: 3, numberMisscheduled: 0 });
    assert.deepEqual(nodesOf(await run.pods('ds-all')), ['ds-1', 'ds-2', 'ds-4']);
  });

  test('a node that leaves its template has no pod of it any more', async () => {
    await run.under.cluster.patch(
      KINDS.nodes,
      { name: 'ds-4' },
      { type: 'merge', body: { metadata: { labels: { case: 'none' } } } },
    );
    await run.untilStatus(KINDS.daemonSets, 'ds', { desiredNumberScheduled: 1, numberMisscheduled: 0 });
    await run.until('its pod is gone', async () => nodesOf(await run.pods('ds')).join() === 'ds-1');
  });

  test('a new template comes to every node', async () => {
    const before = await run.pods('ds-all');
    const template = templateFor('ds', {
      tolerations: [{ key: 'mine', operator: 'Exists' }],
      priorityClassName: 'system-node-critical',
    });
    await run.patch(KINDS.daemonSets, 'ds-all', { template: { ...template, metadata: { labels: { app: 'ds-all' } } } });
    await run.until('all pods are of it', async () => {
      const pods = await run.running('ds-all');
      return pods.length === 2 && pods.every((pod) => specOf(pod).priorityClassName === 'system-node-critical');
    });
    const old = new Set(before.map(({ metadata }) => metadata.labels?.['controller-revision-hash']));
    for (const { metadata } of await run.pods('ds-all'))
      assert.ok(!old.has(metadata.labels?.['controller-revision-hash']));
  });

  test('a daemon set that is deleted takes its pods along', async () => {
    const { cluster, namespace } = run.under;
    for (const name of ['ds', 'ds-all']) await cluster.delete(KINDS.daemonSets, { name, namespace });
    await run.until(
      'its pods are gone',
      async () => (await run.pods('ds')).length + (await run.pods('ds-all')).length === 0,
    );
  });
}

function jobCases(run: WorkloadRun): void {
  const never = (app: string) => templateFor(app, { restartPolicy: 'Never' });
  const endOf = async (name: string): Promise<string | undefined> => {
    const { conditions = [] } = statusOf(await run.get(KINDS.jobs, name)) as {
      readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
    };
    const end = conditions.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
    return end === undefined ? undefined : `${end.type} ${end.reason}`;
  };

  test('a job runs as many pods at a time as it may until enough have succeeded', async () => {
    await run.node('job-1', { case: 'job' });
    await run.create(KINDS.jobs, 'job', { completions: 5, parallelism: 2, template: never('job') });
    let most = 0;
    await run.until('it is complete', async () => {
      const going = (await run.pods('job')).filter((pod) => statusOf(pod).phase !== 'Succeeded');
      most = Math.max(most, going.length);
      return (await endOf('job')) !== undefined;
    });
    assert.equal(await endOf('job'), 'Complete CompletionsReached');
    assert.ok(most <= 2, `${most} at a time`);
    await run.untilStatus(KINDS.jobs, 'job', { succeeded: 5, failed: 0, active: 0 });
    const { startTime, completionTime } = statusOf(await run.get(KINDS.jobs, 'job'));
    assert.ok(typeof startTime === 'string' && typeof completionTime === 'string' && startTime <= completionTime);
    const pods = await run.pods('job');
    assert.deepEqual(
      pods.map((pod) => statusOf(pod).phase),
      Array.from({ length: 5 }, () => 'Succeeded'),
    );
  });

  test('its pods are told from those of others by its UID', async () => {
    const job = await run.get(KINDS.jobs, 'job');
    const own = { 'batch.kubernetes.io/controller-uid': String(job.metadata.uid) };
    assert.deepEqual(specOf(job).selector, { matchLabels: own });
    for (const { metadata } of await run.pods('job')) {
      assert.deepEqual(metadata.labels, {
        ...own,
        app: 'job',
        'batch.kubernetes.io/job-name': 'job',
        'controller-uid': String(job.metadata.uid),
        'job-name': 'job',
      });
    }
  });

  test('a job that is deleted takes its pods along', async () => {
    const { cluster, namespace } = run.under;
    await cluster.delete(KINDS.jobs, { name: 'job', namespace }, { propagationPolicy: 'Background' });
    await run.until('its pods are gone', async () => (await run.pods('job')).length === 0);
  });

  test('without a number of completions one success is enough, and nothing begins after it', async () => {
    await run.create(KINDS.jobs, 'job-queue', { parallelism: 3, template: never('job') });
    await run.until('it is complete', async () => (await endOf('job-queue')) === 'Complete CompletionsReached');
    assert.equal((await run.pods('job-queue')).length, 3);
  });

  test('a job that is held back has no pods, and begins when it is let go', async () => {
    await run.create(KINDS.jobs, 'job-held', { suspend: true, template: never('job') });
    const isSuspended = async () =>
      JSON.stringify(statusOf(await run.get(KINDS.jobs, 'job-held')).conditions ?? []).includes('"Suspended"');
    await run.until('it says so', isSuspended);
    assert.equal((await run.pods('job-held')).length, 0);
    await run.patch(KINDS.jobs, 'job-held', { suspend: false });
    await run.until('it is complete', async () => (await endOf('job-held')) === 'Complete CompletionsReached');
  });

  test('a pod that is taken away counts as failed, and too many failures end the job', async () => {
    const nowhere = { ...never('job'), spec: { ...never('job').spec, nodeSelector: { case: 'nowhere' } } };
    await run.create(KINDS.jobs, 'job-failing', { backoffLimit: 0, template: nowhere });
    await run.until('it has a pod', async () => (await run.pods('job-failing')).length === 1);
    const [pod] = await run.pods('job-failing');
    const { cluster, namespace } = run.under;
    await cluster.delete(KINDS.pods, { name: String(pod?.metadata.name), namespace });
    await run.until('it has failed', async () => (await endOf('job-failing')) === 'Failed BackoffLimitExceeded');
    await run.untilStatus(KINDS.jobs, 'job-failing', { failed: 1, succeeded: 0, active: 0 });
    assert.equal((await run.pods('job-failing')).length, 0);
  });

  test('a job whose time is up fails, and one that is over goes after its time to live', async () => {
    const nowhere = { ...never('job'), spec: { ...never('job').spec, nodeSelector: { case: 'nowhere' } } };
    await run.create(KINDS.jobs, 'job-late', { activeDeadlineSeconds: 1, template: nowhere });
    await run.until('it has failed', async () => (await endOf('job-late')) === 'Failed DeadlineExceeded');
    await run.create(KINDS.jobs, 'job-short', { ttlSecondsAfterFinished: 1, template: never('job') });
    const { cluster, namespace } = run.under;
    await run.until(
      'it is gone',
      async () => (await cluster.get(KINDS.jobs, { name: 'job-short', namespace })) === undefined,
    );
    await run.until('its pods are gone', async () => (await run.pods('job-short')).length === 0);
  });
}

function evictionCases(run: WorkloadRun): void {
  test('a taint that drives pods out leaves those that tolerate it, for as long as they do', async () => {
    await run.node('taint-1', { case: 'taint' });
    const selector = { matchLabels: { app: 'taint' } };
    const tolerations = [{ key: 'fire', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 2 }];
    await run.create(KINDS.replicaSets, 'taint-soon', {
      replicas: 1,
      selector,
      template: templateFor('taint', { tolerations }),
    });
    const stays = { selector: { matchLabels: { app: 'taint-stays' } }, replicas: 1 };
    const forever = templateFor('taint', { tolerations: [{ operator: 'Exists' }] });
    await run.create(KINDS.replicaSets, 'taint-stays', {
      ...stays,
      template: { ...forever, metadata: { labels: { app: 'taint-stays' } } },
    });
    const goes = { selector: { matchLabels: { app: 'taint-goes' } }, replicas: 1 };
    await run.create(KINDS.replicaSets, 'taint-goes', {
      ...goes,
      template: { ...templateFor('taint'), metadata: { labels: { app: 'taint-goes' } } },
    });
    const sets = ['taint-soon', 'taint-stays', 'taint-goes'];
    for (const name of sets) await run.untilStatus(KINDS.replicaSets, name, { readyReplicas: 1 });
    const uids = new Map<string, unknown>();
    for (const name of sets) uids.set(name, (await run.pods(name))[0]?.metadata.uid);
    const taints = [
      { key: 'fire', effect: 'NoExecute', timeAdded: new Date(run.under.nowMs()).toISOString().replace(/\.\d+/, '') },
    ];
    await run.under.cluster.patch(KINDS.nodes, { name: 'taint-1' }, { type: 'merge', body: { spec: { taints } } });
    for (const name of ['taint-goes', 'taint-soon']) {
      await run.until(`the pod of ${name} goes`, async () => {
        const pods = await run.running(name);
        return pods.every(({ metadata }) => metadata.uid !== uids.get(name));
      });
    }
    assert.equal((await run.running('taint-stays'))[0]?.metadata.uid, uids.get('taint-stays'));
  });
}
