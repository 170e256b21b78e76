// Whether a pod may be evicted, by the disruption budgets that select it. The counts are those in the budgets' status; the
// controller of budgets keeps them (controllers/disruption-budgets.ts).
import type { ApiObject } from '../ports/index.ts';
import { ClusterError, KINDS } from '../ports/index.ts';
import { forbidden } from './errors.ts';
import { type Fields, isFields } from './json.ts';
import { LIMITS } from './limits.ts';
import { labelSelectorTest } from './selectors.ts';
import { formatTime } from './stamps.ts';
import type { Storage } from './storage.ts';

/** Seconds after which a caller may ask again when the budget's status is behind its spec. */
const STALE_BUDGET_RETRY_MS = 10_000;

/** The budget with one disruption less, undefined where no budget counts. Throws where one forbids it. */
export function allowEviction(storage: Storage, pod: ApiObject, nowMs: number): ApiObject | undefined {
  const status = fieldsOf(pod.status);
  const needsNoBudget =
    pod.metadata.deletionTimestamp !== undefined || ['Succeeded', 'Failed', 'Pending'].includes(String(status.phase));
  if (needsNoBudget) return undefined;
  const budgets = budgetsOf(storage, pod);
  const [budget] = budgets;
  if (budget === undefined) return undefined;
  if (budgets.length > 1) {
    throw new ClusterError(
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  if (!isReady(pod) && unhealthyMayGo(budget)) return undefined;
  return decremented(pod, budget, nowMs);
}

/** The budgets that select a pod. */
export function budgetsOf(storage: Storage, pod: ApiObject): ApiObject[] {
  return storage
    .sorted(KINDS.podDisruptionBudgets)
    .filter(
      (budget) =>
        budget.metadata.namespace === pod.metadata.namespace &&
        labelSelectorTest(fieldsOf(budget.spec).selector)(pod.metadata.labels ?? {}),
    );
}

/** Whether a pod says that it is ready. */
export function isReady(pod: ApiObject): boolean {
  const { conditions } = fieldsOf(pod.status);
  return (
    Array.isArray(conditions) &&
    conditions.some((condition: Fields) => condition.type === 'Ready' && condition.status === 'True')
  );
}

function unhealthyMayGo(budget: ApiObject): boolean {
  if (fieldsOf(budget.spec).unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = fieldsOf(budget.status) as Record<string, number>;
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

function decremented(pod: ApiObject, budget: ApiObject, nowMs: number): ApiObject {
  const name = String(budget.metadata.name);
  const status = fieldsOf(budget.status);
  if (Number(status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    throw disrupts(`The disruption budget ${name} is still being processed by the server.`, STALE_BUDGET_RETRY_MS);
  }
  const allowed = Number(status.disruptionsAllowed ?? 0);
  const disrupted = fieldsOf(status.disruptedPods);
  if (allowed < 0) throw forbidden(KINDS.podDisruptionBudgets, name, 'pdb disruptions allowed is negative');
  if (Object.keys(disrupted).length > LIMITS.disruptedPods) {
    throw forbidden(
      KINDS.podDisruptionBudgets,
      name,
      'DisruptedPods map too big - too many evictions not confirmed by PDB controller',
    );
  }
  if (allowed === 0) {
    const { desiredHealthy = 0, currentHealthy = 0 } = status;
    throw disrupts(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
      undefined,
    );
  }
  return {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: allowed - 1,
      disruptedPods: { ...disrupted, [String(pod.metadata.name)]: formatTime(nowMs) },
    },
  };
}

function disrupts(why: string, retryAfterMs: number | undefined): ClusterError {
  return new ClusterError(
    'TooManyRequests',
    `Cannot evict pod as it would violate the pod's disruption budget. ${why}`,
    {
      causes: ['DisruptionBudget'],
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  );
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}
