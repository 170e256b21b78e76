// What pods must keep of the rules that look at other pods and at volumes: spread, affinity, anti-affinity, host ports,
// volumes. Judged on the final state of a plan, as kube-scheduler would judge each pod with all others in place. Part of the
// checker; see checker.ts.
import type {
  HostPortInput,
  PodAffinityInput,
  PodShape,
  Problem,
  ResourceList,
  TopologySpreadInput,
} from '../index.ts';
import type { OpenCase } from './case.ts';
import { daemonBelongs } from './check-existing.ts';
import { podsOf } from './check-nodes.ts';
import { orderViolations } from './check-order.ts';
import {
  ATTACHMENT_PREFIX,
  HARD_EFFECTS,
  type Labels,
  normalKey,
  selectsNode,
  termHolds,
  untoleratedTaint,
} from './kube-rules.ts';
import { daemonSetsOn } from './market.ts';
import { affinityMeans, hardSpreads, required, spreadCounts } from './pod-selection.ts';
import { finalState, HOSTNAME_KEY, isSeen, type StateNode } from './topology-state.ts';

const ZONE_KEY = 'topology.kubernetes.io/zone';

/** Everything wrong with the state that a plan leaves behind. */
export function topologyViolations(open: OpenCase): string[] {
  const state = finalState(open);
  const found = new Set<string>();
  for (const node of state) {
    for (const { shape, placed } of node.pods) {
      if (!placed) continue;
      for (const violation of podViolations(open.problem, state, node, shape, 'settled')) {
        found.add(`${violation} (a pod of shape ${indexOf(open.problem, shape)} on ${node.where})`);
      }
    }
  }
  return [...found, ...orderViolations(open.problem, state), ...portViolations(open), ...attachmentViolations(open)];
}

function indexOf(problem: Problem, shape: PodShape): number {
  return problem.shapes.findIndex((one) => one.shape === shape);
}

/**
 * How a pod of the state is looked at: as one of a plan, whose pods came in some order, or as the one that came last, with
 * all others there before it.
 */
export type Arrival = 'settled' | 'last';

/** What one pod on a node of the state breaks, itself being there already. */
export function podViolations(
  problem: Problem,
  state: readonly StateNode[],
  node: StateNode,
  shape: PodShape,
  arrival: Arrival,
): string[] {
  const spreads = hardSpreads(shape);
  return [
    ...spreads.flatMap((spread) => spreadViolations(state, node, shape, spread, arrival)),
    ...affinityViolations(problem, state, node, shape, arrival),
    ...antiAffinityViolations(problem, state, node, shape),
    ...volumeViolations(node, shape),
    ...claimViolations(state, node, shape),
  ];
}

/** The domain of a node for a constraint in one of its outcomes; undefined where the node does not count. */
function domainOf(
  node: StateNode,
  labels: Labels,
  shape: PodShape,
  spread: TopologySpreadInput,
  spreads: readonly TopologySpreadInput[],
): string | undefined {
  if (!spreads.every((one) => labels.has(normalKey(one.topologyKey)))) return undefined;
  if (spread.nodeAffinityPolicy === 'Honor' && !selectsNode(shape, labels)) return undefined;
  if (
    spread.nodeTaintsPolicy === 'Honor' &&
    untoleratedTaint(shape.tolerations, node.taints, HARD_EFFECTS) !== undefined
  ) {
    return undefined;
  }
  return labels.get(normalKey(spread.topologyKey));
}

/** One node as a constraint sees it: the domains it may turn out to be in, and how many of its pods count. */
interface Spreading {
  readonly domains: readonly (string | undefined)[];
  readonly count: number;
  /** Those of them that must have been there before the pod. */
  readonly countBefore: number;
}

