// Conditions by where other pods are, at the end of a plan: spreads, affinity, anti-affinity of the pod's own and of pods
// that are there. Each is looked at by itself, in every domain that a new node could be in.
import { hasBit } from '../bits/index.ts';
import type { Demand } from '../compile/index.ts';
import {
  type AffinityRule,
  type Counter,
  HOSTNAME_LABEL,
  isOnHostname,
  type SpreadRule,
  type TopologyRules,
} from '../topology/index.ts';
import type { Board } from './board.ts';
import { COST, type Condition, condition, drop, type Edit } from './condition.ts';
import type { ConditionKind, DomainFact } from './explanation.ts';
import { EXPLAIN_LIMITS } from './limits.ts';
import type { PoolSpace, Spot } from './space.ts';

/** The conditions of a demand's topology rules on new nodes. */
export function topologyConditions(space: PoolSpace, board: Board, demand: Demand): Condition[] {
  const { spreads, affinities, antiAffinities } = demand.rules;
  const conditions = spreads.filter((rule) => !isOnHostname(rule)).map((rule) => spreadCondition(space, board, rule));
  for (const rule of affinities) {
    conditions.push(
      rule.counter.claim === undefined
        ? affinityCondition(space, board, rule, demand.rules)
        : claimCondition(space, board, rule, rule.counter.claim, demand.rules),
    );
  }
  for (const rule of antiAffinities) {
    if (!isOnHostname(rule)) conditions.push(antiAffinityCondition(space, board, rule));
  }
  for (const counter of demand.counting) {
    if (counter.topologyKey !== HOSTNAME_LABEL && board.domains.hasHolders(counter)) {
      conditions.push(heldAwayCondition(space, board, counter));
    }
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

function spreadCondition(space: PoolSpace, board: Board, rule: SpreadRule): Condition {
  const { topologyKey, maxSkew, minDomains } = rule.input;
  const field = 'spec.topologySpreadConstraints';
  const universe = board.domains.universe(rule);
  const atLeast = minDomains === undefined ? '' : `, minDomains ${minDomains} where there are ${universe.size}`;
  return domainCondition(space, board, {
    kind: 'topology-spread',
    field,
    counter: rule.counter,
    text: `spread over ${topologyKey}, maxSkew ${maxSkew}${atLeast}`,
    admits: (domain) => board.domains.spreads(rule, domain),
    edit: (domain) => {
      const skew = board.domains.skewWith(rule, domain);
      if (skew === undefined || domain === undefined) {
        return drop(field, `drop the spread over ${topologyKey}: these nodes are none of its domains`);
      }
      return {
        field,
        amount: skew,
        text: `allow maxSkew ${skew} instead of ${maxSkew} (${domain} has ${board.domains.count(rule.counter, domain)} of these pods), or write ScheduleAnyway`,
        admits: (spot) => {
          const other = board.domains.skewWith(rule, space.label(spot, rule.counter.topologyKey));
          return other !== undefined && other <= skew;
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
    admits: (domain) => board.domains.attracts(rule, domain, rules),
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

/** Keeps pods of a claim whose volume is still to be made where the first of them has its place. */
function claimCondition(
  space: PoolSpace,
  board: Board,
  rule: AffinityRule,
  claim: string,
  rules: TopologyRules,
): Condition {
  const { counter } = rule;
  return domainCondition(space, board, {
    kind: 'volume',
    field: 'spec.volumes',
    counter,
    text: `with the other pods of claim ${claim} in one ${counter.topologyKey}: its volume is made where the first lands`,
    admits: (domain) => board.domains.attracts(rule, domain, rules),
    edit: () =>
      drop(
        'spec.volumes',
        `give it a claim of its own, or let all pods of claim ${claim} be in one ${counter.topologyKey}`,
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

/** Keeps apart from placed pods that hold an anti-affinity against what the counter counts. */
function heldAwayCondition(space: PoolSpace, board: Board, counter: Counter): Condition {
  const change = `change the anti-affinity over ${counter.topologyKey} of the pods that keep it away, or its labels`;
  return domainCondition(space, board, {
    kind: 'pod-anti-affinity',
    field: 'metadata.labels',
    counter,
    text: `apart from pods whose own anti-affinity over ${counter.topologyKey} selects it`,
    admits: (domain) => !board.domains.holdsAway(counter, domain),
    edit: () => drop('metadata.labels', change),
  });
}
