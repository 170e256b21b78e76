// Daemonsets and the pods of others: on which nodes a daemonset has a pod, which pods it keeps off its nodes (host ports,
// anti-affinity), and which pods look for it. What their pods take is in problem.ts.
//
// On nodes that exist a daemonset's pod counts as a running one, whether it is there or still to come. On new nodes only
// the node itself is looked at: a pod keeps off nodes whose daemonsets it may not share a domain with, where the node
// carries the topology key, and finds on its own node a daemonset that it must be together with, over whichever keys the
// node carries. Not counted are pods that daemonsets will have on other new nodes, and spreads over hosts count no daemonset's pods: where a daemonset is on every host it adds
// the same everywhere.
import { compareText } from '../catalogue/index.ts';
import type { DaemonSetInput, NodeInput, PodShape, Problem, Taint } from '../model/index.ts';
import { RequirementSet } from '../requirements/index.ts';
import { effectiveTaints, untoleratedTaint } from '../rules/index.ts';
import {
  type AffinityRule,
  type Counter,
  type CounterTable,
  collidingPort,
  HOSTNAME_LABEL,
  isOnHostname,
  type TopologyRules,
} from '../topology/index.ts';
import type { Constraint, ConstraintTable, DaemonApart } from './constraints.ts';
import type { CustomLabels } from './custom-labels.ts';
import type { RunningPods } from './running.ts';

/** Labels that every node gets once it is ready: a daemonset may wait for them. */
const READY_LABELS: Readonly<Record<string, string>> = {
  'karpenter.sh/registered': 'true',
  'karpenter.sh/initialized': 'true',
};

/** Custom labels of a new node as daemonsets will find it. */
export function onceReady(labels: CustomLabels): CustomLabels {
  return new Map([...labels, ...Object.entries(READY_LABELS)]);
}

/** The demand that a node carries a label, whatever its value; none for the hostname, which every node carries. */
export function carrying(topologyKey: string): RequirementSet {
  const inputs = topologyKey === HOSTNAME_LABEL ? [] : [{ key: topologyKey, operator: 'Exists' as const, values: [] }];
  return RequirementSet.ofInputs(inputs);
}

/** Why a pod may not be beside a daemonset's. */
export type DaemonConflict = 'host-port' | 'anti-affinity' | 'held-away';

/** The daemonsets of a problem. Named by their index in it. */
export class DaemonRules {
  /** What they demand of nodes' labels. */
  readonly constraints: readonly Constraint[];
  readonly #sets: readonly DaemonSetInput[];
  readonly #counters: CounterTable;
  /** Required anti-affinities of their pods. */
  readonly #antiAffinities: readonly (readonly AffinityRule[])[];
  /** Their pods as running ones, by daemonset; undefined where no rule counts them. */
  #counted: readonly (RunningPods | undefined)[] | undefined;

  constructor(problem: Problem, constraints: ConstraintTable, counters: CounterTable) {
    this.#sets = problem.daemonSets;
    this.#counters = counters;
    this.constraints = this.#sets.map((set) => constraints.of(set.shape));
    const antiAffinities: AffinityRule[][] = this.#sets.map(() => []);
    // Counters are numbered as they come, and the order in which daemonsets are written says nothing.
    const order = this.#sets.map((set, index) => ({ index, key: nameOf(set), shape: set.shape }));
    for (const { index, shape } of order.sort((left, right) => compareText(left.key, right.key))) {
      antiAffinities[index] = this.#required(shape, shape.podAntiAffinity);
    }
    this.#antiAffinities = antiAffinities;
  }

  #required(owner: Pick<PodShape, 'namespace' | 'labels'>, terms: PodShape['podAntiAffinity']): AffinityRule[] {
    return terms.filter(({ weight }) => weight === undefined).map((term) => this.#counters.affinity(owner, term));
  }

