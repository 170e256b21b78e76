// Whether a NodePool may grow, as its conditions say it. Pure.
import { InputError, nodePoolSpec } from '../kubernetes/index.ts';
import { type ConditionValue, conditionOf, isDeleting } from '../objects/index.ts';
import type { ApiObject } from '../ports/index.ts';

/** Conditions that together make a pool Ready. */
export const POOL_CONDITIONS = ['ValidationSucceeded', 'NodeClassReady'] as const;

/** Longest message of a condition. */
const LONGEST_MESSAGE = 32_000;

/** Whether the spec holds together. */
export function validation(pool: ApiObject): ConditionValue {
  const type = 'ValidationSucceeded';
  try {
    nodePoolSpec(pool);
    return { type, status: 'True' };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const message = `${error.path.join('.')}: ${error.message}`.slice(0, LONGEST_MESSAGE);
    return { type, status: 'False', reason: 'NodePoolValidationFailed', message };
  }
}

/** Whether the node class is there and can be launched with. */
export function nodeClassReadiness(nodeClass: ApiObject | undefined): ConditionValue {
  const type = 'NodeClassReady';
  if (nodeClass === undefined) {
    return { type, status: 'False', reason: 'NodeClassNotFound', message: 'NodeClass not found on cluster' };
  }
  if (isDeleting(nodeClass)) {
    return { type, status: 'False', reason: 'NodeClassTerminating', message: 'NodeClass is Terminating' };
  }
  const ready = conditionOf(nodeClass, 'Ready');
  if (ready?.status === 'True') return { type, status: 'True' };
  if (ready === undefined || ready.status === 'Unknown') {
    const reason = 'NodeClassReadinessUnknown';
    return { type, status: 'Unknown', reason, message: 'Node Class Readiness Unknown' };
  }
  return { type, status: 'False', reason: ready.reason ?? 'NodeClassNotReady', message: ready.message ?? '' };
}
