// Holds a plan against what its case demands. It reads the request and the plan only; what is wrong comes out in words.
import { dollars } from '../../controller/kubernetes/index.ts';
import type {
  AtDemand,
  CountDemand,
  DomainDemand,
  Expectation,
  LeftOutDemand,
  OneOf,
  PodGlobs,
} from './expectation.ts';
import type { Outcome } from './outcome.ts';
import { type Place, placesOf, TYPE_KEY, valuesAt } from './places.ts';
import { reasonCodeName } from './reason-code.ts';

const DEMANDS = new Set([
  'at',
  'together',
  'apart',
  'counts',
  'leftOut',
  'nodes',
  'price',
  'warnings',
  'refused',
] satisfies (keyof Expectation)[]);

/** What of the demands the outcome does not meet, in words; nothing when all is well. */
export function judge(outcome: Outcome, expect: Expectation): string[] {
  for (const key of Object.keys(expect)) {
    if (!(DEMANDS as Set<string>).has(key)) return [`nobody knows the demand "${key}"`];
  }
  if (outcome.kind === 'refused') {
    const said = outcome.messages.join('\n');
    if (expect.refused === undefined) return [`the input was refused: ${said}`];
    return new RegExp(expect.refused).test(said) ? [] : [`refused with other words: ${said}`];
  }
  if (expect.refused !== undefined) return ['the input was not refused'];
  return new Judge(outcome).violations(expect);
}

class Judge {
  readonly #outcome: Outcome & { kind: 'planned' };
  readonly #places: Map<string, Place>;
  readonly #names: readonly string[];
  readonly #found: string[];

