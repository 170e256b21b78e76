// Conditions of a status: read, set, and summed up into Ready. Pure: who changes conditions gets a new list.
import type { ApiObject } from '../ports/index.ts';
import { type Condition, type ConditionedView, momentText } from './views.ts';

/** What is said of one condition. */
export interface ConditionValue {
  readonly type: string;
  readonly status: Condition['status'];
  /** A word; absent means the type's name. */
  readonly reason?: string;
  readonly message?: string;
}

export function conditionOf(object: ApiObject, type: string): Condition | undefined {
  return conditionsOf(object).find((condition) => condition.type === type);
}

function conditionsOf(object: ApiObject): readonly Condition[] {
  return (object as ConditionedView).status?.conditions ?? [];
}

/** True where the condition is True; of another generation of the object counts as well. */
export function isTrue(object: ApiObject, type: string): boolean {
  return conditionOf(object, type)?.status === 'True';
}

/** Status of conditions of one object, changed step by step. */
export class ConditionSet {
  readonly #generation: number | undefined;
  readonly #nowMs: number;
  #conditions: readonly Condition[];
  #changed = false;

  constructor(object: ApiObject, nowMs: number) {
    this.#generation = object.metadata.generation;
    this.#nowMs = nowMs;
    this.#conditions = conditionsOf(object);
  }

  get list(): readonly Condition[] {
    return this.#conditions;
  }

  get changed(): boolean {
    return this.#changed;
  }

  get(type: string): Condition | undefined {
    return this.#conditions.find((condition) => condition.type === type);
  }

  isTrue(type: string): boolean {
    return this.get(type)?.status === 'True';
  }

  /** Sets a condition. The time of its transition changes with its status only. */
  set({ type, status, reason = type, message = '' }: ConditionValue): void {
    const before = this.get(type);
    const same = before?.status === status && before.reason === reason && (before.message ?? '') === message;
    if (same && before.observedGeneration === this.#generation) return;
    const after: Condition = {
      type,
      status,
      reason,
      message,
      lastTransitionTime:
        before?.status === status && before.lastTransitionTime !== undefined
          ? before.lastTransitionTime
          : momentText(this.#nowMs),
      ...(this.#generation === undefined ? {} : { observedGeneration: this.#generation }),
    };
    this.#conditions =
      before === undefined
        ? [...this.#conditions, after]
        : this.#conditions.map((condition) => (condition === before ? after : condition));
    this.#changed = true;
  }

  /** Takes a condition away. */
  remove(type: string): void {
    if (this.get(type) === undefined) return;
    this.#conditions = this.#conditions.filter((condition) => condition.type !== type);
    this.#changed = true;
  }

  /** Makes Ready of those it depends on: True when all are, False when one is, Unknown else. */
  summarize(types: readonly string[]): void {
    for (const type of types) {
      if (this.get(type) !== undefined) continue;
      this.set({
        type,
        status: 'Unknown',
        reason: 'AwaitingReconciliation',
        message: 'object is awaiting reconciliation',
      });
    }
    const unmet = types.filter((type) => !this.isTrue(type));
    if (unmet.length === 0) {
      this.set({ type: 'Ready', status: 'True' });
      return;
    }
    const isFalse = unmet.some((type) => this.get(type)?.status === 'False');
    this.set({
      type: 'Ready',
      status: isFalse ? 'False' : 'Unknown',
      reason: isFalse ? 'UnhealthyDependents' : 'ReconcilingDependents',
      message: unmet.map((type) => `${type}=${this.get(type)?.status}`).join(', '),
    });
  }
}
