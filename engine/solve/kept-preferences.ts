// Which preferences an attempt keeps once all its pods have their places. While pods are placed one after the other, each
// knows what it gave up itself; who comes later may take a preference from it, or bring it what it had given up. So plans in
// which pods prefer to be near others or apart from them are held against each other by what holds in the end.
import { andInto, isEmpty } from '../bits/index.ts';
import type { CompiledProblem, Demand } from '../compile/index.ts';
import type { Budget } from '../pack/index.ts';
import {
  type DomainRules,
  type HostPod,
  hostObstacle,
  isOnHostname,
  type Location,
  type TopologyRules,
} from '../topology/index.ts';
import { type Attempt, countRunning, type PlacingWork, resumeWork } from './attempt.ts';
import type { NewNodes } from './placing.ts';
import { arrivalsOf, countIn } from './taking-back.ts';

/** Steps that all pods together went down in the end. */
export interface StepsInTheEnd {
  /** Where all that is not decided yet (labels of nodes to be made, zones of pods that nobody counts) comes out well. */
  readonly least: number;
  /** Where none of it does. */
  readonly most: number;
}

/** Counts the steps. The domains of the attempt count its pods, and nothing else, afterwards. O(pods × steps). */
export function stepsInTheEnd(compiled: CompiledProblem, attempt: Attempt, budget: Budget): StepsInTheEnd {
  const work = resumeWork(compiled, budget, attempt);
  work.domains.clear();
  countRunning(compiled, work.domains);
  for (const arrivals of arrivalsOf(work)) countIn(work, arrivals);
  const judge = new Judge(work);
  let [least, most] = [0, 0];
  const add = (demand: Demand, count: number, place: PodPlace): void => {
    if (demand.of.demands.length === 1) return;
    most += judge.stepOf(demand, place, false) * count;
    least += judge.stepOf(demand, place, true) * count;
  };
  for (const node of attempt.nodes) {
    if (!node.hasNewPods) continue;
    for (const [pod, count] of node.pods) {
      if (!('of' in pod)) continue;
      const suits = (lost: Demand): Suits => (node.mayTake(lost) ? 'surely' : 'never');
      add(pod as Demand, count, { location: node.location, pods: node.pods, suits });
    }
  }
  for (const group of attempt.newNodes) {
    const pods = podsOn(group);
    group.units.forEach((unit, entry) => {
      const location = work.pinnedAt.get(unit);
      const suits = (lost: Demand, demand: Demand): Suits => suitsNodes(compiled, group, lost, demand);
      for (const { pod, podCount } of unit.members) {
        add(pod, podCount * group.unitCounts[entry]! * group.nodeCount, { location, pods, suits });
      }
    });
  }
  return { least, most };
}

/** Whether a node is such as a demand asks for. */
type Suits = 'surely' | 'maybe' | 'never';

/** Where a pod is. */
interface PodPlace {
  /** Undefined where its zone, and whatever else rules speak of, is left open. */
  readonly location: Location | undefined;
  /** All pods of its node, itself among them. */
  readonly pods: ReadonlyMap<HostPod, number>;
  readonly suits: (lost: Demand, demand: Demand) => Suits;
}

/** What a pod prefers about others, one rule by itself. */
interface Preference {
  readonly rules: TopologyRules;
  readonly isOnHostname: boolean;
}

const NO_RULES: TopologyRules = { spreads: [], affinities: [], antiAffinities: [] };

class Judge {
  readonly #work: PlacingWork;
  readonly #preferences = new Map<TopologyRules, readonly Preference[]>();
  readonly #numbered = new Map<TopologyRules, DomainRules>();

  constructor(work: PlacingWork) {
    this.#work = work;
  }

  /** The first step at which all that the pod still prefers holds where everybody is. */
  stepOf(demand: Demand, place: PodPlace, isLucky: boolean): number {
    const { demands } = demand.of;
    const { domains } = this.#work;
    const counted = this.#numbersOf(NO_RULES, demand);
    if (place.location !== undefined) domains.add(counted, place.location, -1);
    const others = new Map(place.pods);
    others.set(demand, others.get(demand)! - 1);
    const step = demands.findIndex((held) => this.#isMet(held, demand, { ...place, pods: others }, isLucky));
    if (place.location !== undefined) domains.add(counted, place.location, 1);
    return step < 0 ? demands.length - 1 : step;
  }

  #isMet(held: Demand, demand: Demand, { location, pods, suits }: PodPlace, isLucky: boolean): boolean {
    if (held.step < demand.step) {
      const suitsNode = suits(held, demand);
      if (suitsNode === 'never' || (suitsNode === 'maybe' && !isLucky)) return false;
    }
    const { domains } = this.#work;
    return this.#preferencesOf(held).every((preference) => {
      const numbers = this.#numbersOf(preference.rules, demand);
      if (preference.isOnHostname) {
        const pod = { ...held, rules: preference.rules };
        return hostObstacle(pod, pods, domains.mayBootstrap(numbers)) === undefined;
      }
      return location === undefined ? isLucky : domains.obstacle(numbers, location.spot) === undefined;
    });
  }

  #preferencesOf({ rules }: Demand): readonly Preference[] {
    let known = this.#preferences.get(rules);
    if (known === undefined) {
      const spreads = rules.spreads.filter(({ input }) => input.whenUnsatisfiable === 'ScheduleAnyway');
      const affinities = rules.affinities.filter(({ weight }) => weight !== undefined);
      const antiAffinities = rules.antiAffinities.filter(({ weight }) => weight !== undefined);
      known = [
        ...spreads.map((rule) => ({ rules: { ...NO_RULES, spreads: [rule] }, isOnHostname: isOnHostname(rule) })),
        ...affinities.map((rule) => ({ rules: { ...NO_RULES, affinities: [rule] }, isOnHostname: isOnHostname(rule) })),
        ...antiAffinities.map((rule) => ({
          rules: { ...NO_RULES, antiAffinities: [rule] },
          isOnHostname: isOnHostname(rule),
        })),
      ];
      this.#preferences.set(rules, known);
    }
    return known;
  }

  /** Rules of a demand as numbers; what counts the pod is the same for all of them. */
  #numbersOf(rules: TopologyRules, { counting }: Demand): DomainRules {
    const { domains, compiled } = this.#work;
    if (rules === NO_RULES) return domains.rulesOf(rules, counting, compiled.spreadsOf);
    let numbers = this.#numbered.get(rules);
    if (numbers === undefined) {
      numbers = domains.rulesOf(rules, [], compiled.spreadsOf);
      this.#numbered.set(rules, numbers);
    }
    return numbers;
  }
}

function podsOn({ units, unitCounts }: NewNodes): Map<HostPod, number> {
  const pods = new Map<HostPod, number>();
  units.forEach(({ members }, entry) => {
    for (const { pod, podCount } of members) pods.set(pod, (pods.get(pod) ?? 0) + podCount * unitCounts[entry]!);
  });
  return pods;
}

/** Whether nodes to be made are such as a pod preferred before it gave something up. */
function suitsNodes(compiled: CompiledProblem, { template, units }: NewNodes, lost: Demand, demand: Demand): Suits {
  if (lost.constraint === demand.constraint && lost.taintPolicy === demand.taintPolicy) return 'surely';
  if (!compiled.toleratesTemplate(template, lost)) return 'never';
  const mask = compiled.mask(template, [lost.constraint]).slice();
  for (const unit of units) andInto(mask, compiled.mask(template, unit.constraints));
  return isEmpty(mask) ? 'never' : 'maybe';
}