function spreadViolations(
  state: readonly StateNode[],
  own: StateNode,
  shape: PodShape,
  spread: TopologySpreadInput,
  arrival: Arrival,
): string[] {
  const spreads = hardSpreads(shape);
  const key = normalKey(spread.topologyKey);
  const values = new Set(own.outcomes.map((labels) => labels.get(key)));
  if (values.has(undefined)) return [`topology-key: a node without ${key}, which pods of it spread over`];
  if (values.size > 1) return [`topology-pinned: ${key} may turn out as ${[...values].join(' or ')}`];
  const [value] = values;
  if (value === undefined) return [];
  const nodes = state.map((node): Spreading => {
    // kube-scheduler looks at a spread when a pod that holds it arrives: pods that do not hold it may have come before it, where
    // that helps, or after it, where it does not.
    const holds = (pod: (typeof node.pods)[number]): boolean =>
      arrival === 'last' ||
      !pod.placed ||
      hardSpreads(pod.shape).some((one) => JSON.stringify(one) === JSON.stringify(spread));
    const counted = node.pods.filter(
      (pod) =>
        (pod.daemon === undefined || (pod.daemon === 'existing' && key !== HOSTNAME_KEY)) &&
        spreadCounts(spread, shape, pod.shape),
    );
    return {
      domains: [...new Set(node.outcomes.map((labels) => domainOf(node, labels, shape, spread, spreads)))],
      count: sum(counted.map((pod) => pod.count)),
      countBefore: sum(counted.filter(holds).map((pod) => pod.count)),
    };
  });
  const selfCounted = spreadCounts(spread, shape, shape) ? 1 : 0;
  const worst = worstSkew(nodes, value, selfCounted, spread.minDomains ?? 1);
  return worst > spread.maxSkew ? [`spread: skew ${worst} over ${key}, at most ${spread.maxSkew} may be`] : [];
}

/**
 * The greatest skew of a domain that the outcomes of nodes allow, for a pod that is there already: with it taken away its
 * domain counts `selfCounted` less, and then it comes anew.
 */
