// What planned nodes count for beside their prices: shown with the plan, so that nobody has to guess what it was chosen by.
import type { CompiledProblem, CompiledTemplate } from '../compile/index.ts';
import type { NodeExtras, PlannedNodes } from '../model/index.ts';
import { chargeOfList } from '../pack/index.ts';

/** The extras of a node with a ranked list. Reserved capacity bears no charges: it is used first, whatever it counts for. */
export function extrasOf(compiled: CompiledProblem, template: CompiledTemplate, list: Uint32Array): NodeExtras {
  const { costs, reservations } = compiled;
  const first = list[0]!;
  const isReserved = reservations.of(first) >= 0;
  return {
    nodeClassNanoUsdPerHour: costs.classCostOf(template, first),
    nodeChargeNanoUsdPerHour: isReserved ? 0 : costs.objective.nodeChargeNanoUsdPerHour,
    flexibilityChargeNanoUsdPerHour: chargeOfList(compiled, template, list),
  };
}

/** The extras of all nodes together. */
export function totalExtrasOf(nodes: readonly PlannedNodes[]): NodeExtras {
  const total = (read: (extras: NodeExtras) => number): number =>
    nodes.reduce((sum, { nodeCount, extras }) => sum + nodeCount * read(extras), 0);
  return {
    nodeClassNanoUsdPerHour: total(({ nodeClassNanoUsdPerHour }) => nodeClassNanoUsdPerHour),
    nodeChargeNanoUsdPerHour: total(({ nodeChargeNanoUsdPerHour }) => nodeChargeNanoUsdPerHour),
    flexibilityChargeNanoUsdPerHour: total(({ flexibilityChargeNanoUsdPerHour }) => flexibilityChargeNanoUsdPerHour),
  };
}
