// A case as text that people can review: what was asked in short, what was planned in full. For goldens only.
import type { ResourceList, ShapeShare } from '../index.ts';
import { type Case, identities } from './case.ts';

/** The plan of a case, one line a fact. */
export function renderPlan(subject: Case): string {
  const { plan, problem } = subject;
  const names = nameShapes(subject);
  const lines: string[] = [];
  for (const nodes of plan.nodes) {
    const poolName = problem.pools[nodes.poolIndex]?.name ?? '?';
    lines.push(`${nodes.nodeCount} new node(s) of pool ${poolName} at ${dollars(nodes.priceNanoUsdPerHour)} each`);
    lines.push(`  pods: ${shares(nodes.pods, names)}`);
    lines.push(
      `  requests ${amounts(nodes.requests)} of ${amounts(nodes.allocatable)}, daemonsets ${amounts(nodes.daemonOverhead)}`,
    );
    for (const [key, value] of Object.entries(nodes.labels)) lines.push(`  label ${key}=${value}`);
    for (const { key, wanted, left } of nodes.relaxedMinValues)
      lines.push(`  relaxed: ${left} of ${wanted} values of ${key}`);
    const list = plan.offeringLists[nodes.offeringListIndex] ?? new Uint32Array();
    identities(subject, nodes).forEach((identity, at) => {
      const [typeName, zone, capacityType, reservationId = ''] = identity.split('|');
      const price = plan.offerings.priceNanoUsdPerHour[list[at] ?? -1] ?? Number.NaN;
      lines.push(
        `  ${at + 1}. ${typeName} ${zone} ${capacityType}${reservationId && ` ${reservationId}`} ${dollars(price)}`,
      );
    });
  }
  for (const { nodeIndex, pods } of plan.existing) {
    lines.push(`existing node ${problem.nodes[nodeIndex]?.name ?? '?'}: ${shares(pods, names)}`);
  }
  for (const { shapeIndex, count, reasons } of plan.unplaced) {
    lines.push(`left out: ${shares([{ shapeIndex, count }], names)}`);
    for (const reason of reasons) lines.push(`  ${reason.code}: ${reason.message} (${reason.field})`);
  }
  for (const notice of plan.notices) lines.push(`notice: ${notice.message} (${notice.field})`);
  lines.push(`total ${dollars(plan.totalPriceNanoUsdPerHour)} an hour`);
  return `${lines.join('\n')}\n`;
}

/** Shapes by what they request, with a number where two request the same. */
function nameShapes({ problem }: Case): string[] {
  const seen = new Map<string, number>();
  return problem.shapes.map(({ shape }) => {
    const name = amounts(shape.requests);
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    const selector = Object.entries(shape.nodeSelector).map(([key, value]) => ` ${key}=${value}`);
    return `[${name}${selector.join('')}${before === 0 ? '' : ` #${before + 1}`}]`;
  });
}

function shares(pods: readonly ShapeShare[], names: readonly string[]): string {
  return pods.map(({ shapeIndex, count }) => `${count} x ${names[shapeIndex] ?? '?'}`).join(', ');
}

/** Amounts in the units people write; the number of pods only where it says something. */
function amounts(list: ResourceList): string {
  const parts = Object.entries(list)
    .filter(([, amount]) => amount !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, amount]) => {
      if (name === 'cpu') return `${amount}m`;
      if (name === 'memory' || name === 'ephemeral-storage') return `${Math.round((amount / 2 ** 30) * 100) / 100}Gi`;
      return name === 'pods' ? `${amount} pod(s)` : `${name}=${amount}`;
    });
  return parts.length === 0 ? 'nothing' : parts.join(' ');
}

function dollars(nanoUsd: number): string {
  return `$${(nanoUsd / 1e9).toFixed(4)}`;
}