function worstSkew(nodes: readonly Spreading[], value: string, selfCounted: number, minDomains: number): number {
  const domains = new Set(nodes.flatMap((node) => node.domains).filter((one) => one !== undefined));
  const most = sum(nodes.map((node) => (node.domains.includes(value) ? node.countBefore : 0)));
  const certain = new Set(nodes.flatMap((node) => (node.domains.length === 1 ? node.domains : [])));
  certain.add(value);
  certain.delete(undefined);
  if (certain.size < minDomains) return most;
  let worst = selfCounted;
  for (const other of domains) {
    if (other === value) continue;
    const difference = (node: Spreading, domain: string | undefined): number =>
      domain === value ? node.countBefore : domain === other ? -node.count : 0;
    const best = nodes.map((node) => Math.max(...node.domains.map((domain) => difference(node, domain))));
    const cost = nodes.map((node, at) =>
      node.domains.includes(other) ? (best[at] ?? 0) - difference(node, other) : Number.POSITIVE_INFINITY,
    );
    // The other domain is there only if some node is in it.
    worst = Math.max(worst, sum(best) - Math.min(...cost));
  }
  return worst;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** Values that a key may have on a node; undefined among them where it may be absent. */
export function valuesOf(node: StateNode, topologyKey: string): Set<string | undefined> {
  return new Set(node.outcomes.map((labels) => labels.get(normalKey(topologyKey))));
}

/** Whether a term's domain has a pod that all of `terms` mean, one pod of the shape itself on its node taken away. */
function affinityViolations(
  problem: Problem,
  state: readonly StateNode[],
  own: StateNode,
  shape: PodShape,
  arrival: Arrival,
): string[] {
  const terms = required(shape.podAffinity);
  const meant = (pod: PodShape): boolean => terms.every((term) => affinityMeans(term, shape, pod, problem));
  const others = state.flatMap((node) =>
    node.pods.flatMap((pod) => {
      const itself = node === own && pod.shape === shape && pod.placed ? 1 : 0;
      if (pod.daemon === 'perhaps' || !isSeen(pod, node, own)) return [];
      return meant(pod.shape) && pod.count > itself ? [node] : [];
    }),
  );
  const running = state.some((node) =>
    node.pods.some((pod) => !pod.placed && isSeen(pod, node, own) && meant(pod.shape)),
  );
  const alone =
    meant(shape) && others.every((node) => terms.every((term) => valuesOf(node, term.topologyKey).has(undefined)));
  return terms.flatMap((term) => {
    const values = valuesOf(own, term.topologyKey);
    if (values.has(undefined)) return [`topology-key: a node without ${term.topologyKey}, which pods of it ask for`];
    // A pod that means itself may have come before the others; whether an order lets all of them in is check-order.ts.
    if (alone || others.includes(own)) return [];
    if (arrival === 'settled' && meant(shape) && !running) return [];
    const near = others.some((node) => {
      const theirs = valuesOf(node, term.topologyKey);
      return theirs.size === 1 && values.size === 1 && theirs.has([...values][0]);
    });
    return near ? [] : [`affinity: no pod that ${describeTerm(term)} means is in the same ${term.topologyKey}`];
  });
}

function describeTerm(term: PodAffinityInput): string {
  return JSON.stringify(term.labelSelector ?? 'an absent selector');
}

/** Pods that may not be in the domain of another. */
function antiAffinityViolations(
  problem: Problem,
  state: readonly StateNode[],
  own: StateNode,
  shape: PodShape,
): string[] {
  const found: string[] = [];
  for (const node of state) {
    for (const pod of node.pods) {
      const itself = node === own && pod.shape === shape && pod.placed ? 1 : 0;
      if (pod.count <= itself || !isSeen(pod, node, own)) continue;
      for (const term of required(shape.podAntiAffinity)) {
        if (affinityMeans(term, shape, pod.shape, problem) && mayMeet(own, node, term.topologyKey)) {
          found.push(`anti-affinity: ${describeTerm(term)} is met in the same ${term.topologyKey} on ${node.where}`);
        }
      }
      for (const term of required(pod.shape.podAntiAffinity)) {
        if (affinityMeans(term, pod.shape, shape, problem) && mayMeet(own, node, term.topologyKey)) {
          found.push(`anti-affinity-of-others: a pod on ${node.where} keeps it out of its ${term.topologyKey}`);
        }
      }
    }
  }
  return found;
}

/** Whether two nodes may turn out to be in one domain. */
function mayMeet(one: StateNode, other: StateNode, topologyKey: string): boolean {
  const values = valuesOf(one, topologyKey);
  return [...valuesOf(other, topologyKey)].some((value) => value !== undefined && values.has(value));
}

/** Whether a node of these labels reaches every volume of a pod. */
export function reachesVolumes(shape: PodShape, labels: Labels): boolean {
  return shape.volumes.every(
    ({ nodeTerms }) => nodeTerms.length === 0 || nodeTerms.some((term) => termHolds(term, labels)),
  );
}

function volumeViolations(node: StateNode, shape: PodShape): string[] {
  const useless = shape.volumes.find(({ obstacle }) => obstacle !== undefined);
  if (useless !== undefined) return [`claim: ${useless.claimName} can't be used (${useless.obstacle?.kind})`];
  const lost = node.outcomes.find((labels) => !reachesVolumes(shape, labels));
  return lost === undefined ? [] : [`volume: one can't be reached from ${lost.get(ZONE_KEY)}`];
}

/** Pods that share a claim whose volume is not made yet can't be sure to reach it but in one domain. */
function claimViolations(state: readonly StateNode[], own: StateNode, shape: PodShape): string[] {
  return shape.volumes.flatMap(({ sharedClaim, topologyKeys = [] }) =>
    topologyKeys.flatMap((key) => {
      const mates = state.filter((node) =>
        node.pods.some(
          (pod) =>
            pod.shape.namespace === shape.namespace &&
            pod.shape.volumes.some((volume) => volume.sharedClaim === sharedClaim),
        ),
      );
      const values = new Set([own, ...mates].flatMap((node) => [...valuesOf(node, key)]));
      return values.size === 1 && !values.has(undefined)
        ? []
        : [`shared-claim: pods of ${sharedClaim} may be in ${[...values].join(' or ')}`];
    }),
  );
}

/** Pods with their shapes, as the groups of rules pass them about. */
export type Pods = readonly { readonly shape: PodShape; readonly count: number }[];

/** The first port that one of the newcomers would take of the others, or two of them from each other. */
export function collidingPort(there: Pods, newcomers: Pods): HostPortInput | undefined {
  const taken = there.flatMap((pod) => pod.shape.hostPorts);
  for (const { shape, count } of newcomers) {
    for (let pod = 0; pod < Math.min(count, 2); pod += 1) {
      const clash = shape.hostPorts.find((port) => taken.some((other) => portsCollide(port, other)));
      if (clash !== undefined) return clash;
      taken.push(...shape.hostPorts);
    }
  }
  return undefined;
}

function portsCollide(a: HostPortInput, b: HostPortInput): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  return isAnyAddress(a.hostIp) || isAnyAddress(b.hostIp) || a.hostIp === b.hostIp;
}

