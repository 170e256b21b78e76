// Looks for an order in which placed pods can arrive, by arithmetic: who may come next with those in place who came before.
// It only proposes: the scheduler judges every step of what it finds, and orders of other kinds where it finds none.
import type { Namespace, Node, Pod, PodTerm } from './objects.ts';
import { nodeMeets, spreadCounts, termMeans, tolerates } from './selects.ts';

/** What pods arrive among. */
export interface Surroundings {
  readonly namespaces: readonly Namespace[];
  readonly nodes: readonly Node[];
  /** Pods that run before anybody arrives, with their node in `spec.nodeName`. */
  readonly running: readonly Pod[];
}

/** Sets of pods in place that are looked at before the search gives up. */
const MOST_STATES = 4000;

interface Arriving {
  readonly pod: Pod;
  readonly nodeName: string;
}

/** A spread of one pod: what it counts, and the domain of every node that counts. */
interface Spread {
  readonly counts: readonly boolean[];
  readonly domains: readonly (string | undefined)[];
  readonly own: string | undefined;
  readonly countsItself: number;
  readonly maxSkew: number;
  readonly minDomains: number;
}

/** Rules of one pod by the places of all others. */
interface Rules {
  readonly spreads: readonly Spread[];
  /** Pods that all required affinity terms mean. */
  readonly meant: readonly boolean[];
  readonly affinityKeys: readonly string[];
  /** Pods that may not be there when it comes, whoever of the two holds the rule. */
  readonly apart: readonly boolean[];
}

/** An order that lets everybody in, as far as arithmetic can tell; undefined where none was found. */
export function searchOrder<Placed extends Arriving>(
  placements: readonly Placed[],
  surroundings: Surroundings,
): Placed[] | undefined {
  const model = new Model(placements, surroundings);
  const present = model.pods.map((_, index) => index >= placements.length);
  const waiting = new Set(placements.keys());
  const order: number[] = [];
  const seen = new Set<string>();
  // Pods with the same labels on the same node are as good as each other.
  const kinds = placements.map(({ pod, nodeName }) => `${JSON.stringify(pod.metadata.labels)} ${nodeName}`);
  const come = (index: number): void => {
    order.push(index);
    present[index] = true;
    waiting.delete(index);
  };
  const leaveFrom = (length: number): void => {
    for (const index of order.splice(length)) {
      present[index] = false;
      waiting.add(index);
    }
  };
  const search = (): boolean => {
    const length = order.length;
    // Whoever is in nobody's way comes at once: there is nothing to choose.
    for (let found: number | undefined = -1; found !== undefined; ) {
      found = [...waiting].find((index) => model.harm(index, waiting) === 0 && model.mayCome(index, present));
      if (found !== undefined) come(found);
    }
    if (waiting.size === 0) return true;
    const state = [...waiting]
      .map((index) => kinds[index])
      .sort()
      .join('|');
    if (!seen.has(state) && seen.size < MOST_STATES) {
      seen.add(state);
      const next = new Map<string | undefined, number>();
      for (const index of waiting) if (!next.has(kinds[index])) next.set(kinds[index], index);
      const coming = [...next.values()]
        .filter((index) => model.mayCome(index, present))
        // A pod without spreads is let in later as well as now, so those that have them go first.
        .sort(
          (left, right) =>
            Number(model.holdsSpread(right)) - Number(model.holdsSpread(left)) ||
            model.harm(left, waiting) - model.harm(right, waiting),
        );
      for (const index of coming) {
        const before = order.length;
        come(index);
        if (search()) return true;
        leaveFrom(before);
      }
    }
    leaveFrom(length);
    return false;
  };
  return search() ? order.flatMap((index) => placements[index] ?? []) : undefined;
}

class Model {
  /** Those who arrive, then those who run already. */
  readonly pods: readonly Pod[];
  readonly #nodes: readonly (Node | undefined)[];
  /** Nodes by their place in the list of all. */
  readonly #places: ReadonlyMap<Node, number>;
  readonly #rules: readonly Rules[];

