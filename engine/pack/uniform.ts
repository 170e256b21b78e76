// Pods of a single shape: the cheapest nodes for them, exactly. An unbounded covering knapsack over the classes (price
// against how many pods a node holds), by dynamic programming; one pod is a look-up. Large counts take the class of the
// best ratio first and leave the end to the programme.
import type { PackWork } from './budget.ts';
import { type LimitTable, mostOfKind, type PackingInstance } from './classes.ts';
import type { PackedNodes, Packing } from './packing.ts';

/** Pods that the exact programme covers; what is above goes to the class of the best ratio, whole nodes at a time. */
const EXACT_POD_LIMIT = 2048;

/**
 * Packs the pods of the only shape that suits any class at the least price, or, within a tie, with fewer nodes; pods of
 * other shapes are left. Undefined where there are several, or where limits could bind, which this programme does not know.
 */
export function packUniformly(
  instance: PackingInstance,
  counts: Float64Array,
  limits: LimitTable,
  budget: PackWork,
): Packing | undefined {
  const shape = onlySuited(instance);
  if (shape === undefined) return undefined;
  const options = paretoOptions(instance, shape);
  const used = new Map<number, Map<number, number>>();
  const add = (classIndex: number, pods: number, nodes: number): void => {
    let byPods = used.get(classIndex);
    if (byPods === undefined) {
      byPods = new Map();
      used.set(classIndex, byPods);
    }
    byPods.set(pods, (byPods.get(pods) ?? 0) + nodes);
  };
  const freeLeft = limits.free.slice();
  let rest = takeReserved(instance, shape, counts[shape]!, freeLeft, add);
  if (rest > 0 && options.length === 0) return undefined;
  if (rest > EXACT_POD_LIMIT) {
    const bulk = options.reduce((best, option) =>
      option.price * best.pods < best.price * option.pods ? option : best,
    );
    const nodes = Math.max(0, Math.floor((rest - EXACT_POD_LIMIT / 2) / bulk.pods));
    if (nodes > 0) add(bulk.classIndex, bulk.pods, nodes);
    rest -= nodes * bulk.pods;
  }
  for (const option of coverWithFew(options, rest, instance.tieShare)) {
    if (!budget.spend()) return undefined;
    add(option.classIndex, Math.min(option.pods, rest), 1);
    rest -= Math.min(option.pods, rest);
  }
  const nodes: PackedNodes[] = [];
  for (const [classIndex, byPods] of [...used].sort(([left], [right]) => left - right)) {
    for (const [pods, nodeCount] of [...byPods].sort(([left], [right]) => right - left)) {
      nodes.push({ classIndex, nodeCount, shapes: [shape], pods: [pods] });
    }
  }
  const limitsLeft = limits.remaining.slice();
  let price = 0;
  let nodeCount = 0;
  for (const node of nodes) {
    price += instance.prices[node.classIndex]! * node.nodeCount;
    nodeCount += node.nodeCount;
    const group = instance.limitGroups[node.classIndex]!;
    for (let name = 0; group >= 0 && name < limits.names.length; name++) {
      const at = group * limits.names.length + name;
      limitsLeft[at]! -= instance.limitTakes[node.classIndex * limits.names.length + name]! * node.nodeCount;
      if (limitsLeft[at]! < 0) return undefined;
    }
  }
  const left = counts.slice();
  left[shape] = 0;
  return { nodes, left, priceNanoUsdPerHour: price, nodeCount, limitsLeft, freeLeft };
}

/** The shape that all classes suit and no other; undefined where there are several. */
function onlySuited({ suits }: PackingInstance): number | undefined {
  const [first] = suits;
  return suits.every((shape) => shape === first) ? first : undefined;
}

/**
 * Puts pods on reserved capacity, which costs nothing more: classes that hold most first, the last node as cheap as can be.
 * Takes what it uses off `freeLeft`; returns the pods that are left.
 */
