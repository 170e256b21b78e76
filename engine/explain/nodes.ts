// Why a planned node is what it is: what of its pods each cheaper type would hold and where that ends, what the next dearer
// ones cost, how full the chosen one is, and what another capacity type, zone or architecture would cost.

import { andInto, hasBit } from '../bits/index.ts';
import { CAPACITY_TYPES, OFFERING_LABELS } from '../catalogue/index.ts';
import type { CompiledProblem, CompiledTemplate, Demand } from '../compile/index.ts';
import type { EnginePlan, PlannedNodes } from '../model/index.ts';
import { isAttachment } from '../rules/index.ts';
import { isOnHostname } from '../topology/index.ts';
import { templateOf } from './board.ts';
import { type Exclusion, exclusionOf } from './exclusion.ts';
import type { AlternativeFact, Count, LosingType, NodeFact, PricedOffering, ResourceUse } from './explanation.ts';
import { EXPLAIN_LIMITS } from './limits.ts';
import type { ExplainWork } from './shapes.ts';
import { labelOf } from './space.ts';
import { counted } from './words.ts';

/** The facts of one kind of planned nodes; undefined once the bound on the work is reached. O(offerings × dimensions). */
export function explainNode(work: ExplainWork, nodeIndex: number): NodeFact | undefined {
  const { compiled, plan } = work;
  const node = plan.nodes[nodeIndex]!;
  const template = templateOf(compiled, node);
  if (template === undefined) return undefined;
  if (!work.meter.take(compiled.catalogue.offeringCount * compiled.dimensions.length)) return undefined;
  return new NodeExplainer(compiled, plan, node, template).explain(nodeIndex);
}

const ARCH_LABEL = 'kubernetes.io/arch';

/** Labels for which the cheapest alternative with another value is looked for. */
const ALTERNATIVE_KEYS = [OFFERING_LABELS.capacityType, OFFERING_LABELS.zone, ARCH_LABEL] as const;

/** Other values of one label that are looked at. */
const VALUES_PER_KEY = 8;

class NodeExplainer {
  readonly #compiled: CompiledProblem;
  readonly #node: PlannedNodes;
  readonly #template: CompiledTemplate;
  readonly #demands: readonly Demand[];
  readonly #used: Float64Array;
  readonly #mask: Uint32Array;
  /** The node's list: offerings of the catalogue. */
  readonly #list: ReadonlySet<number>;
  readonly #first: number;
  readonly #podCount: number;
  readonly #order: Uint32Array;
  readonly #listValues = new Map<string, ReadonlySet<string | undefined>>();
  readonly #roomBuffer: Float64Array;

