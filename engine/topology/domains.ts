// Where pods are counted while a plan grows: for each counter the pods in each domain, and for each anti-affinity term
// the pods that hold it. Says whether one more pod may go into a domain; which domain is chosen is decided elsewhere.
// Rules on the hostname are a matter of one node and are kept in host-rules.ts.
import {
  type AffinityRule,
  type Counter,
  type CounterTable,
  isOnHostname,
  type SpreadRule,
  type TopologyRules,
} from './rules.ts';

/** Value of a label for one place; undefined where nodes there do not carry it. */
export type DomainOf = (topologyKey: string) => string | undefined;

/** Which rule keeps a pod out of a place. */
export type Obstacle =
  | { readonly kind: 'spread'; readonly rule: SpreadRule }
  | { readonly kind: 'affinity'; readonly rule: AffinityRule }
  | { readonly kind: 'anti-affinity'; readonly rule: AffinityRule }
  | { readonly kind: 'held-away'; readonly counter: Counter };

/** Domains that a spread looks at, beside those that pods are in. */
export type Universe = (rule: SpreadRule) => ReadonlySet<string>;

/** Counts over domains. */
export class DomainState {
  readonly #counts: Map<string, number>[];
  readonly #totals: Float64Array;
  /** For each counter, domains with pods that hold an anti-affinity term against what it counts. */
  readonly #holders: Map<string, number>[];
  readonly #universe: Universe;

  constructor(counters: CounterTable, universe: Universe) {
    this.#counts = counters.counters.map(() => new Map());
    this.#holders = counters.counters.map(() => new Map());
    this.#totals = new Float64Array(counters.counters.length);
    this.#universe = universe;
  }

  /** Counts pods into a place. `counting` are the counters that count them, `rules` what they hold against others. */
  add(counting: readonly Counter[], rules: TopologyRules, domainOf: DomainOf, podCount: number): void {
    for (const counter of counting) {
      const domain = domainOf(counter.topologyKey);
      if (domain === undefined) continue;
      const counts = this.#counts[counter.index]!;
      counts.set(domain, (counts.get(domain) ?? 0) + podCount);
      this.#totals[counter.index]! += podCount;
    }
    for (const rule of rules.antiAffinities) {
      if (rule.weight !== undefined || isOnHostname(rule)) continue;
      const domain = domainOf(rule.counter.topologyKey);
      if (domain === undefined) continue;
      const holders = this.#holders[rule.counter.index]!;
      holders.set(domain, (holders.get(domain) ?? 0) + podCount);
    }
  }

  /** Pods that a counter counts in a domain. */
  count(counter: Counter, domain: string): number {
    return this.#counts[counter.index]!.get(domain) ?? 0;
  }

  /** Pods that a counter counts in all. */
  total(counter: Counter): number {
    return this.#totals[counter.index]!;
  }

  /**
   * What keeps one more pod out of a place; undefined where nothing does. Counters on the hostname are left out, but for
   * the bootstrap of an affinity.
   */
  obstacle(counting: readonly Counter[], rules: TopologyRules, domainOf: DomainOf): Obstacle | undefined {
    for (const rule of rules.spreads) {
      if (!isOnHostname(rule) && !this.#spreads(rule, domainOf(rule.counter.topologyKey)))
        return { kind: 'spread', rule };
    }
    for (const rule of rules.affinities) {
      if (!isOnHostname(rule) && !this.#attracts(rule, domainOf(rule.counter.topologyKey), rules)) {
        return { kind: 'affinity', rule };
      }
    }
    for (const rule of rules.antiAffinities) {
      if (isOnHostname(rule)) continue;
      const domain = domainOf(rule.counter.topologyKey);
      if (domain !== undefined && this.count(rule.counter, domain) > 0) return { kind: 'anti-affinity', rule };
    }
    for (const counter of counting) {
      const holders = this.#holders[counter.index]!;
      if (holders.size === 0) continue;
      const domain = domainOf(counter.topologyKey);
      if (domain !== undefined && (holders.get(domain) ?? 0) > 0) return { kind: 'held-away', counter };
    }
    return undefined;
  }

  /**
   * Whether a pod that does not hold the spreads itself would leave a domain fuller than they allow: kube-scheduler lets
   * it, but the pods that do hold them could then stand nowhere else.
   */
  disturbs(
    counting: readonly Counter[],
    spreadsOf: ReadonlyMap<Counter, readonly SpreadRule[]>,
    domainOf: DomainOf,
  ): boolean {
    return counting.some((counter) =>
      (spreadsOf.get(counter) ?? []).some((rule) => {
        const domain = domainOf(counter.topologyKey);
        return (
          domain !== undefined &&
          this.#universe(rule).has(domain) &&
          !this.#spreads({ ...rule, countsItself: true }, domain)
        );
      }),
    );
  }

  /** How many more pods a spread lets into a domain before any other changes; for what is tried first. */
  spreadCount(rule: SpreadRule, domain: string | undefined): number {
    return domain === undefined ? Number.POSITIVE_INFINITY : this.count(rule.counter, domain);
  }

  /** Whether an affinity may start a group anywhere: nothing that it means is there, and it means its own pods. */
  mayBootstrap(rules: TopologyRules): boolean {
    return rules.affinities.every((rule) => this.total(rule.counter) === 0 && rule.meansItself);
  }

  #spreads(rule: SpreadRule, domain: string | undefined): boolean {
    if (domain === undefined) return false;
    const universe = this.#universe(rule);
    if (!universe.has(domain)) return false;
    const { minDomains, maxSkew } = rule.input;
    let least = Number.POSITIVE_INFINITY;
    for (const other of universe) least = Math.min(least, this.count(rule.counter, other));
    if (minDomains !== undefined && universe.size < minDomains) least = 0;
    return this.count(rule.counter, domain) + (rule.countsItself ? 1 : 0) - least <= maxSkew;
  }

  #attracts(rule: AffinityRule, domain: string | undefined, rules: TopologyRules): boolean {
    if (domain === undefined) return false;
    return this.count(rule.counter, domain) > 0 || this.mayBootstrap(rules);
  }
}
