// How rules change the pods of a generated problem: a group of equal pods at a time, so that its pods stay equal. Which
// rules there are stands in the other files of this folder.
import type { Random } from '../../random.ts';
import type { Manifest, VerifyProblem } from '../vocabulary.ts';

/** A rule that a problem may have in play. */
export interface ProblemRule {
  /** As tables of results show it. */
  readonly name: string;
  /** The problem with the rule in it. */
  readonly apply: (problem: VerifyProblem, random: Random) => VerifyProblem;
}

/** The parts of a pod that rules read and write. */
export interface PodManifest extends Manifest {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
}

/** The parts of a pod's spec that rules read and write. */
export interface PodSpec extends Manifest {
  readonly affinity?: Readonly<Record<string, Manifest>>;
  readonly topologySpreadConstraints?: readonly Manifest[];
  readonly containers: readonly Manifest[];
  readonly volumes?: readonly Manifest[];
}

/** The apps of the problem's waiting pods, each a group. */
export function appsOf(problem: VerifyProblem): string[] {
  return [...new Set(podsOf(problem).map(({ metadata }) => metadata.labels.app ?? ''))];
}

/** One to `most` of the apps, in random order. */
export function someApps(problem: VerifyProblem, random: Random, most: number): string[] {
  return random.shuffle(appsOf(problem)).slice(0, random.integer(1, most));
}

/** The pods that wait, as rules see them. */
export function podsOf(problem: VerifyProblem): readonly PodManifest[] {
  return problem.pods as readonly PodManifest[];
}

/** The problem with each pod of an app changed; the index counts within the app. */
export function changePods(
  problem: VerifyProblem,
  app: string,
  change: (pod: PodManifest, index: number) => PodManifest,
): VerifyProblem {
  let index = 0;
  const pods = podsOf(problem).map((pod) => (pod.metadata.labels.app === app ? change(pod, index++) : pod));
  return { ...problem, pods };
}

/** The problem with the spec of an app's pods changed. */
export function changeSpec(problem: VerifyProblem, app: string, change: (spec: PodSpec) => PodSpec): VerifyProblem {
  return changePods(problem, app, (pod) => ({ ...pod, spec: change(pod.spec) }));
}

/** The pod with one more label. */
export function withLabel(pod: PodManifest, key: string, value: string): PodManifest {
  return { ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, [key]: value } } };
}

/** The spec with one more spread constraint. */
export function withSpread(spec: PodSpec, constraint: Manifest): PodSpec {
  return { ...spec, topologySpreadConstraints: [...(spec.topologySpreadConstraints ?? []), constraint] };
}

/** Affinity to pods or away from them. */
export type PodAffinityKind = 'podAffinity' | 'podAntiAffinity';

/** The spec with one more affinity term; with a weight it is a preference. */
export function withPodTerm(spec: PodSpec, kind: PodAffinityKind, term: Manifest, weight?: number): PodSpec {
  if (weight === undefined) return withAffinity(spec, kind, 'requiredDuringSchedulingIgnoredDuringExecution', term);
  const preferred = { weight, podAffinityTerm: term };
  return withAffinity(spec, kind, 'preferredDuringSchedulingIgnoredDuringExecution', preferred);
}

/** The spec with one more entry in a list of its affinity. */
export function withAffinity(spec: PodSpec, kind: string, list: string, entry: Manifest): PodSpec {
  const present = spec.affinity?.[kind] ?? {};
  const entries = (present[list] ?? []) as readonly Manifest[];
  return { ...spec, affinity: { ...spec.affinity, [kind]: { ...present, [list]: [...entries, entry] } } };
}

/** A selector of pods: those of the app, mostly by label, sometimes by an expression, sometimes with another app's too. */
export function drawSelector(problem: VerifyProblem, random: Random, app: string): Manifest {
  return random.pickWeighted<Manifest>([
    [6, { matchLabels: { app } }],
    [2, { matchExpressions: [{ key: 'app', operator: 'In', values: [app, random.pick(appsOf(problem))] }] }],
    [1, { matchExpressions: [{ key: 'app', operator: 'Exists' }] }],
  ]);
}
