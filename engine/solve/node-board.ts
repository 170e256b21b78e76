// The nodes that exist, while pods are put on them: the room they have left and the pods they hold. Puts single units on
// them with every rule looked at; filling many nodes with many pods at a time is in existing.ts.
import { compareText } from '../catalogue/index.ts';
import {
  attachNew,
  type CompiledProblem,
  type CompiledShape,
  type Constraint,
  claimsToAttach,
  type Demand,
  type Dimensions,
  nodeVectorOf,
  podVector,
  podVectorOf,
  type SharedClaim,
  type Unit,
} from '../compile/index.ts';
import type { NodeInput } from '../model/index.ts';
import {
  addResources,
  amountOf,
  effectiveTaints,
  isAttachment,
  scaleResources,
  untoleratedTaint,
} from '../rules/index.ts';
import {
  type Counter,
  type DomainOf,
  type DomainState,
  HOSTNAME_LABEL,
  type HostPod,
  hostObstacle,
  type Location,
  type SpreadRule,
  type TopologyRules,
} from '../topology/index.ts';

/** A node that may take pods. What it has is shared with other solves until something is put on it. */
export class OpenNode {
  /** Index into the problem's nodes. */
  readonly index: number;
  readonly input: NodeInput;
  /** Values of its labels as domains, and the spreads that do not count pods there. */
  readonly location: Location;
  #room: Float64Array;
  #attached: ReadonlySet<SharedClaim>;
  #pods: ReadonlyMap<HostPod, number>;
  #hasNewPods = false;
  #admitted: Map<number, boolean> | undefined;
  /** Shapes whose pods are kept off it, though it could take them. */
  #keptOff: ReadonlySet<CompiledShape> | undefined;

  constructor(
    index: number,
    input: NodeInput,
    location: Location,
    { room, attached, pods }: Pick<OpenNode, 'room' | 'attached' | 'pods'>,
  ) {
    this.index = index;
    this.input = input;
    this.location = location;
    this.#room = room;
    this.#attached = attached;
    this.#pods = pods;
  }

  /** `Float64Array[dimensions]`: allocatable less running pods and daemonsets to come; shrinks as pods are placed. */
  get room(): Float64Array {
    return this.#room;
  }

  /** Claims that several pods mount and that are attached to it, or will be. */
  get attached(): ReadonlySet<SharedClaim> {
    return this.#attached;
  }

  /** Pods on it that matter to others, running ones first, and all that were put there, with their numbers. */
  get pods(): ReadonlyMap<HostPod, number> {
    return this.#pods;
  }

  /** Whether something was put on it. */
  get hasNewPods(): boolean {
    return this.#hasNewPods;
  }

