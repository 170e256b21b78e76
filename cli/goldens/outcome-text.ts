// A plan as text for people who review it: nodes with what is on them by name, existing nodes that take pods, pods left
// out with why, what was warned of.
import { capacityTypeName, dollars, rankedOfferings } from '../../controller/kubernetes/index.ts';
import type { Plan, RankedOffering } from '../../proto/index.ts';
import type { Outcome } from './outcome.ts';
import { reasonCodeName } from './reason-code.ts';

/** The text of a golden. */
export function outcomeText(outcome: Outcome): string {
  if (outcome.kind === 'refused') return `refused\n${outcome.messages.map((message) => `  ${message}\n`).join('')}`;
  const { plan, warnings } = outcome;
  const lines = [...newNodes(plan), ...existingNodes(plan), ...leftOut(plan)];
  lines.push(`${plan.nodes.length} new nodes at $${dollars(plan.totalPriceNanoUsdPerHour).toFixed(2)} an hour`);
  for (const warning of warnings) lines.push(`warning: ${warning}`);
  return `${lines.join('\n')}\n`;
}

function newNodes(plan: Plan): string[] {
  return plan.nodes.flatMap((node, index) => {
    const [first, ...others] = rankedOfferings(plan, node.offeringList);
    const labels = Object.entries(node.labels).map(([key, value]) => `${key}=${value}`);
    const withLabels = labels.length === 0 ? '' : ` with ${labels.join(', ')}`;
    return [
      `new node ${index + 1} of pool ${node.nodePool}: ${offeringsText(first === undefined ? [] : [first])}${withLabels}`,
      ...(others.length === 0 ? [] : [`  or ${offeringsText(others)}`]),
      ...node.relaxedMinValues.map(
        ({ key, wanted, left }) => `  falls short of minValues: ${left} of ${wanted} ${key}`,
      ),
      `  ${podNames(node.pods)}`,
    ];
  });
}

/** Offerings in their order; those that differ by zone only are written once: `small in a b on-demand $0.10`. */
function offeringsText(offerings: readonly RankedOffering[]): string {
  const zones = new Map<string, string[]>();
  for (const { instanceType, zone, capacityType, reservationId, priceNanoUsdPerHour } of offerings) {
    const capacity = [capacityTypeName(capacityType), ...(reservationId === '' ? [] : [reservationId])].join(' ');
    const key = `${instanceType}|${capacity} $${dollars(priceNanoUsdPerHour).toFixed(2)}`;
    zones.set(key, [...(zones.get(key) ?? []), zone]);
  }
  return [...zones].map(([key, names]) => key.replace('|', ` in ${names.join(' ')} `)).join(', ');
}

function existingNodes(plan: Plan): string[] {
  return plan.existing.flatMap(({ node, pods }) => [`existing node ${node}`, `  ${podNames(pods)}`]);
}

function leftOut(plan: Plan): string[] {
  return plan.unplaced.flatMap(({ pods, reasons }) => [
    `left out: ${pods?.names.join(', ')}`,
    ...reasons.map(({ nodePool, code, message, field }) => {
      const where = nodePool === '' ? '' : `pool ${nodePool}, `;
      return `  ${where}${reasonCodeName(code)}${field === '' ? '' : ` at ${field}`}: ${message}`;
    }),
  ]);
}

function podNames(pods: readonly { readonly names: readonly string[] }[]): string {
  return pods
    .flatMap(({ names }) => names)
    .toSorted()
    .join(', ');
}