  constructor(outcome: Outcome & { kind: 'planned' }) {
    this.#outcome = outcome;
    this.#places = placesOf(outcome.request, outcome.plan);
    this.#names = [...outcome.request.podGroups, ...outcome.request.nodes.flatMap(({ pods }) => pods)].flatMap(
      ({ names }) => names,
    );
    this.#found = [];
  }

  violations(expect: Expectation): string[] {
    const { plan, warnings } = this.#outcome;
    this.#leftOut(expect.leftOut ?? {});
    for (const demand of expect.at ?? []) this.#at(demand);
    for (const demand of expect.together ?? []) this.#together(demand);
    for (const demand of expect.apart ?? []) this.#apart(demand);
    for (const demand of expect.counts ?? []) this.#counts(demand);
    const { nodes, price } = expect;
    if (nodes !== undefined && plan.nodes.length !== nodes) {
      this.#found.push(`${plan.nodes.length} nodes are made, not ${nodes}`);
    }
    const planned = dollars(plan.totalPriceNanoUsdPerHour);
    if (price !== undefined && Math.abs(planned - price) > 1e-9) this.#found.push(`it costs ${planned}, not ${price}`);
    for (const pattern of expect.warnings ?? []) {
      if (!warnings.some((warning) => new RegExp(pattern).test(warning))) {
        this.#found.push(`no warning matches ${pattern}: ${warnings.join('; ') || 'there is none'}`);
      }
    }
    return this.#found;
  }

  #matching(globs: PodGlobs): string[] {
    const found = new Set<string>();
    for (const glob of typeof globs === 'string' ? [globs] : globs) {
      const matches = this.#names.filter((name) => globPattern(glob).test(name));
      if (matches.length === 0) this.#found.push(`no pod is called ${glob}`);
      for (const name of matches) found.add(name);
    }
    return [...found];
  }

  /** Pods with their places; those without one are reported by #leftOut. */
  #placed(globs: PodGlobs): [name: string, place: Place][] {
    return this.#matching(globs).flatMap((name) => {
      const place = this.#places.get(name);
      return place === undefined ? [] : [[name, place] as [string, Place]];
    });
  }

  #leftOut(demands: Readonly<Record<string, string | LeftOutDemand>>): void {
    const expected = new Map<string, string>();
    for (const [glob, written] of Object.entries(demands)) {
      const demand = typeof written === 'string' ? { code: written } : written;
      const all = this.#matching(glob);
      const left = all.filter((name) => !this.#places.has(name));
      for (const name of left) expected.set(name, glob);
      const count = demand.count ?? all.length;
      if (left.length !== count) this.#found.push(`${left.length} of ${glob} are left out, not ${count}`);
      for (const name of left) this.#reason(name, demand);
    }
    for (const name of this.#names) {
      if (!this.#places.has(name) && !expected.has(name)) this.#found.push(`${name} has no place: ${this.#why(name)}`);
    }
  }

  #reasons(name: string) {
    return this.#outcome.plan.unplaced
      .filter(({ pods }) => pods?.names.includes(name))
      .flatMap(({ reasons }) => reasons);
  }

  #why(name: string): string {
    return this.#reasons(name)
      .map(({ code, message }) => `${reasonCodeName(code)} ${message}`)
      .join('; ');
  }

  #reason(name: string, demand: LeftOutDemand): void {
    const reasons = this.#reasons(name);
    const code = new RegExp(`^(?:${demand.code})$`);
    if (!reasons.some((reason) => code.test(reasonCodeName(reason.code)))) {
      this.#found.push(`${name} is not left out for ${demand.code}: ${this.#why(name)}`);
    }
    if (demand.message !== undefined && !new RegExp(demand.message).test(this.#why(name))) {
      this.#found.push(`${name}: the reason does not say ${demand.message}: ${this.#why(name)}`);
    }
  }

  #at(demand: AtDemand): void {
    const { pods, new: isNew, node, type, types, labels = {}, fallsShort, ...rest } = demand;
    for (const [name, place] of this.#placed(pods)) {
      if (isNew !== undefined && place.isNew !== isNew) this.#found.push(`${name} is on ${place.host}`);
      if (node !== undefined && (place.isNew || !isOneOf(place.host, node))) {
        this.#found.push(`${name} is on ${place.host}, not on ${String(node)}`);
      }
      const first = place.labels[0]?.[TYPE_KEY] ?? '';
      if (type !== undefined && !isOneOf(first, type))
        this.#found.push(`${name} is on ${first}, not on ${String(type)}`);
      if (fallsShort !== undefined && !sameCounts(place.fallsShort, fallsShort)) {
        this.#found.push(`${name}: the node's list falls short by ${JSON.stringify(place.fallsShort)}`);
      }
      const demands = { ...rest, ...(types === undefined ? {} : { type: types }), ...labels };
      for (const [key, allowed] of Object.entries(demands)) {
        for (const value of valuesAt(place, key)) {
          const holds = allowed === null ? value === undefined : value !== undefined && isOneOf(value, allowed);
          if (!holds) this.#found.push(`${name}: ${key} may be ${value ?? 'absent'}, not ${String(allowed)}`);
        }
      }
    }
  }

  /** The domain of each pod; a node that could turn out to be in several is reported. */
  #domains({ pods, by }: DomainDemand): [name: string, domain: string][] {
    return this.#placed(pods).flatMap(([name, place]) => {
      const values = [...valuesAt(place, by)];
      const [only] = values;
      if (values.length === 1 && only !== undefined) return [[name, only] as [string, string]];
      this.#found.push(`${name}: ${by} is not settled: ${values.map((value) => value ?? 'absent').join(', ')}`);
      return [];
    });
  }

  #together(demand: DomainDemand): void {
    const domains = new Set(this.#domains(demand).map(([, domain]) => domain));
    if (domains.size > 1) this.#found.push(`${String(demand.pods)} are in ${[...domains].join(', ')}, not together`);
  }

  #apart(demand: DomainDemand): void {
    const seen = new Map<string, string>();
    for (const [name, domain] of this.#domains(demand)) {
      const other = seen.get(domain);
      if (other !== undefined) this.#found.push(`${name} and ${other} are both in ${domain}`);
      seen.set(domain, name);
    }
  }

  #counts(demand: CountDemand): void {
    const counted: Record<string, number> = {};
    for (const [, domain] of this.#domains(demand)) counted[domain] = (counted[domain] ?? 0) + 1;
    const { is } = demand;
    const matches = Array.isArray(is)
      ? sameNumbers(Object.values(counted), is as readonly number[])
      : sameCounts(counted, is as Readonly<Record<string, number>>);
    if (!matches) {
      this.#found.push(`${String(demand.pods)} by ${demand.by}: ${JSON.stringify(counted)}, not ${JSON.stringify(is)}`);
    }
  }
}

function globPattern(glob: string): RegExp {
  return new RegExp(`^${glob.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);
}

function isOneOf(value: string, allowed: OneOf): boolean {
  return (Array.isArray(allowed) ? allowed : [allowed]).some((each) => String(each) === value);
}

function sameNumbers(counted: readonly number[], expected: readonly number[]): boolean {
  const sorted = (numbers: readonly number[]) => JSON.stringify(numbers.toSorted((left, right) => left - right));
  return sorted(counted) === sorted(expected);
}

function sameCounts(counted: Readonly<Record<string, number>>, expected: Readonly<Record<string, number>>): boolean {
  const keys = new Set([...Object.keys(counted), ...Object.keys(expected)]);
  return [...keys].every((key) => (counted[key] ?? 0) === (expected[key] ?? 0));
}