  constructor(placements: readonly Arriving[], { namespaces, nodes, running }: Surroundings) {
    const byName = new Map(nodes.map((node) => [node.metadata.name, node]));
    this.pods = [...placements.map(({ pod }) => pod), ...running];
    this.#nodes = [
      ...placements.map(({ nodeName }) => byName.get(nodeName)),
      ...running.map(({ spec }) => byName.get(spec.nodeName ?? '')),
    ];
    this.#places = new Map(nodes.map((node, place) => [node, place]));
    this.#rules = placements.map(({ pod }, index) => this.#rulesOf(pod, index, namespaces, nodes));
  }

  /** Whether nothing among those present keeps the pod out. */
  mayCome(index: number, present: readonly boolean[]): boolean {
    const rules = this.#rules[index];
    if (rules === undefined || rules.apart.some((isApart, other) => isApart && present[other])) return false;
    return rules.spreads.every((spread) => this.#keeps(spread, present)) && this.#isNear(index, rules, present);
  }

  /** Whether the pod has a spread of its own that must be kept. */
  holdsSpread(index: number): boolean {
    return (this.#rules[index]?.spreads.length ?? 0) > 0;
  }

  /** How many of those that wait would find their domain fuller by this pod, or a group of theirs founded elsewhere. */
  harm(index: number, waiting: ReadonlySet<number>): number {
    const place = this.#placeOf(this.#nodes[index]);
    let count = 0;
    for (const other of waiting) {
      const rules = this.#rules[other];
      if (other === index || rules === undefined) continue;
      const isFuller = rules.spreads.some(
        ({ counts, domains, own }) => counts[index] && own !== undefined && domains[place] === own,
      );
      if (isFuller || this.#foundsElsewhere(index, other, rules)) count += 1;
    }
    return count;
  }

  /** Whether the other pod's affinity means this one and itself, and this one stands in another domain. */
  #foundsElsewhere(index: number, other: number, { meant, affinityKeys }: Rules): boolean {
    if (affinityKeys.length === 0 || meant[index] !== true || meant[other] !== true) return false;
    const labels = this.#nodes[other]?.metadata.labels ?? {};
    return affinityKeys.some((key) => this.#nodes[index]?.metadata.labels?.[key] !== labels[key]);
  }

  #placeOf(node: Node | undefined): number {
    return node === undefined ? -1 : (this.#places.get(node) ?? -1);
  }

  #keeps({ counts, domains, own, countsItself, maxSkew, minDomains }: Spread, present: readonly boolean[]): boolean {
    if (own === undefined) return false;
    const sums = new Map<string, number>();
    for (const domain of domains) if (domain !== undefined) sums.set(domain, 0);
    this.pods.forEach((_, index) => {
      const domain = domains[this.#placeOf(this.#nodes[index])];
      if (present[index] && counts[index] && domain !== undefined) sums.set(domain, (sums.get(domain) ?? 0) + 1);
    });
    const least = sums.size < minDomains ? 0 : Math.min(...sums.values());
    return (sums.get(own) ?? 0) + countsItself - least <= maxSkew;
  }

  #isNear(index: number, { meant, affinityKeys }: Rules, present: readonly boolean[]): boolean {
    if (affinityKeys.length === 0) return true;
    const labels = this.#nodes[index]?.metadata.labels ?? {};
    const there = this.pods.flatMap((_, other) =>
      present[other] && meant[other] ? [this.#nodes[other]?.metadata.labels ?? {}] : [],
    );
    if (affinityKeys.some((key) => labels[key] === undefined)) return false;
    if (affinityKeys.every((key) => there.some((theirs) => theirs[key] === labels[key]))) return true;
    return meant[index] === true && !there.some((theirs) => affinityKeys.some((key) => theirs[key] !== undefined));
  }

  #rulesOf(pod: Pod, index: number, namespaces: readonly Namespace[], nodes: readonly Node[]): Rules {
    const affinity = required(pod, 'podAffinity');
    const hard = (pod.spec.topologySpreadConstraints ?? []).filter(
      ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
    );
    const spreads = hard.map((spread): Spread => {
      const domains = nodes.map((node) => {
        const labels = node.metadata.labels ?? {};
        if (hard.some(({ topologyKey }) => labels[topologyKey] === undefined)) return undefined;
        if (spread.nodeAffinityPolicy !== 'Ignore' && !nodeMeets(pod, node)) return undefined;
        if (spread.nodeTaintsPolicy === 'Honor' && !tolerates(pod, node)) return undefined;
        return labels[spread.topologyKey];
      });
      return {
        counts: this.pods.map((other) => spreadCounts(spread, pod, other)),
        domains,
        own: this.#nodes[index]?.metadata.labels?.[spread.topologyKey],
        countsItself: spreadCounts(spread, pod, pod) ? 1 : 0,
        maxSkew: spread.maxSkew,
        minDomains: spread.minDomains ?? 1,
      };
    });
    return {
      spreads,
      meant: this.pods.map((other) => affinity.every((term) => termMeans(term, pod, other, namespaces))),
      affinityKeys: affinity.map(({ topologyKey }) => topologyKey),
      apart: this.pods.map(
        (other, at) =>
          at !== index &&
          (this.#meets(index, at, required(pod, 'podAntiAffinity'), pod, other, namespaces) ||
            this.#meets(index, at, required(other, 'podAntiAffinity'), other, pod, namespaces)),
      ),
    };
  }

  /** Whether a term of `holder` means `other`, and the two pods are in one domain of it. */
  #meets(
    left: number,
    right: number,
    terms: readonly PodTerm[],
    holder: Pod,
    other: Pod,
    namespaces: readonly Namespace[],
  ): boolean {
    return terms.some((term) => {
      const value = this.#nodes[left]?.metadata.labels?.[term.topologyKey];
      const same = value !== undefined && value === this.#nodes[right]?.metadata.labels?.[term.topologyKey];
      return same && termMeans(term, holder, other, namespaces);
    });
  }
}

function required(pod: Pod, kind: 'podAffinity' | 'podAntiAffinity'): readonly PodTerm[] {
  return pod.spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}
