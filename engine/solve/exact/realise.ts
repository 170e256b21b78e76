// An arrangement of a few pods as nodes: pods of one node as one unit, pinned to its place, and then the packer, which
// decides offerings and may put several units onto one node. Limits and sizes are looked at only here.
import { type Demand, makeUnit, type Unit, type UnitMember } from '../../compile/index.ts';
import type { PlacingWork } from '../attempt.ts';
import { nodeTakes } from '../node-board.ts';
import { placeOnNewNodes } from '../placing.ts';
import { compareUnits, type UnitCount } from '../waiting.ts';
import type { Judge, Settled } from './judge.ts';
import type { SmallWorld } from './world.ts';

/** Puts everything where the arrangement has it; false where some of it has no room. `work` is fresh and is filled. */
export function realise(work: PlacingWork, world: SmallWorld, judge: Judge, settled: readonly Settled[]): boolean {
  const demandOf = (one: Settled): Demand => one.pod.held[judge.stepOf(one, settled, 'in-the-end')!]!;
  const hosts = new Map<number, Settled[]>();
  for (const one of settled) {
    const list = hosts.get(one.host);
    if (list === undefined) hosts.set(one.host, [one]);
    else list.push(one);
  }
  const units = new Map<string, UnitCount>();
  for (const [host, ones] of hosts) {
    if (host >= 0) {
      if (!ones.every((one) => putOnNode(work, one, demandOf(one)))) return false;
      continue;
    }
    for (const { key, unit } of unitsOf(work, world, ones, demandOf)) {
      const known = units.get(key);
      if (known !== undefined) known.count++;
      else units.set(key, { unit, count: 1 });
    }
  }
  const waiting = [...units.values()].sort(compareUnits);
  for (const templates of work.tiers) {
    const { compiled, filter, limits, budget } = work;
    work.newNodes.push(...placeOnNewNodes(compiled, filter, templates, waiting, limits, budget));
  }
  return waiting.every(({ count }) => count === 0);
}

function putOnNode({ compiled, nodes }: PlacingWork, { host }: Settled, demand: Demand): boolean {
  const unit = makeUnit(compiled, [{ pod: demand, podCount: 1 }]);
  const node = nodes.find(({ index }) => index === host);
  if (node === undefined || !nodeTakes(node, unit, true)) return false;
  node.put(unit, 1);
  return true;
}

/** One unit for all pods of a node where it matters who is on it, else one for each. */
function unitsOf(
  { compiled, domains, pinnedAt }: PlacingWork,
  { keys, hostsMatter }: SmallWorld,
  ones: readonly Settled[],
  demandOf: (one: Settled) => Demand,
): { readonly key: string; readonly unit: Unit }[] {
  const [{ spot }] = ones as [Settled];
  const members = new Map<Demand, UnitMember>();
  for (const one of ones) {
    const pod = demandOf(one);
    members.set(pod, { pod, podCount: (members.get(pod)?.podCount ?? 0) + 1 });
  }
  const make = (list: readonly UnitMember[]): { key: string; unit: Unit } => {
    const unit = makeUnit(compiled, list, spot.pins);
    const location = { spot: domains.spotOf((label) => spot.values[keys.indexOf(label)]), ignores: spot.ignores };
    pinnedAt.set(unit, location);
    const names = list.map(({ pod, podCount }) => `${pod.of.index}.${pod.step}x${podCount}`);
    return { key: `${spot.key}|${names.join(' ')}`, unit };
  };
  const list = [...members.values()];
  if (hostsMatter) return [make(list)];
  return list.flatMap(({ pod, podCount }) => {
    const one = make([{ pod, podCount: 1 }]);
    return Array.from({ length: podCount }, () => one);
  });
}
