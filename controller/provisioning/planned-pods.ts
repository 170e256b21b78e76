// Finds the pods that a plan names, as they are now.
import type { PlacedPods, SessionPlanned } from '../../proto/index.ts';
import type { ControllerContext } from '../context/index.ts';
import type { ApiObject } from '../ports/index.ts';

/** The pods of some places of a plan; those that have gone since are passed over. */
export function* podsOf(
  { stores }: Pick<ControllerContext, 'stores'>,
  planned: SessionPlanned,
  placed: readonly PlacedPods[],
): Generator<ApiObject> {
  for (const { group, names } of placed) {
    const written = planned.podGroups[group]?.namespace ?? '';
    const namespace = written === '' ? 'default' : written;
    for (const name of names) {
      const pod = stores.pods.get({ namespace, name });
      if (pod !== undefined) yield pod;
    }
  }
}
