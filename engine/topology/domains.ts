// Where pods are counted while a plan grows: for each counter the pods in each domain, and for each anti-affinity term
// the pods that hold it. Says whether one more pod may go into a domain; which domain is chosen is decided elsewhere.
// Rules on the hostname are a matter of one node and are kept in host-rules.ts: of their counters only totals are known.
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

/** A place as numbers: `Int32Array[keys]`, for each topology key the number of its value there, -1 for none. */
export type Spot = Int32Array;

/** Where pods are counted: a spot, and which of the counters of pods there leave them out. */
export interface Location {
  readonly spot: Spot;
  readonly ignores: (counter: Counter) => boolean;
}

/** Which rule keeps a pod out of a place. */
export type Obstacle =
  | { readonly kind: 'spread'; readonly rule: SpreadRule }
  | { readonly kind: 'affinity'; readonly rule: AffinityRule }
  | { readonly kind: 'anti-affinity'; readonly rule: AffinityRule }
  | { readonly kind: 'held-away'; readonly counter: Counter };

/** Domains that a spread looks at, beside those that pods are in. */
export type Universe = (rule: SpreadRule) => ReadonlySet<string>;

/** The rules of a pod over domains as numbers, made once for each of its demands (DomainState.rulesOf). */
export interface DomainRules {
  readonly spreads: readonly CountedSpread[];
  readonly affinities: readonly CountedAffinity[];
  readonly antiAffinities: readonly CountedAffinity[];
  /** Affinities on the hostname: they too decide whether a group may start. */
  readonly hostAffinities: readonly CountedAffinity[];
  /** Counters that count the pod. */
  readonly counting: readonly CountedFor[];
  /** Spreads of others that its pods could bring out of balance. */
  readonly disturbed: readonly CountedSpread[];
}

interface CountedSpread {
  readonly rule: SpreadRule;
  readonly counter: number;
  readonly key: number;
  readonly maxSkew: number;
  readonly minDomains: number;
  /** 1 where the pod counts itself. */
  readonly self: number;
}

interface CountedAffinity {
  readonly rule: AffinityRule;
  readonly counter: number;
  readonly key: number;
}

interface CountedFor {
  readonly source: Counter;
  readonly counter: number;
  /** -1 for the hostname. */
  readonly key: number;
}

/** What a spread looks at, as numbers. */
interface CountedUniverse {
  readonly domains: Int32Array;
  /** `Uint8Array[domain]`: 1 for those of `domains`. */
  readonly has: Uint8Array;
}

/** Stands for "not known" among least counts, which are never negative. */
const UNKNOWN = -1;

/** Counts over domains. */
export class DomainState {
  readonly #keys = new Map<string, number>();
  readonly #values: Map<string, number>[] = [];
  readonly #counts: Float64Array[];
  readonly #totals: Float64Array;
  /** For each counter, how many pods in each domain hold an anti-affinity term against what it counts. */
  readonly #holders: (Float64Array | undefined)[];
  readonly #universe: Universe;
  readonly #universes: (CountedUniverse | undefined)[];
  /** `Float64Array[counters]`: the least count over the universe, UNKNOWN after a domain that had it changed. */
  readonly #least: Float64Array;
  /** `Float64Array[counters]`: how often a change may have let in pods that were kept out. */
  readonly #openings: Float64Array;