  /** Whether a daemonset has a pod on a node that exists, or will have one once the node is ready. */
  belongs(daemon: number, node: NodeInput): boolean {
    if (untoleratedTaint(taintsForDaemons(node), this.#sets[daemon]!.shape.tolerations, 'hard') !== undefined) {
      return false;
    }
    const labels = node.stage === 'ready' ? node.labels : { ...node.labels, ...READY_LABELS };
    return this.constraints[daemon]!.matchesNode(labels, node.name);
  }

  /** Daemonsets of which a node has no pod yet and will have one. */
  coming(node: NodeInput): readonly number[] {
    if (this.#sets.length === 0) return NONE;
    const known = COMING.get(node);
    if (known?.sets === this.#sets) return known.coming;
    const there = new Set(node.daemonPods.map(nameOf));
    const coming = [...this.#sets.keys()].filter(
      (daemon) => !there.has(nameOf(this.#sets[daemon]!)) && this.belongs(daemon, node),
    );
    COMING.set(node, { sets: this.#sets, coming });
    return coming;
  }

  /** Adds the counters of what a node's daemonset pods hold against others. */
  bringRules(node: NodeInput): void {
    for (const { namespace, labels = {}, podAntiAffinity = [] } of byName(node.daemonPods)) {
      this.#required({ namespace, labels }, podAntiAffinity);
    }
  }

  /**
   * Daemonsets' pods of a node that exists as running pods; only those that some rule counts or that hold one themselves.
   * Asks the counters, so all shapes and running pods must have brought theirs.
   */
  on(node: NodeInput): RunningPods[] {
    const there = byName(node.daemonPods).map(({ namespace, labels = {}, podAntiAffinity = [] }) => {
      const owner = { namespace, labels };
      return this.#running(owner, this.#required(owner, podAntiAffinity));
    });
    this.#counted ??= this.#sets.map(({ shape }, daemon) => this.#running(shape, this.#antiAffinities[daemon]!));
    const counted = this.#counted;
    const coming = counted.some((pods) => pods !== undefined) ? this.coming(node).map((daemon) => counted[daemon]) : [];
    return [...there, ...coming].flatMap((pods) =>
      pods === undefined ? [] : [{ ...pods, counting: new Set<Counter>() }],
    );
  }

  #running(
    owner: Pick<PodShape, 'namespace' | 'labels'>,
    antiAffinities: readonly AffinityRule[],
  ): RunningPods | undefined {
    if (antiAffinities.length === 0 && this.#counters.counting(owner).length === 0) return undefined;
    return {
      // Their host ports are looked at by daemonset: see node-board.ts.
      shape: { namespace: owner.namespace, labels: owner.labels, hostPorts: [], priority: 0 },
      count: 1,
      ofDaemonSet: true,
      counting: new Set(),
      rules: { spreads: [], affinities: [], antiAffinities },
    };
  }

  /** Daemonsets with whose pods a pod may not share a domain, with the first reason for it. */
  conflicts(
    shape: PodShape,
    antiAffinities: readonly AffinityRule[],
  ): { readonly daemons: readonly DaemonApart[]; readonly reason: DaemonConflict } | undefined {
    const daemons: DaemonApart[] = [];
    const reasons = new Set<DaemonConflict>();
    for (const [daemon, set] of this.#sets.entries()) {
      for (const { reason, topologyKey } of this.#conflictsWith(shape, antiAffinities, daemon, set.shape)) {
        daemons.push({ daemon, topologyKey });
        reasons.add(reason);
      }
    }
    const reason = CONFLICTS.find((each) => reasons.has(each));
    return reason === undefined ? undefined : { daemons, reason };
  }

  #conflictsWith(
    shape: PodShape,
    antiAffinities: readonly AffinityRule[],
    daemon: number,
    of: PodShape,
  ): { readonly reason: DaemonConflict; readonly topologyKey: string }[] {
    const collides = collidingPort(shape.hostPorts, of.hostPorts) !== undefined;
    const apart = antiAffinities.filter(({ counter }) => selects(counter, of));
    const held = this.#antiAffinities[daemon]!.filter(({ counter }) => selects(counter, shape));
    return [
      ...(collides ? [{ reason: 'host-port' as const, topologyKey: HOSTNAME_LABEL }] : []),
      ...apart.map(({ counter: { topologyKey } }) => ({ reason: 'anti-affinity' as const, topologyKey })),
      ...held.map(({ counter: { topologyKey } }) => ({ reason: 'held-away' as const, topologyKey })),
    ];
  }

  /**
   * Affinities that some daemonset's pods meet on one node, and those daemonsets: the first over hosts, or the first that is
   * required, and with it all that are required, which mean the same pods.
   */
  soughtBy({
    affinities,
  }: TopologyRules): { readonly rules: readonly AffinityRule[]; readonly daemons: readonly number[] } | undefined {
    const overDomains = affinities.filter((rule) => !isOnHostname(rule) && rule.weight === undefined);
    for (const rule of [...affinities.filter(isOnHostname), ...overDomains]) {
      const daemons = [...this.#sets.keys()].filter((daemon) => selects(rule.counter, this.#sets[daemon]!.shape));
      if (daemons.length === 0) continue;
      const isMet = (other: AffinityRule): boolean =>
        rule.weight === undefined &&
        other.weight === undefined &&
        other.counter.selector.text === rule.counter.selector.text;
      return { rules: affinities.filter((other) => other === rule || isMet(other)), daemons };
    }
    return undefined;
  }

  /** Whether a counter counts a running pod, spreads over hosts and daemonsets' pods aside. */
  countsRunning(counter: Counter, { ofDaemonSet }: RunningPods): boolean {
    return ofDaemonSet !== true || counter.countedFor === undefined || counter.topologyKey !== HOSTNAME_LABEL;
  }
}

function byName(pods: NodeInput['daemonPods']): NodeInput['daemonPods'] {
  return pods.length < 2 ? pods : [...pods].sort((left, right) => compareText(nameOf(left), nameOf(right)));
}

const NONE: readonly number[] = [];

/** Daemonsets that are still to come, by node: for the list of daemonsets that was asked about last. */
const COMING = new WeakMap<NodeInput, { readonly sets: Problem['daemonSets']; readonly coming: readonly number[] }>();

const CONFLICTS: readonly DaemonConflict[] = ['host-port', 'anti-affinity', 'held-away'];

function selects({ selector }: Counter, { namespace, labels }: PodShape): boolean {
  return selector.selects(namespace, labels);
}

function nameOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

/** The controller of daemonsets lets their pods onto cordoned nodes. */
function taintsForDaemons(node: NodeInput): readonly Taint[] {
  return effectiveTaints(node).filter(({ key }) => key !== 'node.kubernetes.io/unschedulable');
}
