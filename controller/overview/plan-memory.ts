// What plans said last: where each pod that waits is to go or why it goes nowhere, and what each claim will become
// while nobody else knows. It forgets what has come true.
import type { PlacedPods, PlannedNode, Resources } from '../../proto/index.ts';
import type { PlanNote } from '../context/index.ts';
import { launchOffering } from '../engine-client/index.ts';
import { rankedOfferings, reasonText } from '../kubernetes/index.ts';
import { nameOf } from '../objects/index.ts';
import type { LaunchOffering } from '../ports/index.ts';
import type { Fullness, WorkloadCount } from './overview.ts';

/** What the last plan that spoke of a pod says of it. */
export type PodOutcome =
  | { readonly kind: 'planned'; readonly entry: string }
  | { readonly kind: 'left-out'; readonly why: string };

/** What a claim is expected to become. */
export interface ExpectedClaim {
  readonly offering: LaunchOffering;
  readonly typeCount: number;
  readonly pods: readonly WorkloadCount[];
  readonly cpu: Fullness;
  readonly memory: Fullness;
}

/** Says which workload a pod belongs to. */
export type WorkloadFinder = (namespace: string, podName: string) => string;

/** The memory. */
export class PlanMemory {
  #outcomes = new Map<string, PodOutcome>();
  readonly #expected = new Map<string, ExpectedClaim>();

  /**
   * Takes in a plan. It speaks of all pods that waited but those that an earlier one put onto a node which is still to come,
   * so that nothing else counts any more of what was said before.
   */
  note({ planned, claims }: PlanNote, workloadOf: WorkloadFinder): void {
    const plan = planned.solution?.plan;
    if (plan === undefined) return;
    this.#outcomes = new Map(
      [...this.#outcomes].filter(([, one]) => one.kind === 'planned' && this.#expected.has(one.entry)),
    );
    const place = (pods: readonly PlacedPods[], outcome: PodOutcome): void => {
      for (const [namespace, name] of podNames(planned.podGroups, pods)) {
        this.#outcomes.set(`${namespace}/${name}`, outcome);
      }
    };
    for (const [index, node] of plan.nodes.entries()) {
      const claim = claims[index];
      if (claim === undefined) continue;
      place(node.pods, { kind: 'planned', entry: nameOf(claim) });
      const offerings = rankedOfferings(plan, node.offeringList);
      const [best] = offerings;
      if (best === undefined) continue;
      this.#expected.set(nameOf(claim), {
        offering: launchOffering(best),
        typeCount: new Set(offerings.map(({ instanceType }) => instanceType)).size,
        pods: countWorkloads(planned.podGroups, node.pods, workloadOf),
        ...expectedUse(node),
      });
    }
    for (const { node, pods } of plan.existing) place(pods, { kind: 'planned', entry: node });
    for (const { pods, reasons } of plan.unplaced) {
      place(pods === undefined ? [] : [pods], { kind: 'left-out', why: reasonText(reasons) });
    }
  }

  outcomeOf(podKey: string): PodOutcome | undefined {
    return this.#outcomes.get(podKey);
  }

  expectedOf(claimName: string): ExpectedClaim | undefined {
    return this.#expected.get(claimName);
  }

  /** Forgets what is expected of claims that are gone. */
  forget(claimName: string): void {
    this.#expected.delete(claimName);
  }
}

function expectedUse({ requests, daemonOverhead, allocatable }: PlannedNode): Pick<ExpectedClaim, 'cpu' | 'memory'> {
  const sum = (read: (resources: Resources | undefined) => bigint | undefined): number =>
    Number((read(requests) ?? 0n) + (read(daemonOverhead) ?? 0n));
  return {
    cpu: { used: sum((resources) => resources?.cpuMilli), of: Number(allocatable?.cpuMilli ?? 0n) },
    memory: { used: sum((resources) => resources?.memoryBytes), of: Number(allocatable?.memoryBytes ?? 0n) },
  };
}

/** Namespace and name of each pod. */
export function* podNames(
  groups: readonly { readonly namespace: string }[],
  placed: readonly PlacedPods[],
): Generator<readonly [namespace: string, name: string]> {
  for (const { group, names } of placed) {
    const written = groups[group]?.namespace ?? '';
    const namespace = written === '' ? 'default' : written;
    for (const name of names) yield [namespace, name];
  }
}

/** Pods counted by their workloads, the largest first. */
export function countWorkloads(
  groups: readonly { readonly namespace: string }[],
  placed: readonly PlacedPods[],
  workloadOf: WorkloadFinder,
): WorkloadCount[] {
  const counts = new WorkloadCounts();
  for (const [namespace, name] of podNames(groups, placed)) counts.add(namespace, workloadOf(namespace, name));
  return counts.list();
}

/** Counts pods by workload. */
export class WorkloadCounts {
  readonly #counts = new Map<string, { workload: string; namespace: string; count: number }>();

  add(namespace: string, workload: string): void {
    const key = `${namespace} ${workload}`;
    const counted = this.#counts.get(key);
    if (counted === undefined) this.#counts.set(key, { workload, namespace, count: 1 });
    else counted.count += 1;
  }

  list(): WorkloadCount[] {
    return [...this.#counts.values()].sort((a, b) => b.count - a.count || compare(a.workload, b.workload));
  }
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
