// The status of disruption budgets: how many pods there should be, how many are healthy, how many may go now.
import type { ApiObject } from '../../ports/index.ts';
import { KINDS } from '../../ports/index.ts';
import { type Controller, type ControllerContext, controllerQueue, follow, nameOfKey } from '../controller-context.ts';
import { isReady } from '../eviction.ts';
import type { Fields } from '../json.ts';
import { isDeleting, isFinished, workloadSpec } from '../objects.ts';
import { labelSelectorTest } from '../selectors.ts';
import { formatTime } from '../stamps.ts';
import { nameOf, objectKey } from '../storage.ts';
import type { WorkQueue } from '../work-queue.ts';
import { countOf } from './counts.ts';
import { updateStatus } from './pod-template.ts';

/** How long an eviction that was allowed counts although its pod is still there and not ending. */
const DISRUPTION_TIMEOUT_MS = 2 * 60_000;

/** The controller of disruption budgets. */
export class DisruptionBudgets implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = controllerQueue(context, (key) => this.#reconcile(key));
  }

  start(): void {
    follow(this.#context, KINDS.podDisruptionBudgets, (budget) => this.#queue.add(objectKey(nameOf(budget))));
    follow(this.#context, KINDS.pods, (pod, change) => {
      for (const budget of this.#context.api.storage.values(KINDS.podDisruptionBudgets)) {
        if (budget.metadata.namespace !== pod.metadata.namespace) continue;
        const test = labelSelectorTest((budget.spec as Fields).selector);
        const before = change?.before?.metadata.labels;
        if (test(pod.metadata.labels ?? {}) || (before !== undefined && test(before)))
          this.#queue.add(objectKey(nameOf(budget)));
      }
    });
  }

  #reconcile(key: string): void {
    const { api, clock } = this.#context;
    const budget = api.storage.get(KINDS.podDisruptionBudgets, nameOfKey(key));
    if (budget === undefined) return;
    const spec = budget.spec as Fields;
    const test = labelSelectorTest(spec.selector);
    const pods = [...api.storage.values(KINDS.pods)]
      .filter((pod) => pod.metadata.namespace === budget.metadata.namespace && test(pod.metadata.labels ?? {}))
      .filter((pod) => !isFinished(pod));
    const disruptedPods = this.#stillDisrupted(key, budget, pods);
    const [expectedPods, desiredHealthy] = this.#expected(spec, pods);
    const currentHealthy = pods.filter(
      (pod) => !isDeleting(pod) && isReady(pod) && disruptedPods[String(pod.metadata.name)] === undefined,
    ).length;
    const disruptionsAllowed = expectedPods === 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
    updateStatus(this.#context, KINDS.podDisruptionBudgets, budget, {
      observedGeneration: budget.metadata.generation,
      expectedPods,
      desiredHealthy,
      currentHealthy,
      disruptionsAllowed,
      disruptedPods: Object.keys(disruptedPods).length === 0 ? undefined : disruptedPods,
      conditions: [disruptionAllowed(budget, disruptionsAllowed, formatTime(clock.nowMs()))],
    });
  }

  /** Evictions that were allowed and whose pods are not ending yet. */
  #stillDisrupted(key: string, budget: ApiObject, pods: readonly ApiObject[]): Record<string, unknown> {
    const recorded = (budget.status as Fields | undefined)?.disruptedPods as Record<string, string> | undefined;
    const nowMs = this.#context.clock.nowMs();
    const still: Record<string, unknown> = {};
    for (const [name, time] of Object.entries(recorded ?? {})) {
      const pod = pods.find(({ metadata }) => metadata.name === name);
      const leftMs = Date.parse(time) + DISRUPTION_TIMEOUT_MS - nowMs;
      if (pod === undefined || isDeleting(pod) || leftMs <= 0) continue;
      still[name] = time;
      this.#queue.addLater(key, leftMs);
    }
    return still;
  }

  /** How many pods there should be, and how many of them healthy. */
  #expected(spec: Fields, pods: readonly ApiObject[]): readonly [expected: number, healthy: number] {
    if (spec.maxUnavailable !== undefined) {
      const expected = this.#wantedByOwners(pods);
      return [expected, Math.max(0, expected - countOf(spec.maxUnavailable, expected, 'up'))];
    }
    const minAvailable = spec.minAvailable ?? 1;
    if (typeof minAvailable === 'number') return [pods.length, minAvailable];
    const expected = this.#wantedByOwners(pods);
    return [expected, countOf(minAvailable, expected, 'up')];
  }

  /** The replicas that the controllers of the pods want, together. */
  #wantedByOwners(pods: readonly ApiObject[]): number {
    const { storage } = this.#context.api;
    const owners = new Map<string, number>();
    for (const pod of pods) {
      const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
      if (owner === undefined) continue;
      const kind = [KINDS.replicaSets, KINDS.statefulSets].find((entry) => entry.kind === owner.kind);
      const name = { namespace: String(pod.metadata.namespace), name: owner.name };
      const found = kind === undefined ? undefined : storage.get(kind, name);
      if (found !== undefined) owners.set(owner.uid, workloadSpec(found).replicas ?? 1);
    }
    return [...owners.values()].reduce((sum, count) => sum + count, 0);
  }
}

function disruptionAllowed(budget: ApiObject, allowed: number, now: string): Fields {
  const status = allowed > 0 ? 'True' : 'False';
  const before = ((budget.status as Fields | undefined)?.conditions as Fields[] | undefined)?.[0];
  return {
    type: 'DisruptionAllowed',
    status,
    reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration: budget.metadata.generation,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
  };
}
