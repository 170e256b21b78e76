// Taints of nodes as controllers judge them. Pure.
import type { ApiObject } from '../../ports/index.ts';
import { nodeSpec, type Taint, type Toleration, tolerates } from '../objects.ts';

/** The first taint, of one effect or of those that keep pods away, that none of the tolerations covers. */
export function firstUntolerated(
  node: ApiObject,
  tolerations: readonly Toleration[],
  effect?: 'NoExecute',
): Taint | undefined {
  return (nodeSpec(node).taints ?? []).find(
    (taint) =>
      (effect === undefined ? taint.effect !== 'PreferNoSchedule' : taint.effect === effect) &&
      !tolerations.some((toleration) => tolerates(toleration, taint)),
  );
}
