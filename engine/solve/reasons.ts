// Why pods of a shape can't be placed: one reason a pool, the first that holds in the order in which rules are looked at,
// worked out from the solver's own masks, in words that say what to change. Conditions on labels are in label-reasons.ts.
import { andInto, emptyBits, hasBit, isEmpty, orInto } from '../bits/index.ts';
import { compareText, offeringLabelReader } from '../catalogue/index.ts';
import type {
  CompiledPool,
  CompiledProblem,
  CompiledShape,
  CompiledTemplate,
  DaemonConflict,
  Floor,
  Tally,
} from '../compile/index.ts';
import type { UnplacedReason } from '../model/index.ts';
import { describeTaint, untoleratedTaint } from '../rules/index.ts';
import type { Obstacle } from '../topology/index.ts';
import { labelsThatMatter } from './candidates.ts';
import { labelReason, poolConflict } from './label-reasons.ts';

/** What a solve knows of why a shape stayed out. */
export interface UnplacedContext {
  /** True when the work limit or the interrupt cut the search before the shape's turn. */
  readonly cut: boolean;
  /** The topology rule that kept its last pod out, where it was one. */
  readonly obstacle?: Obstacle | undefined;
  /** `Float64Array[reservations]`: what the plan leaves free; absent where it is no question of a plan. */
  readonly free?: Float64Array;
}

/** The reasons for a shape, pools in the order of use. */
export function reasonsFor(
  compiled: CompiledProblem,
  shape: CompiledShape,
  context: UnplacedContext,
): UnplacedReason[] {
  if (shape.refusals.length > 0) return [...shape.refusals];
  if (context.cut && compiled.problem.nodes.length > 0) return [CUT_SHORT];
  if (compiled.pools.length === 0) {
    return [
      {
        code: 'no-node-pool',
        message: 'there is no NodePool that could make a node: add one, or free room on the nodes that exist',
        field: 'node_pools',
      },
    ];
  }
  const reasons = compiled.pools.map((pool) => poolReason(compiled, pool, shape, context.free));
  if (context.cut && reasons.some((reason) => reason.code === 'limit-reached')) return [CUT_SHORT];
  const fitsAlone = reasons.some(
    ({ code, poolIndex }) =>
      code === 'limit-reached' &&
      (context.obstacle !== undefined || Object.keys(compiled.problem.pools[poolIndex!]!.limits).length === 0),
  );
  return fitsAlone ? [topologyReason(shape, context.obstacle)] : reasons;
}

/** The pool's minValues leave no set of offerings that is wide enough. */
function narrowReason(
  compiled: CompiledProblem,
  poolIndex: number,
  { key, least, left }: Floor & { readonly left: number },
): UnplacedReason {
  const { name } = compiled.problem.pools[poolIndex]!;
  return {
    poolIndex,
    code: 'min-values',
    field: 'spec.template.spec.requirements.minValues',
    message: `pool ${name} asks for minValues ${least} of ${key}, and the offerings that would hold the pod leave ${left}: lower it, let the pool or the pod use more, or plan with the policy BestEffort`,
  };
}

const CUT_SHORT: UnplacedReason = {
  code: 'work-limit-reached',
  message:
    'the work limit or the time limit was reached before these pods had their turn: allow more, or solve fewer pods at once',
  field: 'options',
};

const DAEMON_CONFLICTS: Readonly<Record<DaemonConflict, UnplacedReason>> = {
  'host-port': {
    code: 'requirements-not-met',
    field: 'spec.containers.ports.hostPort',
    message: 'a daemonset takes one of its host ports on every node that could be made for it: give it another port',
  },
  'anti-affinity': {
    code: 'pod-anti-affinity',
    field: 'spec.affinity.podAntiAffinity',
    message:
      'a daemonset that it must be apart from runs on every node that could be made for it: exclude the daemonset from its terms, or from some nodes',
  },
  'held-away': {
    code: 'pod-anti-affinity',
    field: 'metadata.labels',
    message: 'a daemonset whose anti-affinity means it runs on every node that could be made for it',
  },
};

