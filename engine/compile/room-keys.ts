// Which offerings of a template leave the same room for pods: equal types, less the same daemonsets.
import type { CompiledProblem, CompiledTemplate } from './problem.ts';

/** Keys of rooms. */
export interface RoomKeys {
  /** All keys are below it. */
  readonly count: number;
  /** The key of an offering's room: where two are equal, so is what `CompiledProblem.roomInto` writes. */
  of(offering: number): number;
}

/** The keys of a template's rooms. O(types). */
export function roomKeys({ catalogue, dimensions }: CompiledProblem, template: CompiledTemplate): RoomKeys {
  const roomIds = catalogue.columnSets.roomIds(template.pool.columns, dimensions);
  const { offeringTypes } = catalogue;
  const { daemonOverheadOf } = template;
  const overheadCount = template.daemonOverheads.length;
  return {
    count: (roomIds.reduce((most, id) => Math.max(most, id), 0) + 1) * overheadCount,
    of: (offering) => roomIds[offeringTypes[offering]!]! * overheadCount + daemonOverheadOf[offering]!,
  };
}
