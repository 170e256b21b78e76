// What is special about events of some reasons. Everything else is told once in two minutes for one object.
import { LIMITS } from './limits.ts';
import type { BucketRate } from './token-bucket.ts';

/** How events of one reason are held back. */
export interface ReasonRule {
  readonly dedupeMs?: number;
  /** Another message makes it another event; without this the reason and the object decide. */
  readonly byMessage?: true;
  /** For all objects together. */
  readonly rate?: BucketRate;
  /** It is told on the controller's own Pod as well: whoever looks at its namespace sees what it does. */
  readonly onOwnPod?: true;
}

const RULES: ReadonlyMap<string, ReasonRule> = new Map([
  ['FailedScheduling', { dedupeMs: LIMITS.failedSchedulingDedupeMs }],
  ['Nominated', { rate: LIMITS.nominated }],
  ['FailedConsistencyCheck', { byMessage: true }],
  // How many pods are left must not hide which of them a budget holds.
  ['FailedDraining', { byMessage: true }],
  ['Launched', { onOwnPod: true }],
  ['Terminated', { onOwnPod: true }],
]);

const NO_RULE: ReasonRule = {};

/** The rule of a reason. */
export function ruleOf(reason: string): ReasonRule {
  return RULES.get(reason) ?? NO_RULE;
}
