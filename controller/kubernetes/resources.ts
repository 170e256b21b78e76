// Lists of resources: Kubernetes' {cpu: "500m", memory: "1Gi"} to the contract's Resources, and exact sums and maxima on
// the way. Rounding happens once, when the sum is final.
import type { Resources } from '../../proto/index.ts';
import { at, type FieldPath, mapping } from './fields.ts';
import {
  type AmountUnit,
  largestAmount,
  type NanoAmount,
  quantityText,
  type Rounding,
  requiredAmount,
  roundAmount,
} from './quantity.ts';

/** Exact amounts by resource name, in billionths. */
export type AmountList = Map<string, NanoAmount>;

/** The unit in which the contract counts a resource: CPU in thousandths, everything else in its base unit. */
export function unitOf(resource: string): AmountUnit {
  return resource === 'cpu' ? 'milli' : 'whole';
}

/** Reads a list of quantities; an absent one is empty. */
export function readAmounts(value: unknown, path: FieldPath | undefined): AmountList {
  const amounts: AmountList = new Map();
  const found = mapping(value, path);
  if (found === undefined) return amounts;
  for (const name in found) {
    const quantity = found[name];
    if (quantity === undefined || quantity === null) continue;
    amounts.set(name, requiredAmount(quantity, at(path, name)));
  }
  return amounts;
}

/** Adds `addend` into `sum`. */
export function addAmounts(sum: AmountList, addend: AmountList): void {
  for (const [name, amount] of addend) sum.set(name, (sum.get(name) ?? 0n) + amount);
}

/** Raises every amount of `target` to at least that of `floor`. */
export function raiseAmounts(target: AmountList, floor: AmountList): void {
  for (const [name, amount] of floor) {
    const present = target.get(name);
    if (present === undefined || present < amount) target.set(name, amount);
  }
}

/** The contract's message for exact amounts. Errors name the resource under `path`. */
export function resourcesFromAmounts(amounts: AmountList, rounding: Rounding, path: FieldPath | undefined): Resources {
  const resources: Resources = { $typeName: 'dovetail.v1.Resources', extended: {} };
  for (const [name, amount] of amounts) {
    const rounded = roundAmount(amount, unitOf(name), rounding, at(path, name));
    if (name === 'cpu') resources.cpuMilli = rounded;
    else if (name === 'memory') resources.memoryBytes = rounded;
    else if (name === 'ephemeral-storage') resources.ephemeralStorageBytes = rounded;
    else if (name === 'pods') resources.pods = rounded;
    else resources.extended[name] = rounded;
  }
  return resources;
}

/** Reads what is offered (capacity, allocatable, limits): rounds down. */
export function offeredResources(value: unknown, path: FieldPath | undefined): Resources {
  return resourcesFromAmounts(readAmounts(value, path), 'down', path);
}

/** Reads what is taken (requests, shares kept by the system): rounds up. */
export function requestedResources(value: unknown, path: FieldPath | undefined): Resources {
  return resourcesFromAmounts(readAmounts(value, path), 'up', path);
}

/** Reads limits: rounds down; one beyond what can be counted is as good as the largest that can. */
export function limitResources(value: unknown, path: FieldPath | undefined): Resources {
  const amounts = readAmounts(value, path);
  for (const [name, amount] of amounts) {
    const most = largestAmount(unitOf(name));
    if (amount > most) amounts.set(name, most);
  }
  return resourcesFromAmounts(amounts, 'down', path);
}

/** Resource name to quantity, as Kubernetes writes it; what is not said is left out. */
export function quantitiesOf(resources: Resources): Record<string, string> {
  const { cpuMilli, memoryBytes, ephemeralStorageBytes, pods, extended } = resources;
  const amounts = { cpu: cpuMilli, memory: memoryBytes, 'ephemeral-storage': ephemeralStorageBytes, pods, ...extended };
  return Object.fromEntries(
    Object.entries(amounts).flatMap(([name, amount]) =>
      amount === undefined ? [] : [[name, quantityText(name, amount)]],
    ),
  );
}