  constructor(compiled: CompiledProblem, plan: EnginePlan, node: PlannedNodes, template: CompiledTemplate) {
    this.#compiled = compiled;
    this.#node = node;
    this.#template = template;
    const list = [...plan.offeringLists[node.offeringListIndex]!].map((row) => plan.offerings.offeringIndex[row]!);
    this.#list = new Set(list);
    this.#first = list[0]!;
    this.#podCount = node.pods.reduce((sum, { count }) => sum + count, 0);
    this.#demands = node.pods.map(({ shapeIndex }) => this.#heldDemand(shapeIndex));
    this.#mask = template.pool.available.slice();
    for (const { constraint, apartFromDaemons } of this.#demands) {
      andInto(this.#mask, compiled.mask(template, [constraint]));
      if (apartFromDaemons !== undefined) andInto(this.#mask, compiled.mask(template, [apartFromDaemons]));
    }
    this.#used = new Float64Array(compiled.dimensions.length);
    node.pods.forEach(({ shapeIndex, count }) => {
      const { request } = compiled.shapes[shapeIndex]!;
      for (let dimension = 0; dimension < request.length; dimension++)
        this.#used[dimension]! += request[dimension]! * count;
    });
    this.#order = compiled.costs.priceOrder(template).order;
    this.#roomBuffer = new Float64Array(compiled.dimensions.length);
  }

  explain(nodeIndex: number): NodeFact {
    const { holding, cheaper, dearer } = this.#walk();
    const chosen = this.#priced(this.#first);
    const losing = [...cheaper.losing, ...dearer];
    return {
      nodeIndex,
      chosen,
      podCount: this.#podCount,
      use: this.#use(),
      holding,
      cheaperTooSmallCount: cheaper.tooSmallCount,
      cheaperExcludedCount: cheaper.excludedCount,
      losing,
      alternatives: ALTERNATIVE_KEYS.flatMap((key) => this.#alternatives(key)),
      text: this.#sentence(holding, cheaper, dearer),
    };
  }

  /** The strictest step of giving up preferences that the node's whole list keeps. */
  #heldDemand(shapeIndex: number): Demand {
    const { demands } = this.#compiled.shapes[shapeIndex]!;
    const held = demands.find(({ constraint }) => {
      const mask = this.#compiled.mask(this.#template, [constraint]);
      return [...this.#list].every((offering) => hasBit(mask, offering));
    });
    return held ?? demands.at(-1)!;
  }

  /** One walk along the prices: types by whether they are cheaper or dearer, and whether they hold the pods. */
  #walk() {
    const { catalogue } = this.#compiled;
    const types = new Map<
      number,
      { readonly offering: number; readonly state: 'holds' | 'small' | 'excluded'; readonly cheaper: boolean }
    >();
    let passed = false;
    let offeringCount = 0;
    const holdingTypes = new Set<number>();
    for (const offering of this.#order) {
      if (offering === this.#first) passed = true;
      const type = catalogue.offeringTypes[offering]!;
      const admitted = hasBit(this.#mask, offering);
      const tied = admitted && this.#exclusion(offering) !== undefined;
      const state = !admitted || tied ? 'excluded' : this.#holds(offering) ? 'holds' : 'small';
      if (state === 'holds') {
        offeringCount++;
        holdingTypes.add(type);
      }
      const known = types.get(type);
      // An offering that could be a node says more of its type than one that is excluded.
      if (known === undefined || (known.state === 'excluded' && state !== 'excluded' && known.cheaper === !passed)) {
        types.set(type, { offering, state, cheaper: !passed });
      }
    }
    const own = catalogue.offeringTypes[this.#first]!;
    const entries = [...types].filter(([type]) => type !== own).map(([, entry]) => entry);
    const cheaper = entries.filter((entry) => entry.cheaper);
    const nearestFirst = (list: typeof cheaper) => list.map(({ offering }) => offering).reverse();
    const small = nearestFirst(cheaper.filter(({ state }) => state === 'small'));
    // Limits, and a list that is full, keep a plan from what would hold its pods for less.
    const passedOver = nearestFirst(cheaper.filter(({ state }) => state === 'holds'));
    const excluded = nearestFirst(cheaper.filter(({ state }) => state === 'excluded'));
    const losing = [...passedOver, ...small, ...excluded].slice(0, EXPLAIN_LIMITS.losingTypeCount);
    const next = this.#nextHolding(own);
    return {
      holding: { typeCount: holdingTypes.size, offeringCount } satisfies Count,
      cheaper: {
        losing: losing.map((offering) => this.#lost(offering)),
        passedOverCount: passedOver.length,
        tooSmallCount: small.length,
        excludedCount: excluded.length,
      },
      dearer: next.map((offering) => this.#lost(offering)),
    };
  }

  /** The cheapest offerings of the next types that hold the pods. */
  #nextHolding(own: number): number[] {
    const { catalogue } = this.#compiled;
    const found = new Map<number, number>();
    let passed = false;
    for (const offering of this.#order) {
      if (offering === this.#first) passed = true;
      const type = catalogue.offeringTypes[offering]!;
      if (!passed || type === own || found.has(type) || !hasBit(this.#mask, offering) || !this.#holds(offering))
        continue;
      found.set(type, offering);
      if (found.size >= EXPLAIN_LIMITS.losingTypeCount) break;
    }
    return [...found.values()];
  }

  #holds(offering: number): boolean {
    const room = this.#room(offering);
    for (let dimension = 0; dimension < room.length; dimension++) {
      if (room[dimension]! < 0 || this.#used[dimension]! > room[dimension]!) return false;
    }
    return true;
  }

  /** Borrowed until the next call. */
  #room(offering: number): Float64Array {
    this.#compiled.roomInto(this.#template, offering, this.#roomBuffer);
    return this.#roomBuffer;
  }

  #priced(offering: number): PricedOffering {
    return {
      offeringIndex: offering,
      priceNanoUsdPerHour: this.#compiled.costs.priceOf(this.#template, offering),
      priceSource: this.#compiled.costs.priceSourceOf(this.#template, offering),
    };
  }

  #lost(offering: number): LosingType {
    const priced = this.#priced(offering);
    const { holdsPodCount, bottleneck } = this.#capacity(offering);
    const excluded = this.#exclusion(offering);
    return {
      ...priced,
      differenceNanoUsdPerHour: priced.priceNanoUsdPerHour - this.#node.priceNanoUsdPerHour,
      holdsPodCount,
      pricePerPodNanoUsdPerHour: holdsPodCount === 0 ? 0 : Math.round(priced.priceNanoUsdPerHour / holdsPodCount),
      bottleneck,
      excludedBy: excluded?.text ?? '',
      ...(excluded === undefined ? {} : { excludedKind: excluded.kind }),
    };
  }

  /** How many of the node's pods an offering holds, in proportion, and the resource that ends it. */
  #capacity(offering: number): { readonly holdsPodCount: number; readonly bottleneck: string } {
    const room = this.#room(offering);
    let share = 1;
    let bottleneck = '';
    this.#compiled.dimensions.forEach((name, dimension) => {
      const used = this.#used[dimension]!;
      const own = room[dimension]! < 0 ? 0 : used === 0 ? 1 : room[dimension]! / used;
      if (own >= share) return;
      share = own;
      bottleneck = name;
    });
    return { holdsPodCount: Math.floor(share * this.#podCount + 1e-9), bottleneck };
  }

  /** What excludes an offering; a rule over domains shows by the places of the node's list. */
  #exclusion(offering: number): Exclusion | undefined {
    if (!hasBit(this.#mask, offering)) {
      const asked = this.#demands.slice(0, EXPLAIN_LIMITS.shapesPerNodeCount);
      const found = exclusionOf(this.#compiled, this.#template, asked, offering);
      return found ?? { kind: 'node-affinity', text: 'a condition of its pods excludes it' };
    }
    if (this.#list.has(offering) || !this.#holds(offering) || !this.#hasDomainRules()) return undefined;
    const tied = [OFFERING_LABELS.zone, OFFERING_LABELS.capacityType].find(
      (key) => !this.#listHas(key, this.#label(offering, key)),
    );
    if (tied === undefined) return undefined;
    return {
      kind: 'topology-spread',
      text: `rules about other pods tie the node to ${tied} ${this.#label(this.#first, tied)}`,
    };
  }

  #hasDomainRules(): boolean {
    return this.#demands.some(
      ({ rules, counting }) =>
        [...rules.spreads, ...rules.affinities, ...rules.antiAffinities].some((rule) => !isOnHostname(rule)) ||
        counting.size > 0,
    );
  }

  #label(offering: number, key: string): string | undefined {
    return labelOf(this.#compiled, this.#template, offering, key);
  }

  #listHas(key: string, value: string | undefined): boolean {
    let values = this.#listValues.get(key);
    if (values === undefined) {
      values = new Set([...this.#list].map((offering) => this.#label(offering, key)));
      this.#listValues.set(key, values);
    }
    return values.has(value);
  }

  #use(): ResourceUse[] {
    const { dimensions } = this.#compiled;
    const overhead = this.#template.daemonOverheads[this.#template.daemonOverheadOf[this.#first]!]!;
    const room = this.#room(this.#first);
    return dimensions.flatMap((resource, dimension): ResourceUse[] => {
      const pods = this.#used[dimension]!;
      const daemonSets = overhead[dimension]!;
      if ((pods === 0 && daemonSets === 0) || isAttachment(resource)) return [];
      return [{ resource, pods, daemonSets, allocatable: room[dimension]! + daemonSets }];
    });
  }

  #alternatives(key: string): AlternativeFact[] {
    const { catalogue } = this.#compiled;
    const chosen = this.#label(this.#first, key);
    const values =
      key === OFFERING_LABELS.capacityType
        ? CAPACITY_TYPES.filter((each) => catalogue.cells.some(({ capacityType }) => capacityType === each))
        : key === OFFERING_LABELS.zone
          ? [...new Set(catalogue.cells.map(({ zone }) => zone))].sort()
          : catalogue.labelValues(key);
    return values
      .filter((value) => value !== chosen)
      .slice(0, VALUES_PER_KEY)
      .map((value) => this.#alternative(key, value));
  }

  #alternative(key: string, value: string): AlternativeFact {
    const base = { key, value, differenceNanoUsdPerHour: 0, excludedBy: '' };
    // What only a rule about other pods keeps out says more than what the pool never had.
    let tied: number | undefined;
    let excluded: number | undefined;
    let found: number | undefined;
    for (const offering of this.#order) {
      if (this.#label(offering, key) !== value || !this.#holds(offering)) continue;
      const admitted = hasBit(this.#mask, offering);
      if (admitted && this.#exclusion(offering) === undefined) {
        found = offering;
        break;
      }
      if (admitted) tied ??= offering;
      else excluded ??= offering;
    }
    const same = this.#sameType(key, value);
    const sameType = same === undefined ? {} : { sameType: this.#priced(same) };
    if (found !== undefined) {
      const offering = this.#priced(found);
      const differenceNanoUsdPerHour = offering.priceNanoUsdPerHour - this.#node.priceNanoUsdPerHour;
      return { ...base, offering, differenceNanoUsdPerHour, ...sameType };
    }
    const nearest = tied ?? excluded;
    const why = nearest === undefined ? 'none that holds the pods can be had' : (this.#exclusion(nearest)?.text ?? '');
    return { ...base, ...sameType, excludedBy: why };
  }

  /** The chosen type with another value, all other labels of offerings as they are. */
  #sameType(key: string, value: string): number | undefined {
    const { catalogue } = this.#compiled;
    const type = catalogue.offeringTypes[this.#first]!;
    const others = [OFFERING_LABELS.capacityType, OFFERING_LABELS.zone].filter((each) => each !== key);
    return this.#order.find(
      (offering) =>
        catalogue.offeringTypes[offering] === type &&
        this.#label(offering, key) === value &&
        others.every((each) => this.#label(offering, each) === this.#label(this.#first, each)),
    );
  }

  #sentence(
    holding: Count,
    cheaper: { readonly passedOverCount: number; readonly tooSmallCount: number; readonly excludedCount: number },
    dearer: readonly LosingType[],
  ): string {
    const pods = this.#podCount === 1 ? 'its pod' : `its ${this.#podCount} pods`;
    const among =
      holding.offeringCount === 1
        ? `the only offering that holds ${pods}`
        : `${cheaper.passedOverCount === 0 ? 'the cheapest' : 'one'} of ${counted(holding.offeringCount, 'offering')} in ${counted(holding.typeCount, 'type')} that hold ${pods}`;
    const parts = [among];
    if (cheaper.passedOverCount > 0)
      parts.push(`${counted(cheaper.passedOverCount, 'cheaper type')} passed over for limits`);
    if (cheaper.tooSmallCount > 0) parts.push(`${counted(cheaper.tooSmallCount, 'cheaper type')} can't hold all`);
    if (cheaper.excludedCount > 0) parts.push(`${counted(cheaper.excludedCount, 'cheaper type')} excluded`);
    const [next] = dearer;
    if (next !== undefined) {
      const { catalogue } = this.#compiled;
      const percent = (100 * next.differenceNanoUsdPerHour) / this.#node.priceNanoUsdPerHour;
      const share = Number.isFinite(percent) ? ` at +${percent.toFixed(1)} %` : '';
      parts.push(`next ${catalogue.typeName(catalogue.offeringTypes[next.offeringIndex]!)}${share}`);
    }
    return parts.join('; ');
  }
}