function takeReserved(
  instance: PackingInstance,
  shape: number,
  count: number,
  freeLeft: Float64Array,
  add: (classIndex: number, pods: number, nodes: number) => void,
): number {
  const reserved: Option[] = [];
  for (let classIndex = 0; classIndex < instance.classCount; classIndex++) {
    if (instance.reservations[classIndex]!.length === 0) continue;
    const pods = mostOfKind(instance, classIndex, shape);
    if (pods > 0) reserved.push({ classIndex, pods, price: instance.prices[classIndex]! });
  }
  const freeOf = ({ classIndex }: Option): number =>
    Math.min(...instance.reservations[classIndex]!.map((reservation) => freeLeft[reservation]!));
  let rest = count;
  while (rest > 0) {
    const usable = reserved.filter((option) => freeOf(option) > 0);
    if (usable.length === 0) break;
    const option =
      usable.find(({ pods }) => pods >= rest) ??
      usable.reduce((best, other) => (other.pods > best.pods ? other : best));
    const nodes = Math.max(1, Math.min(freeOf(option), Math.floor(rest / option.pods)));
    add(option.classIndex, Math.min(option.pods, rest), nodes);
    for (const reservation of instance.reservations[option.classIndex]!) freeLeft[reservation]! -= nodes;
    rest -= Math.min(option.pods, rest) * nodes;
  }
  return rest;
}

interface Option {
  readonly classIndex: number;
  readonly pods: number;
  readonly price: number;
}

/** Classes by how many pods they hold, without those that hold fewer for as much. */
function paretoOptions(instance: PackingInstance, shape: number): Option[] {
  const options: Option[] = [];
  let most = 0;
  for (let classIndex = 0; classIndex < instance.classCount; classIndex++) {
    if (instance.reservations[classIndex]!.length > 0) continue;
    const pods = mostOfKind(instance, classIndex, shape);
    // Classes come in ascending order of price.
    if (pods <= most) continue;
    most = pods;
    options.push({ classIndex, pods, price: instance.prices[classIndex]! });
  }
  return options;
}

/** Charges tried for a node where fewer of them are looked for: all that a tie lets others cost, then halves of it. */
const TIE_CHARGES = 6;

/** Options that cover `count` pods at the least price, or at nearly that with fewer nodes. O(count × options). */
function coverWithFew(options: readonly Option[], count: number, tieShare: number): Option[] {
  const cheapest = cover(options, count);
  if (tieShare === 0) return cheapest;
  const priceOf = (chosen: readonly Option[]): number => chosen.reduce((sum, { price }) => sum + price, 0);
  const spare = tieShare * priceOf(cheapest);
  // The dearer a node is made, the fewer there are: the first that can be paid for has the fewest that are found this way.
  for (let tried = 0; tried < TIE_CHARGES && 2 ** tried < cheapest.length; tried++) {
    const charged = options.map((option) => ({ ...option, price: option.price + spare / 2 ** tried }));
    const plain = new Map(charged.map((option, place) => [option, options[place]!]));
    const fewer = cover(charged, count).map((option) => plain.get(option)!);
    if (fewer.length === cheapest.length) break;
    if (priceOf(fewer) <= priceOf(cheapest) + spare) return fewer;
  }
  return cheapest;
}

/** The options that cover `count` pods at the least price, then with the fewest nodes. O(count × options). */
function cover(options: readonly Option[], count: number): Option[] {
  const prices = new Float64Array(count + 1).fill(Number.POSITIVE_INFINITY);
  const nodes = new Uint32Array(count + 1);
  const choice = new Uint32Array(count + 1);
  prices[0] = 0;
  for (let pods = 1; pods <= count; pods++) {
    for (let index = 0; index < options.length; index++) {
      const before = Math.max(0, pods - options[index]!.pods);
      const price = prices[before]! + options[index]!.price;
      const nodeCount = nodes[before]! + 1;
      if (price < prices[pods]! || (price === prices[pods]! && nodeCount < nodes[pods]!)) {
        prices[pods] = price;
        nodes[pods] = nodeCount;
        choice[pods] = index;
      }
    }
  }
  const chosen: Option[] = [];
  for (let pods = count; pods > 0; pods = Math.max(0, pods - options[choice[pods]!]!.pods)) {
    chosen.push(options[choice[pods]!]!);
  }
  return chosen;
}