/** A rule about other pods keeps the pod out, though it would fit a node by itself. */
function topologyReason(shape: CompiledShape, obstacle: Obstacle | undefined): UnplacedReason {
  switch (obstacle?.kind) {
    case 'spread': {
      const { topologyKey, maxSkew } = obstacle.rule.input;
      return {
        code: 'topology-spread',
        field: 'spec.topologySpreadConstraints',
        message: `one more pod would break the spread over ${topologyKey} (maxSkew ${maxSkew}) in every domain that could take it: allow a larger skew, or let it run in more domains`,
      };
    }
    case 'anti-affinity':
      return {
        code: 'pod-anti-affinity',
        field: 'spec.affinity.podAntiAffinity',
        message: `pods that it must be apart from are in every domain of ${obstacle.rule.counter.topologyKey} that could take it: add domains, or prefer to be apart instead of requiring it`,
      };
    case 'held-away':
      return {
        code: 'pod-anti-affinity',
        field: 'metadata.labels',
        message: `pods whose anti-affinity means it are in every domain of ${obstacle.counter.topologyKey} that could take it`,
      };
    default: {
      const { daemonConflict } = shape.demands.at(-1)!;
      const { podAffinity } = shape.input.shape;
      if (
        obstacle === undefined &&
        daemonConflict !== undefined &&
        podAffinity.every(({ weight }) => weight !== undefined)
      ) {
        return DAEMON_CONFLICTS[daemonConflict];
      }
      const rule = obstacle?.rule ?? shape.demands.at(-1)?.rules.affinities[0];
      const key = rule?.counter.topologyKey ?? 'its topology key';
      if (rule?.counter.claim !== undefined) {
        return {
          code: 'pod-affinity',
          field: 'spec.volumes',
          message: `other pods mount PersistentVolumeClaim ${rule.counter.claim}, whose volume is made in the ${key} of the first of them, and this pod can't be there: give it a claim of its own, or let all of them be in one ${key}`,
        };
      }
      return {
        code: 'pod-affinity',
        field: 'spec.affinity.podAffinity',
        message: `the pods that it must be together with are in no domain of ${key} that could take it: see that they exist, run, and are selected by its terms`,
      };
    }
  }
}

function poolReason(
  compiled: CompiledProblem,
  pool: CompiledPool,
  shape: CompiledShape,
  free: Float64Array | undefined,
): UnplacedReason {
  const reason = (code: UnplacedReason['code'], field: string, message: string): UnplacedReason => ({
    poolIndex: pool.index,
    code,
    message,
    field,
  });
  const unusable = compiled.unusable.get(pool.index);
  if (unusable !== undefined) return unusable;
  // The order in which taints are written says nothing: which one is named must not depend on it.
  const taints = [...pool.input.taints].sort((left, right) => compareText(describeTaint(left), describeTaint(right)));
  const taint = untoleratedTaint(taints, shape.input.shape.tolerations, 'hard');
  if (taint !== undefined) {
    return reason(
      'taint-not-tolerated',
      'spec.tolerations',
      `pool ${pool.input.name} has the taint ${describeTaint(taint)}, which the pod does not tolerate: add a toleration for it`,
    );
  }
  if (isEmpty(pool.offerings)) {
    return reason(
      'requirements-not-met',
      'spec.template.spec.requirements',
      `no instance type of the catalogue meets all requirements of pool ${pool.input.name}: ${poolConflict(compiled, pool)}`,
    );
  }
  const templates = compiled.templates.filter((template) => template.pool.index === pool.index);
  const sold = admittedOfferings(compiled, templates, shape, pool.offerings);
  if (isEmpty(sold)) return labelReason(compiled, pool, shape);
  const shortage = tooLarge(compiled, templates, shape, pool.offerings);
  if (shortage !== undefined) {
    return reason(
      'resources-too-large',
      'spec.containers.resources.requests',
      `no instance type of pool ${pool.input.name} that meets the pod's conditions is large enough: ${shortage}`,
    );
  }
  const available = admittedOfferings(compiled, templates, shape, pool.available);
  if (isEmpty(available) || tooLarge(compiled, templates, shape, pool.available) !== undefined) {
    return reason(
      'no-offering-available',
      'spec.template.spec.requirements',
      `instance types of pool ${pool.input.name} would hold the pod, but none of their offerings can be had at a known price at the moment`,
    );
  }
  const { apartFromDaemons, daemonConflict, constraint } = shape.demands.at(-1)!;
  if (apartFromDaemons !== undefined && daemonConflict !== undefined) {
    const left = templates.some((template) => !isEmpty(compiled.mask(template, [constraint, apartFromDaemons])));
    if (!left) return { poolIndex: pool.index, ...DAEMON_CONFLICTS[daemonConflict] };
  }
  const narrow = tooNarrow(compiled, templates, shape);
  if (narrow !== undefined) return narrowReason(compiled, pool.index, narrow);
  const usedUp = free === undefined ? undefined : usedUpReservations(compiled, templates, shape, free);
  if (usedUp !== undefined) {
    return reason(
      'no-offering-available',
      'spec.template.spec.requirements',
      `only reserved capacity of pool ${pool.input.name} would hold the pod, and other pods of the plan use up its reservations (${usedUp.join(', ')}): let the pod use other capacity, or reserve more`,
    );
  }
  if (free !== undefined && tooNarrow(compiled, templates, shape, free) !== undefined) {
    return reason(
      'no-offering-available',
      'spec.template.spec.requirements.minValues',
      `other pods of the plan use up reservations of pool ${pool.input.name}, and what is left of its offerings has too few values for its minValues: let the pool use more, or reserve more`,
    );
  }
  return reason(
    'limit-reached',
    'spec.limits',
    `the limits of pool ${pool.input.name} leave no room for the pod: raise them, or free capacity of the pool`,
  );
}

