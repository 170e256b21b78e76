// A pool's minValues: a condition on all offerings that are left together and on none alone. It is looked at once all others
// have been.
import { hasBit } from '../bits/index.ts';
import { COST, type Condition, condition } from './condition.ts';
import { both, type Layers, type PoolSpace } from './space.ts';

/** Conditions by the pool's minValues on what the other conditions leave; none where the policy lets them go. */
export function floorConditions(space: PoolSpace, others: readonly Condition[]): Condition[] {
  const { compiled, pool } = space;
  if (compiled.problem.minValuesPolicy === 'best-effort') return [];
  const floored = pool.requirements.requirements().filter(({ minValues }) => minValues !== undefined);
  if (floored.length === 0) return [];
  const left = others.reduce((layers, { layers: met }) => both(layers, met), space.everything);
  return floored.map(({ key, minValues = 0 }) => {
    const counts = left.map((_, variant) => distinct(space, left, variant, key));
    const most = Math.max(0, ...counts);
    const field = 'spec.template.spec.requirements.minValues';
    return condition({
      kind: 'min-values',
      field,
      key,
      text: `minValues ${minValues} of ${key}: the offerings left have ${most}`,
      // Where nothing is left at all, it is not this that removes it.
      layers: space.variants.map(({ universe }, variant) =>
        counts[variant] === 0 || counts[variant]! >= minValues ? universe : space.nothing,
      ),
      cost: () => COST.pool,
      edit: ({ variant }) => ({
        field,
        amount: counts[variant]!,
        text: `lower minValues of ${key} from ${minValues} to ${counts[variant]} in pool ${pool.input.name}, or plan with the policy BestEffort`,
        admits: () => true,
      }),
    });
  });
}

/** Different values of a label among the offerings of one variant. */
function distinct(space: PoolSpace, layers: Layers, variant: number, key: string): number {
  const values = new Set<string>();
  for (let offering = 0; offering < space.compiled.catalogue.offeringCount; offering++) {
    if (!hasBit(layers[variant]!, offering)) continue;
    const value = space.label({ variant, offering }, key);
    if (value !== undefined) values.add(value);
  }
  return values.size;
}