  constructor(counters: CounterTable, universe: Universe) {
    const size = counters.counters.length;
    for (const counter of counters.counters) {
      if (isOnHostname({ counter }) || this.#keys.has(counter.topologyKey)) continue;
      this.#keys.set(counter.topologyKey, this.#keys.size);
      this.#values.push(new Map());
    }
    this.#counts = counters.counters.map(() => NO_DOMAINS);
    this.#holders = counters.counters.map(() => undefined);
    this.#universes = counters.counters.map(() => undefined);
    this.#totals = new Float64Array(size);
    this.#openings = new Float64Array(size);
    this.#least = new Float64Array(size).fill(UNKNOWN);
    this.#universe = universe;
  }

  /** Numbers a place. */
  spotOf(domainOf: DomainOf): Spot {
    const spot = new Int32Array(this.#keys.size).fill(-1);
    for (const [topologyKey, key] of this.#keys) {
      const value = domainOf(topologyKey);
      if (value !== undefined) spot[key] = this.#numberOf(key, value);
    }
    return spot;
  }

  /** Numbers the rules of a pod. `spreadsOf` are the spreads that pods to place hold, by their counter. */
  rulesOf(
    rules: TopologyRules,
    counting: Iterable<Counter>,
    spreadsOf: ReadonlyMap<Counter, readonly SpreadRule[]>,
  ): DomainRules {
    const counted = [...counting];
    const affinity = (rule: AffinityRule): CountedAffinity => ({
      rule,
      counter: rule.counter.index,
      key: this.#keyOf(rule.counter),
    });
    return {
      spreads: rules.spreads.filter((rule) => !isOnHostname(rule)).map((rule) => this.#countedSpread(rule)),
      affinities: rules.affinities.filter((rule) => !isOnHostname(rule)).map(affinity),
      hostAffinities: rules.affinities.filter(isOnHostname).map(affinity),
      antiAffinities: rules.antiAffinities.filter((rule) => !isOnHostname(rule)).map(affinity),
      counting: counted.map((counter) => ({ source: counter, counter: counter.index, key: this.#keyOf(counter) })),
      disturbed: counted.flatMap((counter) =>
        (spreadsOf.get(counter) ?? []).map((rule) => this.#countedSpread({ ...rule, countsItself: true })),
      ),
    };
  }

  /** Counts pods into a place. */
  add(rules: DomainRules, { spot, ignores }: Location, podCount: number): void {
    for (const { counter, key, source } of rules.counting) {
      if (source.countedFor !== undefined && ignores(source)) continue;
      if (this.#totals[counter] === 0) this.#openings[counter]!++;
      if (key < 0) this.#totals[counter]! += podCount;
      else if (spot[key]! >= 0) {
        this.#totals[counter]! += podCount;
        this.#counts[counter] = this.#addTo(this.#counts[counter]!, spot[key]!, podCount, counter);
      }
    }
    for (const { rule, counter, key } of rules.antiAffinities) {
      if (rule.weight !== undefined || spot[key]! < 0) continue;
      this.#holders[counter] = grown(this.#holders[counter] ?? NO_DOMAINS, spot[key]!);
      this.#holders[counter]![spot[key]!]! += podCount;
    }
  }

  /** Forgets all pods; places and rules keep their numbers. */
  clear(): void {
    for (const counts of this.#counts) counts.fill(0);
    for (const holders of this.#holders) holders?.fill(0);
    this.#totals.fill(0);
    this.#least.fill(UNKNOWN);
  }

  /** Grows with every change that may let in pods with these rules which were kept out before. */
  openingsFor(rules: DomainRules): number {
    let sum = 0;
    for (const { counter } of rules.spreads) sum += this.#openings[counter]!;
    for (const { counter } of rules.affinities) sum += this.#openings[counter]!;
    return sum;
  }

  /** Pods that a counter counts in all. */
  total(counter: Counter): number {
    return this.#totals[counter.index]!;
  }

  /** Whether a counter counts a pod in one of the domains. */
  countsAny(counter: number, domains: Iterable<number>): boolean {
    for (const domain of domains) if (this.#countIn(counter, domain) > 0) return true;
    return false;
  }

  /**
   * What keeps one more pod out of a place; undefined where nothing does. Counters on the hostname are left out, but for
   * the bootstrap of an affinity. O(rules), and O(domains) after the least full domain of a spread has changed.
   */
  obstacle(rules: DomainRules, spot: Spot): Obstacle | undefined {
    for (const spread of rules.spreads) {
      if (!this.#spreads(spread, spot)) return { kind: 'spread', rule: spread.rule };
    }
    for (const affinity of rules.affinities) {
      const { rule, counter, key } = affinity;
      const domain = spot[key]!;
      if (domain < 0 || (this.#countIn(counter, domain) === 0 && !this.#mayStart(affinity, rules))) {
        return { kind: 'affinity', rule };
      }
    }
    for (const { rule, counter, key } of rules.antiAffinities) {
      if (spot[key]! >= 0 && this.#countIn(counter, spot[key]!) > 0) return { kind: 'anti-affinity', rule };
    }
    for (const { source, counter, key } of rules.counting) {
      const holders = this.#holders[counter];
      if (holders !== undefined && key >= 0 && (holders[spot[key]!] ?? 0) > 0) {
        return { kind: 'held-away', counter: source };
      }
    }
    return undefined;
  }

  /**
   * Whether a pod that does not hold the spreads itself would leave a domain fuller than they allow: kube-scheduler lets
   * it, but the pods that do hold them could then stand nowhere else.
   */
  disturbs(rules: DomainRules, spot: Spot): boolean {
    for (const spread of rules.disturbed) {
      const domain = spot[spread.key]!;
      if (domain >= 0 && this.#universeOf(spread).has[domain] === 1 && !this.#spreads(spread, spot)) return true;
    }
    return false;
  }

  /** Pods that a pod's spreads count in a place: what is less full is tried first. */
  fullness(rules: DomainRules, spot: Spot): number {
    let sum = 0;
    for (const { counter, key } of rules.spreads) {
      const domain = spot[key]!;
      sum += domain < 0 ? Number.POSITIVE_INFINITY : this.#countIn(counter, domain);
    }
    return sum;
  }

  /** Values of the domains in which a spread counts the fewest pods: what is there decides how many the others may have. */
  leastFull({ counter }: SpreadRule): string[] {
    const key = this.#keyOf(counter);
    const universe = this.#universes[counter.index];
    if (universe === undefined) return [];
    const counts = Array.from(universe.domains, (domain) => this.#countIn(counter.index, domain));
    const least = Math.min(...counts);
    const emptiest = new Set(universe.domains.filter((_, index) => counts[index] === least));
    return [...this.#values[key]!].flatMap(([value, domain]) => (emptiest.has(domain) ? [value] : []));
  }

  /** Whether an affinity may start a group anywhere: nothing that it means is there, and it means its own pods. */
  mayBootstrap(rules: DomainRules): boolean {
    return rules.affinities.every(this.#startsGroup) && rules.hostAffinities.every(this.#startsGroup);
  }

  /** Whether the place of a pod decides where others have to follow. */
  decidesForOthers(rules: DomainRules): boolean {
    return rules.affinities.some((affinity) => this.#mayStart(affinity, rules));
  }

  /** A claim is bound by the first of its pods whatever else that one is near to; affinities start together or not at all. */
  #mayStart({ rule, counter }: CountedAffinity, rules: DomainRules): boolean {
    return rule.counter.claim === undefined ? this.mayBootstrap(rules) : this.#totals[counter] === 0;
  }

  /**
   * How far the domains of all spreads that matter to a pod are above their least full ones, as text: where it is the same
   * again, the same pods find the same places again.
   */
  balance(rules: DomainRules): string {
    let text = '';
    for (const spread of [...rules.spreads, ...rules.disturbed]) {
      const { domains } = this.#universeOf(spread);
      const least = this.#leastFor(spread, domains.length);
      for (const domain of domains) text += `${this.#countIn(spread.counter, domain) - least},`;
      text += ';';
    }
    return text;
  }

  readonly #startsGroup = ({ rule, counter }: CountedAffinity): boolean =>
    rule.counter.claim !== undefined || (this.#totals[counter] === 0 && rule.meansItself);

  /** By how much one more pod would be above the least full domain of a spread; Infinity where it may not be at all. */
  skewOf(spread: CountedSpread, spot: Spot): number {
    const domain = spot[spread.key]!;
    if (domain < 0) return Number.POSITIVE_INFINITY;
    const { has, domains } = this.#universeOf(spread);
    if (has[domain] !== 1) return Number.POSITIVE_INFINITY;
    return this.#countIn(spread.counter, domain) + spread.self - this.#leastFor(spread, domains.length);
  }

  #spreads(spread: CountedSpread, spot: Spot): boolean {
    return this.skewOf(spread, spot) <= spread.maxSkew;
  }

  /** What the skew is counted from: with too few domains one of them counts as empty. */
  #leastFor(spread: CountedSpread, domainCount: number): number {
    return domainCount < spread.minDomains ? 0 : this.#leastOf(spread);
  }

  #leastOf({ counter, rule }: CountedSpread): number {
    let least = this.#least[counter]!;
    if (least !== UNKNOWN) return least;
    least = Number.POSITIVE_INFINITY;
    const { domains } = this.#universeOf({ counter, rule });
    for (let index = 0; index < domains.length; index++) {
      const count = this.#countIn(counter, domains[index]!);
      if (count < least) least = count;
    }
    this.#least[counter] = least;
    return least;
  }

  #universeOf({ counter, rule }: Pick<CountedSpread, 'counter' | 'rule'>): CountedUniverse {
    let universe = this.#universes[counter];
    if (universe === undefined) {
      const key = this.#keyOf(rule.counter);
      const domains = Int32Array.from(this.#universe(rule), (value) => this.#numberOf(key, value));
      const has = new Uint8Array(this.#values[key]!.size);
      for (const domain of domains) has[domain] = 1;
      universe = { domains, has };
      this.#universes[counter] = universe;
    }
    return universe;
  }

  #countedSpread(rule: SpreadRule): CountedSpread {
    return {
      rule,
      counter: rule.counter.index,
      key: this.#keyOf(rule.counter),
      maxSkew: rule.input.maxSkew,
      minDomains: rule.input.minDomains ?? 0,
      self: rule.countsItself ? 1 : 0,
    };
  }

  #countIn(counter: number, domain: number): number {
    const counts = this.#counts[counter]!;
    return domain < counts.length ? counts[domain]! : 0;
  }

  #addTo(counts: Float64Array, domain: number, podCount: number, counter: number): Float64Array {
    const room = grown(counts, domain);
    // Only what was least, or becomes less, moves the least count.
    if (room[domain]! <= this.#least[counter]! || podCount < 0) this.#least[counter] = UNKNOWN;
    if (room[domain] === 0 || this.#least[counter] === UNKNOWN) this.#openings[counter]!++;
    room[domain]! += podCount;
    return room;
  }

  #keyOf(counter: Counter): number {
    return this.#keys.get(counter.topologyKey) ?? -1;
  }

  #numberOf(key: number, value: string): number {
    const values = this.#values[key]!;
    let domain = values.get(value);
    if (domain === undefined) {
      domain = values.size;
      values.set(value, domain);
    }
    return domain;
  }
}

const NO_DOMAINS = new Float64Array(0);

/** The array with a place for the index; the same one where it has it. */
function grown(array: Float64Array, index: number): Float64Array {
  if (index < array.length) return array;
  const larger = new Float64Array(Math.max(4, 2 * (index + 1)));
  larger.set(array);
  return larger;
}
