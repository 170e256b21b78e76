// Which nodes to be made a spread counts pods on. kube-scheduler leaves out nodes that the spread's own pods could not use
// (their selector and affinity, taints where the policy says so) and nodes that lack one of their topology keys. Where
// that cuts through the nodes that another counted pod may get, it must be decided on which side the pod goes.
import { andInto, emptyBits, hasBit } from '../bits/index.ts';
import type { CompiledProblem, CompiledTemplate, Constraint, Unit } from '../compile/index.ts';
import { type Counter, HOSTNAME_LABEL } from '../topology/index.ts';
import type { LabelValues } from './label-values.ts';

/** Most spreads that may cut through one unit's nodes; those beyond it are taken as counting it everywhere. */
export const SIEVE_LIMIT = 24;

/** Knows for each spread which offerings' nodes it counts. */
export class Sieves {
  readonly #compiled: CompiledProblem;
  readonly #labels: LabelValues;
  readonly #templates: readonly CompiledTemplate[];
  readonly #counted = new Map<string, Uint32Array>();
  readonly #cuts = new Map<Counter, boolean>();

  constructor(compiled: CompiledProblem, labels: LabelValues, templates: readonly CompiledTemplate[]) {
    this.#compiled = compiled;
    this.#labels = labels;
    this.#templates = templates;
  }

  /** The counters of a unit's pods that count them on some nodes only, ascending. */
  of(unit: Unit): readonly Counter[] {
    const counters = new Set<Counter>();
    for (const { pod } of unit.members) {
      for (const counter of pod.counting) if (this.#isCut(counter)) counters.add(counter);
    }
    return [...counters].sort((left, right) => left.index - right.index).slice(0, SIEVE_LIMIT);
  }

  /** Available offerings of a template whose nodes a spread counts; bitset over offerings, borrowed. */
  countedOn(template: CompiledTemplate, counter: Counter): Uint32Array {
    const key = `${template.index} ${counter.index}`;
    let counted = this.#counted.get(key);
    if (counted === undefined) {
      counted = this.#findCounted(template, counter);
      this.#counted.set(key, counted);
    }
    return counted;
  }

  /** Pins a unit to nodes that the sieves count, but for those whose bit is set in `ignored`. */
  pin(sieves: readonly Counter[], ignored: number): readonly Constraint[] {
    return sieves.map((counter, bit) => {
      const isCounted = (ignored & (1 << bit)) === 0;
      return this.#compiled.within(`${isCounted ? 'counted' : 'ignored'} by ${counter.index}`, (template) => {
        const mask = template.pool.available.slice();
        const counted = this.countedOn(template, counter);
        for (let word = 0; word < mask.length; word++) mask[word]! &= isCounted ? counted[word]! : ~counted[word]!;
        return mask;
      });
    });
  }

  #isCut(counter: Counter): boolean {
    if (counter.countedFor === undefined || counter.topologyKey === HOSTNAME_LABEL) return false;
    let cuts = this.#cuts.get(counter);
    if (cuts === undefined) {
      cuts = this.#templates.some((template) => {
        const counted = this.countedOn(template, counter);
        return template.pool.available.some((word, index) => (word & ~counted[index]!) !== 0);
      });
      this.#cuts.set(counter, cuts);
    }
    return cuts;
  }

  #findCounted(template: CompiledTemplate, { topologyKey, countedFor }: Counter): Uint32Array {
    const compiled = this.#compiled;
    const { shape, honorsAffinity, honorsTaints, keys } = countedFor!;
    if (honorsTaints && !compiled.toleratesTaints(template.pool.input.taints, shape.tolerations)) {
      return emptyBits(compiled.catalogue.offeringCount);
    }
    const counted = template.pool.available.slice();
    if (honorsAffinity) andInto(counted, compiled.mask(template, [compiled.constraintOf(shape)]));
    const needed = [topologyKey, ...keys].filter((key) => key !== HOSTNAME_LABEL);
    const tuples = this.#labels.tuplesOf(template, needed);
    const lacks = tuples.values.map((values) => values.includes(undefined));
    if (!lacks.includes(true)) return counted;
    for (let offering = 0; offering < tuples.of.length; offering++) {
      if (hasBit(counted, offering) && lacks[tuples.of[offering]!]) counted[offering >>> 5]! &= ~(1 << (offering & 31));
    }
    return counted;
  }
}
