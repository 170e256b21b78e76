// Conditions by where other pods are, at the end of a plan: spreads, affinity, anti-affinity of the pod's own and of pods
// that are there. Each is looked at by itself, in every domain that a new node could be in.
import { hasBit } from '../bits/index.ts';
import type { Demand } from '../compile/index.ts';
import {
  type AffinityRule,
  type Counter,
  type DomainOf,
  isOnHostname,
  type SpreadRule,
  type TopologyRules,
} from '../topology/index.ts';
import { type Board, NO_RULES } from './board.ts';
import { COST, type Condition, condition, drop, type Edit } from './condition.ts';
import type { ConditionKind, DomainFact } from './explanation.ts';
import { EXPLAIN_LIMITS } from './limits.ts';
import type { PoolSpace, Spot } from './space.ts';

/** The conditions of a demand's topology rules on new nodes. */
export function topologyConditions(space: PoolSpace, board: Board, demand: Demand): Condition[] {
  const { spreads, affinities, antiAffinities } = demand.rules;
  const conditions = spreads.filter((rule) => !isOnHostname(rule)).map((rule) => spreadCondition(space, board, rule));
  for (const rule of affinities) conditions.push(affinityCondition(space, board, rule, demand.rules));
  for (const rule of antiAffinities) {
    if (!isOnHostname(rule)) conditions.push(antiAffinityCondition(space, board, rule));
  }
  for (const counter of demand.counting) {
    const held = heldAwayCondition(space, board, counter);
    if (held !== undefined) conditions.push(held);
  }
  return conditions;
}

interface RuleParts {
  readonly kind: ConditionKind;
  readonly field: string;
  readonly text: string;
  readonly counter: Counter;
  /** Whether one more pod may go into a domain; undefined stands for nodes without the label. */
  readonly admits: (domain: string | undefined) => boolean;
  readonly edit: (domain: string | undefined) => Edit;
}

/** A rule over the domains of one label. */
function domainCondition(space: PoolSpace, board: Board, parts: RuleParts): Condition {
  const { counter, kind, field, text } = parts;
  const known = new Map<string | undefined, boolean>();
  const domainOf = (spot: Spot): string | undefined => space.label(spot, counter.topologyKey);
  const admits = (domain: string | undefined): boolean => {
    let admitted = known.get(domain);
    if (admitted === undefined) {
      admitted = parts.admits(domain);
      known.set(domain, admitted);
    }
    return admitted;
  };
  const layers = space.where((spot) => admits(domainOf(spot)));
  const reachable = new Set<string | undefined>();
  space.where((spot) => {
    if (hasBit(space.pool.offerings, spot.offering)) reachable.add(domainOf(spot));
    return true;
  });
  const facts = [...known]
    .filter((entry): entry is [string, boolean] => entry[0] !== undefined && reachable.has(entry[0]))
    .map(
      ([value, admitted]): DomainFact => ({ value, podCount: board.domains.count(counter, value), admits: admitted }),
    )
    .sort((left, right) => (left.value < right.value ? -1 : 1));
  return condition({
    kind,
    field,
    text,
    key: counter.topologyKey,
    layers,
    domains: facts.slice(0, EXPLAIN_LIMITS.domainCount),
    domainsNotShown: Math.max(0, facts.length - EXPLAIN_LIMITS.domainCount),
    cost: () => COST.topology,
    edit: (spot) => parts.edit(domainOf(spot)),
  });
}

const at =
  (counter: Counter, domain: string | undefined): DomainOf =>
  (key) =>
    key === counter.topologyKey ? domain : undefined;

