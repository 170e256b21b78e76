// Reserved capacity: what one node's list may hold of it, that no reservation is listed more often than it has instances
// free, and that free capacity is not left idle beside nodes that are paid for. Part of the checker; see checker.ts.
import type { OfferingInput, PodShape } from '../index.ts';
import type { OpenCase, ResolvedNodes } from './case.ts';
import { keepsMinValues } from './check-variety.ts';
import { type Candidate, holdsTogether, isOnSale } from './market.ts';

/** Below this price an hour it makes no difference where a node runs, in nano US dollars. */
const NOTHING_TO_GAIN = 100_000_000;

/** Everything wrong with the reserved offerings in one list. */
export function reservedListViolations({ where, list }: ResolvedNodes): string[] {
  const reserved = list.filter(isReserved);
  if (reserved.length === 0) return [];
  const found: string[] = [];
  if (reserved.length < list.length) found.push(`reserved-mixed: ${where} lists reserved capacity beside other`);
  const kinds = new Set(reserved.map(({ offering }) => kindOf(offering)));
  if (kinds.size > 1) found.push(`reserved-kinds: ${where} lists reservations of kinds ${[...kinds].join(', ')}`);
  const ids = new Set(reserved.map(({ offering }) => offering.reservationId));
  if (kinds.has('capacity-block') && ids.size > 1)
    found.push(`reserved-blocks: ${where} lists several capacity blocks`);
  return found;
}

/** Over all nodes of the plan: each may be launched from any reservation of its list. */
export function reservationCountViolations(open: OpenCase): string[] {
  const free = freeCounts(open);
  return [...listedCounts(open)].flatMap(([id, count]) =>
    count > (free.get(id) ?? 0)
      ? [`reserved-count: ${id} is listed for ${count} nodes, ${free.get(id) ?? 0} are free`]
      : [],
  );
}

/** Reserved capacity that would hold the pods of a node that costs something, and that no list names. */
export function idleReservationViolations(
  open: OpenCase,
  { where, nodes, view, list }: ResolvedNodes,
  pods: readonly { readonly shape: PodShape; readonly count: number }[],
): string[] {
  if (open.plan.cut || nodes.priceNanoUsdPerHour < NOTHING_TO_GAIN || list.some(isReserved)) return [];
  const free = freeCounts(open);
  const listed = listedCounts(open);
  const idle = view.candidates.find((candidate) => {
    if (!isReserved(candidate) || !isOnSale(candidate) || !holdsTogether(view, candidate, pods)) return false;
    const { reservationId } = candidate.offering;
    if ((free.get(reservationId) ?? 0) <= (listed.get(reservationId) ?? 0)) return false;
    return nodes.relaxedMinValues.length > 0 || keepsMinValues(view.pool, [candidate]);
  });
  return idle === undefined ? [] : [`reserved-idle: ${where} is paid for while ${idle.identity} would hold its pods`];
}

/** What pods that stay out could still have: a candidate without a reservation, or one with something free. */
export function isLeft(open: OpenCase, candidate: Candidate): boolean {
  if (!isReserved(candidate)) return true;
  const { reservationId } = candidate.offering;
  return (freeCounts(open).get(reservationId) ?? 0) > (listedCounts(open).get(reservationId) ?? 0);
}

function isReserved({ offering }: Candidate): boolean {
  return offering.capacityType === 'reserved';
}

/** A reservation that is not said to be of another kind is an ordinary one. */
function kindOf(offering: OfferingInput): string {
  return offering.reservationKind ?? 'default';
}

/** Instances free of each reservation: where offerings disagree, as few as any of them says. */
function freeCounts(open: OpenCase): Map<string, number> {
  const free = new Map<string, number>();
  open.market.catalogue.types.forEach((type, typeIndex) => {
    type.offerings.forEach(({ capacityType, reservationId }, at) => {
      const state = open.market.states[typeIndex]?.[at];
      if (capacityType !== 'reserved' || state?.available !== true) return;
      const count = state.freeCount ?? 0;
      free.set(reservationId, Math.min(count, free.get(reservationId) ?? count));
    });
  });
  return free;
}

/** How many nodes name each reservation in their lists. */
function listedCounts(open: OpenCase): Map<string, number> {
  const listed = new Map<string, number>();
  for (const { nodes, list } of open.resolved) {
    for (const id of new Set(list.filter(isReserved).map(({ offering }) => offering.reservationId))) {
      listed.set(id, (listed.get(id) ?? 0) + nodes.nodeCount);
    }
  }
  return listed;
}
