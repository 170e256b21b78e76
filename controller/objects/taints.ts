// Taints of nodes as the lifecycle of a node needs them: which are there for a while only, and which pods stay in spite of
// them. What the planner makes of taints is the engine's business.
import { DISRUPTED_TAINT, UNREGISTERED_TAINT } from './names.ts';
import type { PodView, TaintView, TolerationView } from './views.ts';

/** Keeps everything away from a node until it is registered. */
export const UNREGISTERED_NO_EXECUTE: TaintView = { key: UNREGISTERED_TAINT, effect: 'NoExecute' };

/** Keeps new pods away from a node that is being emptied. */
export const DISRUPTED_NO_SCHEDULE: TaintView = { key: DISRUPTED_TAINT, effect: 'NoSchedule' };

/** Taints that Kubernetes puts on starting nodes and takes away again, by key, effect and, where it matters, value. */
const EPHEMERAL: readonly { readonly key: string; readonly effect: string; readonly value?: string }[] = [
  { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' },
  { key: 'node.cloudprovider.kubernetes.io/uninitialized', effect: 'NoSchedule', value: 'true' },
  { key: UNREGISTERED_TAINT, effect: 'NoExecute' },
];

/** Start of the keys of taints that say what a node still waits for. */
const READINESS_PREFIX = 'readiness.k8s.io/';

/** True for a taint that is about to go by itself while a node starts. */
export function isEphemeral(taint: TaintView): boolean {
  if (taint.key.startsWith(READINESS_PREFIX)) return true;
  return EPHEMERAL.some(
    ({ key, effect, value }) =>
      key === taint.key && effect === taint.effect && (value === undefined || value === taint.value),
  );
}

/** Same key and effect: no node has two such. */
export function matches(one: TaintView, other: TaintView): boolean {
  return one.key === other.key && one.effect === other.effect;
}

/** The taints with those of `added` that are not there yet. */
export function mergeTaints(present: readonly TaintView[], added: readonly TaintView[]): readonly TaintView[] {
  const missing = added.filter((taint) => !present.some((one) => matches(one, taint)));
  return missing.length === 0 ? present : [...present, ...missing];
}

/** True for a pod that stays on a node which is being emptied. */
export function toleratesDisruption(pod: PodView): boolean {
  return (pod.spec?.tolerations ?? []).some((toleration) => tolerates(toleration, DISRUPTED_NO_SCHEDULE));
}

function tolerates(toleration: TolerationView, taint: TaintView): boolean {
  const { key = '', operator = 'Equal', value = '', effect = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key === '') return operator === 'Exists';
  return key === taint.key && (operator === 'Exists' || (operator === 'Equal' && value === (taint.value ?? '')));
}