function spreadCondition(space: PoolSpace, board: Board, rule: SpreadRule): Condition {
  const { topologyKey, maxSkew, minDomains } = rule.input;
  const field = 'spec.topologySpreadConstraints';
  const universe = board.universe(rule);
  const atLeast = minDomains === undefined ? '' : `, minDomains ${minDomains} where there are ${universe.size}`;
  return domainCondition(space, board, {
    kind: 'topology-spread',
    field,
    counter: rule.counter,
    text: `spread over ${topologyKey}, maxSkew ${maxSkew}${atLeast}`,
    admits: (domain) =>
      board.domains.obstacle([], { ...NO_RULES, spreads: [rule] }, at(rule.counter, domain)) === undefined,
    edit: (domain) => {
      if (domain === undefined || !universe.has(domain)) {
        return drop(field, `drop the spread over ${topologyKey}: these nodes are none of its domains`);
      }
      const skew = board.skewWith(rule, domain);
      return {
        field,
        amount: skew,
        text: `allow maxSkew ${skew} instead of ${maxSkew} (${domain} has ${board.domains.count(rule.counter, domain)} of these pods), or write ScheduleAnyway`,
        admits: (spot) => {
          const other = space.label(spot, rule.counter.topologyKey);
          return other !== undefined && universe.has(other) && board.skewWith(rule, other) <= skew;
        },
      };
    },
  });
}

const AFFINITY_FIELD = 'spec.affinity.podAffinity';
const ANTI_AFFINITY_FIELD = 'spec.affinity.podAntiAffinity';

function affinityCondition(space: PoolSpace, board: Board, rule: AffinityRule, rules: TopologyRules): Condition {
  const { counter } = rule;
  const total = board.domains.total(counter);
  const subject = `pods selected by its affinity over ${counter.topologyKey}`;
  const mayStart = board.domains.mayBootstrap(rules);
  if (isOnHostname(rule)) {
    return condition({
      kind: 'pod-affinity',
      field: AFFINITY_FIELD,
      key: counter.topologyKey,
      text: `${subject}: ${total} placed, none of them on a new node`,
      layers: mayStart ? space.everything : space.nowhere,
      cost: () => COST.topology,
      edit: () =>
        drop(AFFINITY_FIELD, `place ${subject} together with it, or prefer to be beside them instead of requiring it`),
    });
  }
  return domainCondition(space, board, {
    kind: 'pod-affinity',
    field: AFFINITY_FIELD,
    counter,
    text: `${subject}: ${total} placed`,
    admits: (domain) =>
      domain !== undefined &&
      (mayStart || board.domains.obstacle([], { ...NO_RULES, affinities: [rule] }, at(counter, domain)) === undefined),
    edit: (domain) =>
      drop(
        AFFINITY_FIELD,
        domain === undefined
          ? `drop the affinity over ${counter.topologyKey}: these nodes do not carry that label`
          : total === 0
            ? 'see that pods which its affinity selects exist and run, and that their labels and namespace are those it names'
            : `have pods that its affinity selects in ${domain}, or prefer to be with them instead of requiring it`,
      ),
  });
}

function antiAffinityCondition(space: PoolSpace, board: Board, rule: AffinityRule): Condition {
  const { counter } = rule;
  return domainCondition(space, board, {
    kind: 'pod-anti-affinity',
    field: ANTI_AFFINITY_FIELD,
    counter,
    text: `apart from pods that its anti-affinity over ${counter.topologyKey} selects`,
    admits: (domain) => domain === undefined || board.domains.count(counter, domain) === 0,
    edit: (domain) =>
      drop(
        ANTI_AFFINITY_FIELD,
        `prefer to be apart over ${counter.topologyKey} instead of requiring it (${domain} has ${board.domains.count(counter, domain ?? '')} such pods), or add domains`,
      ),
  });
}

/** Undefined where no placed pod holds an anti-affinity against what the counter counts. */
function heldAwayCondition(space: PoolSpace, board: Board, counter: Counter): Condition | undefined {
  const made = domainCondition(space, board, {
    kind: 'pod-anti-affinity',
    field: 'metadata.labels',
    counter,
    text: `apart from pods whose own anti-affinity over ${counter.topologyKey} selects it`,
    admits: (domain) => board.domains.obstacle([counter], NO_RULES, at(counter, domain)) === undefined,
    edit: () =>
      drop(
        'metadata.labels',
        `change the anti-affinity over ${counter.topologyKey} of the pods that keep it away, or its labels`,
      ),
  });
  const blocks = space.variants.some(({ universe }, variant) =>
    universe.some((_, word) => (universe[word]! & ~made.layers[variant]![word]!) !== 0),
  );
  return blocks ? made : undefined;
}
