// Small problems with what the generators of engine/testing and their brute force lack together: nodes that exist, a limit,
// few pods a node, GPUs, daemonsets, pods that keep apart and pods that spread over hosts across shapes. And the least that
// a plan of one costs, by trying every plan, by rules of their own that share nothing with the engine's.
import fc from 'fast-check';
import { LIST_PRICE_OBJECTIVE, type PlanBound, type PodShape, type Problem } from '../../index.ts';
import {
  daemonSet,
  GIB,
  GPU,
  market,
  milliDollars,
  node,
  type OpenMarket,
  openMarket,
  pool,
  problemOf,
  resources,
  shape,
  typeOnSale,
} from '../../testing/situations.ts';

/** Amounts of CPU in thousandths, memory in GiB, GPUs, and pods for nodes; prices in thousandths of a dollar an hour. */
export interface Crowded {
  readonly types: readonly CrowdedType[];
  /** Pods that a new node takes, the daemonset's not counted, and what that takes. */
  readonly podsPerNode: number;
  readonly daemonCpu: number;
  readonly standing: readonly { readonly cpu: number; readonly memory: number }[];
  readonly groups: readonly CrowdedGroup[];
  /** What pods that spread may differ by from host to host. */
  readonly maxSkew: number;
  /** CPU of all new nodes together; Infinity where there is no limit. */
  readonly cpuLimit: number;
  /** What each new node counts for beside its price. */
  readonly nodeCharge: number;
}

interface CrowdedType {
  readonly cpu: number;
  readonly memory: number;
  readonly gpu: number;
  readonly price: number;
}

interface CrowdedGroup {
  readonly cpu: number;
  readonly memory: number;
  readonly gpu: number;
  readonly count: number;
  /** Whether it keeps apart from itself and all others that do, or spreads over hosts with all others that do. */
  readonly rule: 'none' | 'apart' | 'spread';
}

const cores = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most }).map((count) => count * 1000);

