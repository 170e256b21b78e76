// The plan as text that is the same for the same answer: shapes and counts instead of names of pods, everything in an
// order of its own. The plan's hash is taken over it, outside the engine.
import { priceSourceName } from '../catalogue/index.ts';
import type { CompiledProblem } from '../compile/index.ts';
import type { EnginePlan, NodeExtras, ShapeShare } from '../model/index.ts';

/** Version of the form: a change of the form changes every hash, and says so here. */
const FORM_VERSION = 'dovetail-plan/1';

/** Renders the plan. O(plan); every shape and every offering that the plan names is spelled out once. */
export function canonicalForm(compiled: CompiledProblem, plan: Omit<EnginePlan, 'canonicalForm'>): string {
  const { problem, catalogue } = compiled;
  const lines = [FORM_VERSION];
  compiled.shapes.forEach((shape) => {
    lines.push(`shape ${shape.index} ${shape.input.count} ${shape.input.key}`);
  });
  plan.offerings.offeringIndex.forEach((offeringIndex, place) => {
    const offering = catalogue.offering(offeringIndex);
    const price = plan.offerings.priceNanoUsdPerHour[place]!;
    const source = priceSourceName(plan.offerings.priceSource[place]!);
    lines.push(
      `offering ${place} ${offering.instanceType} ${offering.zone} ${offering.capacityType} ${offering.reservationId} ${price} ${source}`,
    );
  });
  plan.offeringLists.forEach((list, index) => {
    lines.push(`list ${index} ${list.join(' ')}`);
  });
  for (const node of plan.nodes) {
    const labels = Object.entries(node.labels).map(([key, value]) => `${key}=${value}`);
    const pool = problem.pools[node.poolIndex]!.name;
    const relaxed = node.relaxedMinValues.map(({ key, wanted, left }) => ` relaxed ${key} ${left} of ${wanted}`);
    lines.push(
      `nodes ${node.nodeCount} ${pool} list ${node.offeringListIndex} ${node.priceNanoUsdPerHour} pods ${sharesText(node.pods)} labels ${labels.sort().join(',')}${relaxed.join('')}${extrasText(node.extras)}`,
    );
  }
  for (const { nodeIndex, pods } of plan.existing) {
    lines.push(`existing ${problem.nodes[nodeIndex]!.name} ${sharesText(pods)}`);
  }
  for (const { shapeIndex, count, reasons } of plan.unplaced) {
    const texts = reasons.map((reason) => {
      const pool = reason.poolIndex === undefined ? '-' : problem.pools[reason.poolIndex]!.name;
      return `${pool}/${reason.code}/${reason.field}/${reason.message}`;
    });
    lines.push(`unplaced ${shapeIndex} ${count} ${texts.join('; ')}`);
  }
  lines.push(`total ${plan.totalPriceNanoUsdPerHour}`);
  return lines.join('\n');
}

/** Nothing where prices are all that counts. */
function extrasText(extras: NodeExtras): string {
  const { nodeClassNanoUsdPerHour, nodeChargeNanoUsdPerHour, flexibilityChargeNanoUsdPerHour } = extras;
  const amounts = [nodeClassNanoUsdPerHour, nodeChargeNanoUsdPerHour, flexibilityChargeNanoUsdPerHour];
  return amounts.every((amount) => amount === 0) ? '' : ` extras ${amounts.join(' ')}`;
}

function sharesText(shares: readonly ShapeShare[]): string {
  return shares.map(({ shapeIndex, count }) => `${shapeIndex}x${count}`).join(' ');
}