/** Offerings of `among` that the shape's demands on labels admit under some template of the pool. */
function admittedOfferings(
  compiled: CompiledProblem,
  templates: readonly CompiledTemplate[],
  shape: CompiledShape,
  among: Uint32Array,
): Uint32Array {
  const admitted = emptyBits(compiled.catalogue.offeringCount);
  for (const template of templates) {
    for (const term of shape.demands.at(-1)!.constraint.terms) {
      const narrowed = compiled.narrowTerm(template, term);
      if (narrowed === undefined) continue;
      andInto(narrowed.types, template.pool.types);
      orInto(admitted, compiled.catalogue.offeringsOf(narrowed.types, narrowed.cellAdmitted));
    }
  }
  andInto(admitted, among);
  return admitted;
}

/**
 * The first of the pool's floors that is not kept by the offerings that hold one pod, where most values are left;
 * undefined where they keep all of them, or need not. Rules about other pods, its own or theirs, put a pod into one
 * domain, so only offerings of one domain count together. With `free`, reservations that are used up count for nothing.
 */
function tooNarrow(
  compiled: CompiledProblem,
  templates: readonly CompiledTemplate[],
  shape: CompiledShape,
  free?: Float64Array,
): (Floor & { readonly left: number }) | undefined {
  if (compiled.mayRelaxFloors) return undefined;
  const keys = labelsThatMatter(shape.demands.at(-1)!);
  const room = new Float64Array(compiled.dimensions.length);
  let narrow: (Floor & { readonly left: number }) | undefined;
  for (const template of templates) {
    const { floors } = template;
    if (floors === undefined) return undefined;
    const admitted = admittedOfferings(compiled, [template], shape, template.pool.available);
    const domains = new Map<string, Tally>();
    for (let offering = 0; offering < compiled.catalogue.offeringCount; offering++) {
      if (!hasBit(admitted, offering)) continue;
      compiled.roomInto(template, offering, room);
      if (!room.every((amount, dimension) => amount >= 0 && shape.alone[dimension]! <= amount)) continue;
      const reservation = compiled.reservations.of(offering);
      if (reservation >= 0 && free?.[reservation] === 0) continue;
      const values = keys.map((key) => labelOf(compiled, template, offering, key) ?? '');
      const domain = [compiled.reservations.listGroupOf(offering), ...values].join(' ');
      const tally = domains.get(domain) ?? floors.tally();
      domains.set(domain, tally);
      tally.add(offering);
    }
    for (const tally of domains.values()) {
      if (tally.isMet) return undefined;
      floors.floors.forEach((floor, index) => {
        const left = tally.counts[index]!;
        if (left < floor.least && (narrow === undefined || (narrow.key === floor.key && left > narrow.left))) {
          narrow = { ...floor, left };
        }
      });
    }
  }
  return narrow;
}