/** Draws one. */
export const crowdedProblem: fc.Arbitrary<Crowded> = fc.record({
  types: fc.array(
    fc.record({
      cpu: cores(8),
      memory: fc.integer({ min: 1, max: 16 }),
      gpu: fc.constantFrom(0, 0, 1),
      price: fc.integer({ min: 20, max: 400 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  podsPerNode: fc.integer({ min: 2, max: 6 }),
  daemonCpu: fc.constantFrom(0, 300),
  standing: fc.array(fc.record({ cpu: cores(3), memory: fc.integer({ min: 1, max: 6 }) }), { maxLength: 2 }),
  groups: fc.array(
    fc.record({
      cpu: fc.integer({ min: 1, max: 8 }).map((halves) => halves * 400),
      memory: fc.integer({ min: 1, max: 6 }),
      gpu: fc.constantFrom(0, 0, 0, 1),
      count: fc.integer({ min: 1, max: 3 }),
      rule: fc.constantFrom('none', 'none', 'apart', 'spread'),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  maxSkew: fc.constantFrom(1, 1, 2),
  cpuLimit: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), cores(24)),
  nodeCharge: fc.constantFrom(0, 0, 10, 100),
});

const HOSTNAME = 'kubernetes.io/hostname';

function rulesOf(rule: CrowdedGroup['rule'], maxSkew: number): Partial<PodShape> {
  if (rule === 'none') return {};
  const labels = { app: rule };
  const labelSelector = { matchLabels: labels, matchExpressions: [] };
  if (rule === 'apart') {
    const term = { topologyKey: HOSTNAME, labelSelector, namespaces: [], matchLabelKeys: [], mismatchLabelKeys: [] };
    return { labels, podAntiAffinity: [term] };
  }
  const spread = { topologyKey: HOSTNAME, labelSelector, maxSkew, matchLabelKeys: [] } as const;
  const policies = { nodeAffinityPolicy: 'Honor', nodeTaintsPolicy: 'Ignore' } as const;
  return { labels, topologySpread: [{ ...spread, ...policies, whenUnsatisfiable: 'DoNotSchedule' }] };
}

/** The problem as the engine takes it. */
export function openCrowded(drawn: Crowded): { readonly open: OpenMarket; readonly problem: Problem } {
  const { types, podsPerNode, daemonCpu, standing, groups, maxSkew, cpuLimit, nodeCharge } = drawn;
  const gpus = (count: number) => (count === 0 ? {} : { [GPU]: count });
  const daemons = daemonCpu === 0 ? [] : [daemonSet('agent', shape(resources(daemonCpu, 0)))];
  const pods = podsPerNode + daemons.length;
  const open = openMarket(
    market(
      ...types.map(({ cpu, memory, gpu, price }, index) =>
        typeOnSale(`type-${index}`, { ...resources(cpu, memory, gpus(gpu)), pods }, [
          { priceNanoUsdPerHour: milliDollars(price) },
        ]),
      ),
    ),
  );
  const nodes = standing.map(({ cpu, memory }, index) => {
    const name = `node-${index}`;
    const daemonPods = daemons.map((one) => ({ ...one, requests: one.shape.requests }));
    return node(name, resources(cpu + daemonCpu, memory), { daemonPods, labels: { [HOSTNAME]: name } });
  });
  const problem = problemOf({
    pools: [pool('any', { limits: Number.isFinite(cpuLimit) ? { cpu: cpuLimit } : {} })],
    daemonSets: daemons,
    nodes,
    groups: groups.map(({ cpu, memory, gpu, count, rule }) => ({
      shape: shape(resources(cpu, memory, gpus(gpu)), rulesOf(rule, maxSkew)),
      count,
    })),
    effort: 'balanced',
  });
  const objective = { ...LIST_PRICE_OBJECTIVE, nodeChargeNanoUsdPerHour: milliDollars(nodeCharge) };
  return { open, problem: { ...problem, objective } };
}

/**
 * The least that a plan for all pods costs, in nano US dollars per hour; Infinity where there is none. Pods that spread
 * are valid where no two hosts differ by more than the skew, as kube-scheduler counts them once all hosts are there: the
 * least full host is tried with every count.
 */
export function bestOfCrowded(drawn: Crowded): number {
  const spreading = drawn.groups.reduce((sum, { rule, count }) => sum + (rule === 'spread' ? count : 0), 0);
  let best = Number.POSITIVE_INFINITY;
  for (let least = 0; least <= spreading; least++) best = Math.min(best, new Search(drawn, least).best());
  return best;
}

/**
 * What a bound's certificate claims that is not so: fillings of nodes whose pods are worth more than the node costs and is
 * charged for, in words. All fillings are tried, of types within the limit and of nodes that exist.
 */
export function untrueClaims(drawn: Crowded, problem: Problem, { podWorths, charges }: PlanBound): string[] {
  const { types, podsPerNode, daemonCpu, standing, groups, cpuLimit, nodeCharge } = drawn;
  const values = groups.map((group) => {
    const index = problem.shapes.findIndex(({ shape: { requests, labels } }) => {
      const { cpu, memory, gpu, rule } = group;
      const isEqual = requests.cpu === cpu && requests.memory === memory * GIB && (requests[GPU] ?? 0) === gpu;
      return isEqual && (labels.app ?? 'none') === rule;
    });
    const worth = podWorths.find(({ shapeIndices }) => shapeIndices.includes(index));
    if (worth === undefined) throw new Error('a group has no worth');
    return worth.priceNanoUsdPerHour;
  });
  const search = new Search(drawn, 0);
  const claims: string[] = [];
  for (const block of blocksOf(groups.map(({ count }) => count))) {
    const worth = block.reduce((sum, count, index) => sum + count * values[index]!, 0);
    const hold = (what: string, limit: number): void => {
      if (worth > limit) claims.push(`${block} is worth ${worth} on ${what} of ${limit}`);
    };
    for (const type of types) {
      const fits = search.fits(block, { ...type, cpu: type.cpu - daemonCpu }) && search.keepsApart(block);
      const podCount = block.reduce((sum, count) => sum + count, 0);
      if (fits && type.cpu <= cpuLimit && podCount <= podsPerNode)
        hold('a type', milliDollars(type.price + nodeCharge));
    }
    standing.forEach((room, node) => {
      if (!search.fits(block, { ...room, gpu: 0 })) return;
      hold('a node', charges.find(({ nodeIndices }) => nodeIndices.includes(node))?.priceNanoUsdPerHour ?? 0);
    });
  }
  return claims;
}

type Block = readonly number[];

class Search {
  readonly #drawn: Crowded;
  readonly #leastSpread: number;
  readonly #known = new Map<string, number>();

  constructor(drawn: Crowded, leastSpread: number) {
    this.#drawn = drawn;
    this.#leastSpread = leastSpread;
  }

  best(): number {
    const { groups, cpuLimit } = this.#drawn;
    const counts = groups.map(({ count }) => count);
    return this.#onStanding(0, counts, cpuLimit);
  }

  #of(block: Block, amount: (group: CrowdedGroup) => number): number {
    return block.reduce((sum, count, index) => sum + count * amount(this.#drawn.groups[index]!), 0);
  }

  #mayBeTogether(block: Block): boolean {
    const spread = this.#of(block, ({ rule }) => (rule === 'spread' ? 1 : 0));
    const isEven = spread >= this.#leastSpread && spread <= this.#leastSpread + this.#drawn.maxSkew;
    return isEven && this.keepsApart(block);
  }

  keepsApart(block: Block): boolean {
    return this.#of(block, ({ rule }) => (rule === 'apart' ? 1 : 0)) <= 1;
  }

  fits(block: Block, room: Omit<CrowdedType, 'price'>): boolean {
    return (
      this.#of(block, ({ cpu }) => cpu) <= room.cpu &&
      this.#of(block, ({ memory }) => memory) <= room.memory &&
      this.#of(block, ({ gpu }) => gpu) <= room.gpu
    );
  }

  #onStanding(at: number, left: Block, cpuLeft: number): number {
    const room = this.#drawn.standing[at];
    if (room === undefined) return this.#onNew(left, cpuLeft);
    let best = Number.POSITIVE_INFINITY;
    for (const block of blocksOf(left)) {
      if (!this.#mayBeTogether(block) || !this.fits(block, { ...room, gpu: 0 })) continue;
      best = Math.min(best, this.#onStanding(at + 1, less(left, block), cpuLeft));
    }
    return best;
  }

  #onNew(left: Block, cpuLeft: number): number {
    const first = left.findIndex((count) => count > 0);
    if (first < 0) return 0;
    const name = `${left.join()} ${cpuLeft}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const { types, podsPerNode, daemonCpu, nodeCharge } = this.#drawn;
    let best = Number.POSITIVE_INFINITY;
    for (const block of blocksOf(left)) {
      if (block[first] === 0 || this.#of(block, () => 1) > podsPerNode || !this.#mayBeTogether(block)) continue;
      for (const type of types) {
        if (type.cpu > cpuLeft || !this.fits(block, { ...type, cpu: type.cpu - daemonCpu })) continue;
        const rest = this.#onNew(less(left, block), cpuLeft - type.cpu);
        best = Math.min(best, milliDollars(type.price + nodeCharge) + rest);
      }
    }
    this.#known.set(name, best);
    return best;
  }
}

/** Every way to take some of what is left. */
function blocksOf(left: Block): Block[] {
  let blocks: Block[] = [[]];
  for (const count of left) {
    blocks = blocks.flatMap((block) => Array.from({ length: count + 1 }, (_, more) => [...block, more]));
  }
  return blocks;
}

function less(left: Block, block: Block): Block {
  return left.map((count, index) => count - block[index]!);
}
