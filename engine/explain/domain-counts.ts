// How many pods each topology rule counts in each domain at the end of a plan, and what one more pod would do there. Each
// rule can be asked by itself, which is what an explanation needs; the solver's own counts (engine/topology) answer for all
// rules of a pod at once.

import type { TopologyRules } from '../topology/index.ts';
import { type AffinityRule, type Counter, type DomainOf, HOSTNAME_LABEL, type SpreadRule } from '../topology/index.ts';

/** Counts by domain. */
export class DomainCounts {
  readonly #counts = new Map<Counter, Map<string, number>>();
  /** For each counter, domains with pods that hold an anti-affinity term against what it counts. */
  readonly #holders = new Map<Counter, Map<string, number>>();
  readonly #totals = new Map<Counter, number>();
  readonly #universe: (rule: SpreadRule) => ReadonlySet<string>;

  /** `universe` gives the domains that a spread looks at. */
  constructor(universe: (rule: SpreadRule) => ReadonlySet<string>) {
    this.#universe = universe;
  }

  /** Counts pods into a place. `counting` are the counters that count them there. */
  add(counting: Iterable<Counter>, rules: TopologyRules, domainOf: DomainOf, podCount: number): void {
    for (const counter of counting) {
      const domain = domainOf(counter.topologyKey);
      // New nodes have a hostname that nobody knows yet: there only the total counts.
      if (domain === undefined && counter.topologyKey !== HOSTNAME_LABEL) continue;
      this.#totals.set(counter, this.total(counter) + podCount);
      if (domain !== undefined) addTo(this.#counts, counter, domain, podCount);
    }
    for (const { counter, weight } of rules.antiAffinities) {
      const domain = domainOf(counter.topologyKey);
      if (weight === undefined && domain !== undefined) addTo(this.#holders, counter, domain, podCount);
    }
  }

  /** Pods that a counter counts in a domain. */
  count(counter: Counter, domain: string): number {
    return this.#counts.get(counter)?.get(domain) ?? 0;
  }

  /** Pods that a counter counts in all. */
  total(counter: Counter): number {
    return this.#totals.get(counter) ?? 0;
  }

  /** Whether a domain has pods whose own anti-affinity keeps away what a counter counts. */
  holdsAway(counter: Counter, domain: string | undefined): boolean {
    return domain !== undefined && (this.#holders.get(counter)?.get(domain) ?? 0) > 0;
  }

  /** Whether some pod holds an anti-affinity against what a counter counts. */
  hasHolders(counter: Counter): boolean {
    return this.#holders.has(counter);
  }

  /** The domains that a spread looks at. */
  universe(rule: SpreadRule): ReadonlySet<string> {
    return this.#universe(rule);
  }

  /** How far a domain would be ahead of the least full one with one more pod; undefined where it is no domain of the rule. */
  skewWith(rule: SpreadRule, domain: string | undefined): number | undefined {
    const universe = this.#universe(rule);
    if (domain === undefined || !universe.has(domain)) return undefined;
    const { minDomains } = rule.input;
    const counts = [...universe].map((each) => this.count(rule.counter, each));
    const least = minDomains !== undefined && universe.size < minDomains ? 0 : Math.min(...counts);
    return this.count(rule.counter, domain) + (rule.countsItself ? 1 : 0) - least;
  }

  /** Whether a spread lets one more pod into a domain. */
  spreads(rule: SpreadRule, domain: string | undefined): boolean {
    const skew = this.skewWith(rule, domain);
    return skew !== undefined && skew <= rule.input.maxSkew;
  }

  /** Whether an affinity is met in a domain, or may start its group there. */
  attracts(rule: AffinityRule, domain: string | undefined, rules: TopologyRules): boolean {
    if (domain === undefined) return false;
    if (this.count(rule.counter, domain) > 0) return true;
    return rule.counter.claim === undefined ? this.mayBootstrap(rules) : this.total(rule.counter) === 0;
  }

  /** Whether affinities may start a group anywhere: nothing that they mean is there, and they mean the pod itself. */
  mayBootstrap({ affinities }: TopologyRules): boolean {
    return affinities.every(
      ({ counter, meansItself }) => counter.claim !== undefined || (this.total(counter) === 0 && meansItself),
    );
  }
}

function addTo(counts: Map<Counter, Map<string, number>>, counter: Counter, domain: string, podCount: number): void {
  let byDomain = counts.get(counter);
  if (byDomain === undefined) {
    byDomain = new Map();
    counts.set(counter, byDomain);
  }
  byDomain.set(domain, (byDomain.get(domain) ?? 0) + podCount);
}