function isAnyAddress(address: string): boolean {
  return address === '' || address === '0.0.0.0';
}

/** Pods on an existing node with the daemonsets' that are there or will come. */
export function podsThere(open: OpenCase, nodeIndex: number): Pods {
  const node = open.problem.nodes[nodeIndex];
  if (node === undefined) return [];
  const daemons = open.problem.daemonSets.filter(
    (set) =>
      daemonBelongs(node, set) ||
      node.daemonPods.some((pod) => pod.namespace === set.namespace && pod.name === set.name),
  );
  return [...node.pods, ...daemons.map(({ shape }) => ({ shape, count: 1 }))];
}

function portViolations(open: OpenCase): string[] {
  const onExisting = open.plan.existing.flatMap(({ nodeIndex, pods }) => {
    const clash = collidingPort(podsThere(open, nodeIndex), podsOf(open, pods));
    return clash === undefined ? [] : [`host-port: ${clash.port} twice on ${open.problem.nodes[nodeIndex]?.name}`];
  });
  const onNew = open.resolved.flatMap(({ where, nodes, view, list, fixed }) =>
    list.flatMap((candidate) => {
      const daemons = daemonSetsOn(view, candidate, fixed).map(({ shape }) => ({ shape, count: 1 }));
      const clash = collidingPort(daemons, podsOf(open, nodes.pods));
      return clash === undefined ? [] : [`host-port: ${clash.port} twice on ${where} ${candidate.identity}`];
    }),
  );
  return [...onExisting, ...onNew];
}

/** The driver that has more volumes than a node takes; a driver that a node does not name has no limit. */
export function overAttached(allocatable: ResourceList, pods: Pods): string | undefined {
  const attached = new Map<string, number>();
  const shared = new Set<string>();
  for (const { shape, count } of pods) {
    for (const { driver, sharedClaim } of shape.volumes) {
      const claim = `${shape.namespace}/${sharedClaim}`;
      const more = sharedClaim === undefined ? count : Number(!shared.has(claim));
      if (sharedClaim !== undefined) shared.add(claim);
      attached.set(driver, (attached.get(driver) ?? 0) + more);
    }
  }
  for (const [driver, count] of attached) {
    const limit = allocatable[`${ATTACHMENT_PREFIX}${driver}`];
    if (limit !== undefined && count > limit) return `${driver} ${count} > ${limit}`;
  }
  return undefined;
}

/** Claims of a shape that several pods mount. */
function sharedClaimsOf({ namespace, volumes }: PodShape): string[] {
  return volumes.flatMap(({ sharedClaim }) => (sharedClaim === undefined ? [] : [`${namespace}/${sharedClaim}`]));
}

function attachmentViolations(open: OpenCase): string[] {
  const onExisting = open.plan.existing.flatMap(({ nodeIndex, pods }) => {
    const node = open.problem.nodes[nodeIndex];
    // Only drivers of which more is attached are looked at: others may join a node that has too many attached already, and
    // so may pods whose claims are attached to it.
    const placed = podsOf(open, pods);
    const there = new Set((node?.pods ?? []).flatMap(({ shape }) => sharedClaimsOf(shape)));
    const drivers = new Set(
      placed.flatMap(({ shape }) =>
        shape.volumes
          .filter(({ sharedClaim }) => !there.has(`${shape.namespace}/${sharedClaim}`))
          .map(({ driver }) => driver),
      ),
    );
    if (drivers.size === 0) return [];
    const limits = Object.entries(node?.allocatable ?? {}).filter(([name]) =>
      drivers.has(name.slice(ATTACHMENT_PREFIX.length)),
    );
    const over = overAttached(Object.fromEntries(limits), [...(node?.pods ?? []), ...placed]);
    return over === undefined ? [] : [`attachments: ${node?.name}: ${over}`];
  });
  const onNew = open.resolved.flatMap(({ where, nodes, list }) =>
    list.flatMap(({ allocatable, identity }) => {
      const over = overAttached(allocatable, podsOf(open, nodes.pods));
      return over === undefined ? [] : [`attachments: ${where} ${identity}: ${over}`];
    }),
  );
  return [...onExisting, ...onNew];
}
