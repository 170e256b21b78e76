// One case from end to end: drawn, planned by the service, judged by the scheduler and by arithmetic.
import type { LocalSolver } from '../../server/index.ts';
import type { GeneratedCase } from './generate/index.ts';
import type { Judge } from './judge.ts';
import { brokenLimits, leftOutTrials, reasonName } from './left-out.ts';
import { podKey } from './objects.ts';
import { planCase } from './plan.ts';
import { countRules, type RuleCounts } from './rules-in-play.ts';

/** What a case came to; all counts are of pods unless they say otherwise. */
export interface CaseOutcome {
  readonly placementsJudged: number;
  readonly leftOutJudged: number;
  readonly byLimitAlone: number;
  /** Pods left out for reasons that the scheduler can't be asked about, by reason. */
  readonly notJudged: ReadonlyMap<string, number>;
  /** Pods left out by the codes of their reasons, each code once a pod. */
  readonly leftOutReasons: ReadonlyMap<string, number>;
  /** Pods judged by the rules that had a say about them. */
  readonly rules: RuleCounts;
  /** 1 where pods were let in as they came; how many orders of arrival were tried where they were not. */
  readonly orderCount: number;
  readonly plannedNodes: number;
  /** Nodes in the cluster at the end, empty ones included. */
  readonly nodeCount: number;
  /** What is wrong with the plan, in sentences; none when it holds. */
  readonly faults: readonly string[];
}

/** Plans and judges a case. What is wrong with the plan is in the outcome; throws where the judging itself fails. */
export async function runCase(generated: GeneratedCase, solver: LocalSolver, judge: Judge): Promise<CaseOutcome> {
  const plan = await planCase(solver, generated);
  const trials = leftOutTrials(generated, plan);
  const outcome = await judge.judge({
    namespaces: generated.namespaces,
    daemonSets: generated.daemonSets,
    existing: generated.existing,
    nodes: plan.nodes.map(({ node }) => node),
    storageClasses: generated.storageClasses,
    claims: generated.claims,
    persistentVolumes: generated.persistentVolumes,
    placements: plan.placements,
    leftOut: trials.claims,
    emptyNodes: trials.emptyNodes,
    csiNodes: [
      ...generated.existing.flatMap(({ csiNode }) => csiNode ?? []),
      ...plan.nodes.flatMap(({ csiNode }) => csiNode ?? []),
      ...trials.csiNodes,
    ],
  });
  const reasonsOf = new Map(plan.leftOut.map(({ pod, reasons }) => [podKey(pod), reasons]));
  const faults = outcome.findings.map(({ kind, pod, nodeName, message }) => {
    const reasons = (reasonsOf.get(podKey(pod)) ?? []).map((reason) => `; the plan says: ${reason.message}`).join('');
    return `${kind}: ${podKey(pod)}${nodeName === undefined ? '' : ` on ${nodeName}`}: ${message}${reasons}`;
  });
  const notJudged = new Map<string, number>();
  for (const { code } of trials.notJudged) count(notJudged, code);
  const leftOutReasons = new Map<string, number>();
  for (const { reasons } of plan.leftOut) {
    for (const code of new Set(reasons.map((reason) => reason.code))) count(leftOutReasons, reasonName(code));
  }
  return {
    placementsJudged: outcome.placementsJudged,
    leftOutJudged: outcome.leftOutJudged,
    byLimitAlone: trials.byLimitAlone.length,
    notJudged,
    leftOutReasons,
    rules: countRules(
      generated,
      plan,
      trials.claims.map(({ pod }) => pod),
    ),
    orderCount: outcome.orderCount,
    plannedNodes: plan.nodes.length,
    nodeCount: outcome.nodeCount,
    faults: [...faults, ...brokenLimits(generated, plan)],
  };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