/** The reservations behind all offerings that hold one pod, where nothing is left of any; else undefined. */
function usedUpReservations(
  compiled: CompiledProblem,
  templates: readonly CompiledTemplate[],
  shape: CompiledShape,
  free: Float64Array,
): string[] | undefined {
  const { reservations } = compiled;
  if (free.length === 0) return undefined;
  const room = new Float64Array(compiled.dimensions.length);
  const found = new Set<number>();
  for (const template of templates) {
    const admitted = admittedOfferings(compiled, [template], shape, template.pool.available);
    for (let offering = 0; offering < compiled.catalogue.offeringCount; offering++) {
      if (!hasBit(admitted, offering)) continue;
      compiled.roomInto(template, offering, room);
      if (!room.every((amount, dimension) => amount >= 0 && shape.alone[dimension]! <= amount)) continue;
      const reservation = reservations.of(offering);
      if (reservation < 0 || free[reservation]! > 0) return undefined;
      found.add(reservation);
    }
  }
  return found.size === 0
    ? undefined
    : [...found].sort((left, right) => left - right).map((one) => reservations.ids[one]!);
}

/** A label of a node that a template makes from an offering; the first value where there are several. */
function labelOf(
  { catalogue }: CompiledProblem,
  template: CompiledTemplate,
  offering: number,
  key: string,
): string | undefined {
  const ofCell = offeringLabelReader(key);
  if (ofCell !== undefined) return ofCell(catalogue.cells[catalogue.offeringCells[offering]!]!);
  return catalogue.typeLabel(catalogue.offeringTypes[offering]!, key)[0] ?? template.customLabels.get(key);
}

/**
 * What the pods ask for most beyond what there is, with the largest there is; undefined where some offering of `among` holds
 * one pod under a template that admits it.
 */
function tooLarge(
  compiled: CompiledProblem,
  templates: readonly CompiledTemplate[],
  shape: CompiledShape,
  among: Uint32Array,
): string | undefined {
  const room = new Float64Array(compiled.dimensions.length);
  const largest = new Float64Array(compiled.dimensions.length).fill(Number.NEGATIVE_INFINITY);
  for (const template of templates) {
    const admitted = admittedOfferings(compiled, [template], shape, among);
    for (let offering = 0; offering < compiled.catalogue.offeringCount; offering++) {
      if (!hasBit(admitted, offering)) continue;
      compiled.roomInto(template, offering, room);
      let holds = true;
      for (let dimension = 0; dimension < room.length; dimension++) {
        largest[dimension] = Math.max(largest[dimension]!, room[dimension]!);
        if (room[dimension]! < 0 || shape.alone[dimension]! > room[dimension]!) holds = false;
      }
      if (holds) return undefined;
    }
  }
  const short = compiled.dimensions.findIndex((_, dimension) => shape.alone[dimension]! > largest[dimension]!);
  if (short < 0) return 'each amount fits some type, but no type has all of them at once';
  const name = compiled.dimensions[short]!;
  if (shape.alone[short] === 0) return `daemonsets ask for more ${name} there than any of them has`;
  const [asked, most] = [shape.alone[short]!, Math.max(0, largest[short]!)];
  return `it asks for ${describeAmount(name, asked, 'up')} of ${name}, the most that a node leaves for pods is ${describeAmount(name, most, 'down')}`;
}

const KIBIBYTE = 1024;

/** "1.5 cores", "12.3Gi", "3"; rounded so that nothing seems to fit that does not. */
function describeAmount(name: string, amount: number, rounding: 'up' | 'down'): string {
  if (name === 'cpu') return `${amount / 1000} ${amount === 1000 ? 'core' : 'cores'}`;
  if (name !== 'memory' && name !== 'ephemeral-storage' && !name.startsWith('hugepages-')) return String(amount);
  const [size, unit] = amount >= KIBIBYTE ** 3 ? [KIBIBYTE ** 3, 'Gi'] : [KIBIBYTE ** 2, 'Mi'];
  const tenths = (amount / size) * 10;
  return `${(rounding === 'up' ? Math.ceil(tenths) : Math.floor(tenths)) / 10}${unit}`;
}
