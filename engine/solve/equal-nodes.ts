// New nodes in the order in which the plan has them, equal ones together. The order does not depend on the problem's.
import { compareText } from '../catalogue/index.ts';
import type { Unit } from '../compile/index.ts';
import type { ShapeShare } from '../model/index.ts';
import type { NewNodes } from './placing.ts';

/** Equal nodes with the pods of one of them. */
export interface EqualNodes extends NewNodes {
  /** Ascending by shape. */
  readonly pods: readonly ShapeShare[];
}

/** Merges equal nodes and puts them in their order. O(nodes × log nodes × units of a node). */
export function mergeEqualNodes(groups: readonly NewNodes[]): EqualNodes[] {
  const numbers = new UnitNumbers();
  const merged = new Map<string, { -readonly [Key in keyof EqualNodes]: EqualNodes[Key] }>();
  for (const group of groups) {
    let key = `${group.template.index} ${group.limitTakes.join(',')} ${group.reservations.join(',')}`;
    for (let entry = 0; entry < group.units.length; entry++) {
      key += ` ${numbers.numberOf(group.units[entry]!)}x${group.unitCounts[entry]!}`;
    }
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { ...group, pods: podsOf(group) });
    else known.nodeCount += group.nodeCount;
  }
  return [...merged.values()].sort(compareNodes);
}

function compareNodes(left: EqualNodes, right: EqualNodes): number {
  if (left.template.index !== right.template.index) return left.template.index - right.template.index;
  for (let entry = 0; entry < Math.min(left.pods.length, right.pods.length); entry++) {
    const difference =
      left.pods[entry]!.shapeIndex - right.pods[entry]!.shapeIndex ||
      right.pods[entry]!.count - left.pods[entry]!.count;
    if (difference !== 0) return difference;
  }
  return (
    right.pods.length - left.pods.length ||
    compareVectors(left.limitTakes, right.limitTakes) ||
    compareText(left.reservations.join(), right.reservations.join()) ||
    compareText(textOf(left.units), textOf(right.units))
  );
}

/** What tells units of a node apart: members, and where they are pinned. */
class UnitNumbers {
  readonly #numbersOfKeys = new Map<string, number>();
  readonly #numbers = new Map<Unit, number>();

  /** The same number for units with the same text. */
  numberOf(unit: Unit): number {
    let number = this.#numbers.get(unit);
    if (number === undefined) {
      // Equal constraints are one set, whose number is much shorter than their texts.
      const key = `${membersText(unit)}@${unit.constraintSet.index}`;
      number = this.#numbersOfKeys.get(key) ?? this.#numbersOfKeys.size;
      this.#numbersOfKeys.set(key, number);
      this.#numbers.set(unit, number);
    }
    return number;
  }
}

function textOf(units: readonly Unit[]): string {
  return units
    .map((unit) => `${membersText(unit)}@${unit.constraints.map((constraint) => constraint.text).join('&')}`)
    .join(' ');
}

function membersText({ members }: Unit): string {
  let text = '';
  for (const { pod, podCount } of members) text += `${pod.of.index}.${pod.step}x${podCount}+`;
  return text;
}

/** Pods of one node by shape, ascending. */
function podsOf({ units, unitCounts }: NewNodes): ShapeShare[] {
  const shares: { shapeIndex: number; count: number }[] = [];
  for (let entry = 0; entry < units.length; entry++) {
    for (const { pod, podCount } of units[entry]!.members) {
      const shapeIndex = pod.of.index;
      const count = podCount * unitCounts[entry]!;
      const known = shares.find((share) => share.shapeIndex === shapeIndex);
      if (known === undefined) shares.push({ shapeIndex, count });
      else known.count += count;
    }
  }
  return shares.sort((left, right) => left.shapeIndex - right.shapeIndex);
}

function compareVectors(left: Float64Array, right: Float64Array): number {
  for (let index = 0; index < left.length; index++) {
    if (left[index] !== right[index]) return left[index]! - right[index]!;
  }
  return 0;
}