  /** Whether it lets pods in as far as labels and taints go. Remembers what demands have in common. */
  mayTake({ constraint, besideDaemons, of, taintPolicy }: Demand): boolean {
    if (this.#keptOff?.has(of) === true) return false;
    if (!this.#admits(constraint) || (besideDaemons !== undefined && !this.#admits(besideDaemons))) return false;
    const taints = effectiveTaints(this.input);
    if (taints.length === 0) return true;
    const scope = taintPolicy === 'prefer-counts' ? 'all' : 'hard';
    return untoleratedTaint(taints, of.input.shape.tolerations, scope) === undefined;
  }

  /** Keeps pods of these shapes off it from now on, and those of all others no longer. */
  keepOff(shapes: ReadonlySet<CompiledShape>): void {
    this.#keptOff = shapes;
  }

  /** Puts units on it. */
  put(unit: Unit, unitCount: number): void {
    const pods = new Map(this.#pods);
    for (const { pod, podCount } of unit.members) pods.set(pod, (pods.get(pod) ?? 0) + podCount * unitCount);
    this.#pods = pods;
    const room = this.#room.slice();
    for (let dimension = 0; dimension < room.length; dimension++) {
      room[dimension]! -= unit.request[dimension]! * unitCount;
    }
    if (unit.sharedClaims.length > 0) {
      const attached = new Set(this.#attached);
      attachNew(unit.sharedClaims, attached, room, -1);
      this.#attached = attached;
    }
    this.#room = room;
    this.#hasNewPods = true;
  }

  /** Leaves so many of each of these pods on it. Its room stays what it was: for plans to which nothing more is added. */
  leave(counts: ReadonlyMap<HostPod, number>): void {
    this.#pods = new Map([...this.#pods, ...counts]);
  }

  #admits(constraint: Constraint): boolean {
    this.#admitted ??= new Map();
    let matches = this.#admitted.get(constraint.index);
    if (matches === undefined) {
      matches = constraint.matchesNode(this.input.labels, this.input.name);
      this.#admitted.set(constraint.index, matches);
    }
    return matches;
  }
}

/** The nodes that may take pods: ready ones first, then by name, as Karpenter has it. */
export function openNodes(compiled: CompiledProblem, domains: DomainState): OpenNode[] {
  const open: OpenNode[] = [];
  const withPorts = [...compiled.problem.daemonSets.keys()].filter(
    (daemon) => compiled.problem.daemonSets[daemon]!.shape.hostPorts.length > 0,
  );
  for (const { index, input, left } of roomyNodes(compiled)) {
    const { room, attached } = left ?? roomOf(compiled, input);
    if (left === undefined && isShort(room)) continue;
    const pods = podsOn(compiled, input, index, withPorts);
    open.push(new OpenNode(index, input, nodeLocation(compiled, domains, input), { room, attached, pods }));
  }
  return open;
}

/** A node that may take pods, and what it has left; not worked out where running pods mount volumes that others may share. */
interface RoomyNode {
  readonly index: number;
  readonly input: NodeInput;
  readonly left: Pick<OpenNode, 'room' | 'attached'> | undefined;
}

/** Such nodes of a list, as long as it is read with the same dimensions and daemonsets. */
interface RoomyNodes {
  readonly names: string;
  readonly daemonSets: CompiledProblem['problem']['daemonSets'];
  readonly nodes: readonly RoomyNode[];
}

/** A session hands out the same list until a node changes, and every attempt of a solve asks. */
const ROOMY = new WeakMap<readonly NodeInput[], RoomyNodes>();

function roomyNodes(compiled: CompiledProblem): readonly RoomyNode[] {
  const { nodes, daemonSets } = compiled.problem;
  const names = compiled.dimensions.join(' ');
  const known = ROOMY.get(nodes);
  if (known?.names === names && known.daemonSets === daemonSets) return known.nodes;
  const roomy: RoomyNode[] = [];
  for (const index of inOrder(nodes)) {
    const input = nodes[index]!;
    if (input.deleting || isOverdrawn(input)) continue;
    const left = mounts(input) ? undefined : roomOf(compiled, input, names);
    if (left === undefined || !isShort(left.room)) roomy.push({ index, input, left });
  }
  ROOMY.set(nodes, { names, daemonSets, nodes: roomy });
  return roomy;
}

function isShort(room: Float64Array): boolean {
  return room.some((amount) => amount < 0);
}

function mounts({ pods }: NodeInput): boolean {
  return pods.some(({ shape }) => shape.volumes.length > 0);
}

/** Orders of lists of nodes: they hold whichever dimensions a list is read with. */
const ORDERS = new WeakMap<readonly NodeInput[], Uint32Array>();

/** Indices of nodes: ready ones first, then by name. */
function inOrder(nodes: readonly NodeInput[]): Uint32Array {
  let order = ORDERS.get(nodes);
  if (order === undefined) {
    order = Uint32Array.from(nodes, (_, index) => index).sort(
      (left, right) =>
        Number(nodes[left]!.stage !== 'ready') - Number(nodes[right]!.stage !== 'ready') ||
        compareText(nodes[left]!.name, nodes[right]!.name),
    );
    ORDERS.set(nodes, order);
  }
  return order;
}

/** Pods that a node holds: running ones, and daemonsets' with ports, whether they are there already or still to come. */
function podsOn(
  compiled: CompiledProblem,
  node: NodeInput,
  index: number,
  daemonsWithPorts: readonly number[],
): ReadonlyMap<HostPod, number> {
  const running = compiled.running[index]!;
  if (running.length === 0 && daemonsWithPorts.length === 0) return NO_PODS;
  let pods: Map<HostPod, number> | undefined;
  const add = (pod: HostPod, count: number): void => {
    pods ??= new Map();
    pods.set(pod, count);
  };
  for (const each of running) add(each, each.count);
  for (const daemon of daemonsWithPorts) {
    if (!compiled.daemons.belongs(daemon, node)) continue;
    const { namespace, hostPorts } = compiled.problem.daemonSets[daemon]!.shape;
    add({ shape: { namespace, labels: {}, hostPorts, priority: 0 }, counting: new Set(), rules: NO_RULES }, 1);
  }
  return pods ?? NO_PODS;
}

const NO_PODS: ReadonlyMap<HostPod, number> = new Map();

const NO_RULES: TopologyRules = { spreads: [], affinities: [], antiAffinities: [] };

/** Where a node's pods are counted. */
export function nodeLocation(compiled: CompiledProblem, domains: DomainState, node: NodeInput): Location {
  if (compiled.counters.counters.length === 0) return NO_LOCATION;
  let ignored: Map<Counter, boolean> | undefined;
  return {
    spot: domains.spotOf(nodeDomains(node)),
    ignores: (counter) => {
      ignored ??= new Map();
      let answer = ignored.get(counter);
      if (answer === undefined) {
        answer = counter.countedFor !== undefined && !compiled.countsNode(counter.countedFor, node);
        ignored.set(counter, answer);
      }
      return answer;
    },
  };
}

/** Where nothing is counted. */
const NO_LOCATION: Location = { spot: new Int32Array(0), ignores: () => false };

/** Values of a node's labels; a node without a hostname label has its name there. */
export function nodeDomains(node: NodeInput): DomainOf {
  return (key) => node.labels[key] ?? (key === HOSTNAME_LABEL ? node.name : undefined);
}

/**
 * Whether the node can take one more unit as far as itself goes: room, labels, taints and the pods it holds. `mayStart` and
 * `leastOf` as in hostObstacle.
 */
export function nodeTakes(
  node: OpenNode,
  unit: Unit,
  mayStart: boolean,
  leastOf?: (rule: SpreadRule) => number,
): boolean {
  const { request, alone, sharedClaims } = unit;
  for (let dimension = 0; dimension < node.room.length; dimension++) {
    if (request[dimension]! > node.room[dimension]!) return false;
    if (alone[dimension] === request[dimension]) continue;
    const claims = claimsToAttach(sharedClaims, node.attached, dimension);
    if (claims > 0 && request[dimension]! + claims > node.room[dimension]!) return false;
  }
  const [first] = unit.members;
  if (unit.members.length === 1 && first!.podCount === 1) {
    return node.mayTake(first!.pod) && hostObstacle(first!.pod, node.pods, mayStart, leastOf) === undefined;
  }
  const present = new Map(node.pods);
  for (const { pod, podCount } of unit.members) {
    if (!node.mayTake(pod)) return false;
    for (let copy = 0; copy < podCount; copy++) {
      if (hostObstacle(pod, present, mayStart, leastOf) !== undefined) return false;
      present.set(pod, (present.get(pod) ?? 0) + 1);
    }
  }
  return true;
}

/** Allocatable less what runs there and what daemonsets will still take. */
function roomOf(
  compiled: CompiledProblem,
  node: NodeInput,
  names: string = compiled.dimensions.join(' '),
): Pick<OpenNode, 'room' | 'attached'> {
  const { dimensions } = compiled;
  const beside = roomBesidePods(dimensions, names, node);
  const coming = compiled.daemons.coming(node);
  if (coming.length === 0 && !mounts(node)) return { room: beside, attached: NO_CLAIMS };
  const room = beside.slice();
  const attached = new Set<SharedClaim>();
  for (const { shape } of node.pods) attachNew(compiled.sharedClaimsOf(shape), attached, room, -1);
  for (const daemon of coming) {
    const request = podVectorOf(dimensions, compiled.problem.daemonSets[daemon]!.shape.requests);
    for (let dimension = 0; dimension < room.length; dimension++) room[dimension]! -= request[dimension]!;
  }
  floorAttachments(dimensions, room);
  return { room, attached };
}

const NO_CLAIMS: ReadonlySet<SharedClaim> = new Set();

/** Too many attachments keep out only pods with more of them; any other resource that is overdrawn keeps out all pods. */
function floorAttachments(dimensions: Dimensions, room: Float64Array): void {
  dimensions.forEach((name, dimension) => {
    if (isAttachment(name)) room[dimension] = Math.max(0, room[dimension]!);
  });
}

/** What nodes have left beside the pods that run there, by node: changes with the node and with the dimensions only. */
const ROOMS = new WeakMap<NodeInput, { readonly names: string; readonly room: Float64Array }>();

function roomBesidePods(dimensions: Dimensions, names: string, node: NodeInput): Float64Array {
  const known = ROOMS.get(node);
  if (known?.names === names) return known.room;
  const room = nodeVectorOf(dimensions, node.allocatable);
  const take = (vector: Float64Array, count: number): void => {
    for (let dimension = 0; dimension < room.length; dimension++) room[dimension]! -= vector[dimension]! * count;
  };
  for (const { shape, count } of node.pods) take(podVector(dimensions, shape), count);
  for (const pod of node.daemonPods) take(podVectorOf(dimensions, pod.requests), 1);
  // Where pods mount volumes, claims that they share are taken off first.
  if (!mounts(node)) floorAttachments(dimensions, room);
  ROOMS.set(node, { names, room });
  return room;
}

/** Whether running pods take more than there is of some resource, asked for or not: such a node takes no more pods. */
function isOverdrawn(node: NodeInput): boolean {
  let isTooMuch = OVERDRAWN.get(node);
  if (isTooMuch === undefined) {
    isTooMuch = takesTooMuch(node);
    OVERDRAWN.set(node, isTooMuch);
  }
  return isTooMuch;
}

const OVERDRAWN = new WeakMap<NodeInput, boolean>();

function takesTooMuch(node: NodeInput): boolean {
  const running = node.pods.map(({ shape, count }) => scaleResources(shape.requests, count));
  const daemons = node.daemonPods.map((pod) => pod.requests);
  const used = addResources(...running, ...daemons);
  const names = [...Object.keys(node.allocatable), ...Object.keys(used)];
  return names.some((name) => amountOf(used, name) > amountOf(node.allocatable, name));
}
