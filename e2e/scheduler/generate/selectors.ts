// Which pods the rules about other pods speak of: labels that generated pods carry, and selectors over them. Few labels and
// few values, so that workloads often mean each other, and pods that run already.
import type { LabelSelector, Namespace, StringMap } from '../objects.ts';
import type { Random } from '../random.ts';

/** A label that several workloads share. */
export const PART_LABEL = 'part';
/** A label whose value differs between pods of one workload: what matchLabelKeys is for. */
export const VERSION_LABEL = 'version';
/** The `app` of pods that run already and belong to no workload of the case. */
export const RUNNING_APP = 'running';

const PARTS = ['front', 'back'] as const;
const VERSIONS = ['v1', 'v2'] as const;

/** A workload as selectors see it. */
export interface Workload {
  readonly app: string;
  readonly part: string;
  readonly namespace: string;
  /** How many workloads the case has; they are called app-0, app-1 and so on. */
  readonly workloadCount: number;
}

/** The name of a workload. */
export function appName(index: number): string {
  return `app-${index}`;
}

/** A value of PART_LABEL. */
export function drawPart(random: Random): string {
  return random.pick(PARTS);
}

/** Labels of the pods of a workload. Pods at odd places may be of another version. */
export function podLabels(
  { app, part }: Pick<Workload, 'app' | 'part'>,
  hasVersions: boolean,
  place: number,
): StringMap {
  const version = hasVersions ? { [VERSION_LABEL]: VERSIONS[place % 2] ?? 'v1' } : {};
  return { app, [PART_LABEL]: part, ...version };
}

/**
 * A selector that mostly means the workload's own pods. None of them means daemonsets' pods, which carry none of these
 * labels: planners are not told what labels those have.
 */
export function drawSelector(random: Random, own: Workload): LabelSelector {
  const kind = random.integer(1, 100);
  if (kind <= 60) return { matchLabels: { app: own.app } };
  if (kind <= 72) return { matchLabels: { [PART_LABEL]: own.part } };
  if (kind <= 84) return drawSelectorOfOthers(random, own);
  if (kind <= 90) return { matchExpressions: [{ key: PART_LABEL, operator: 'In', values: [...PARTS] }] };
  if (kind <= 95) return { matchExpressions: [{ key: PART_LABEL, operator: 'Exists' }] };
  return {
    matchLabels: { [PART_LABEL]: own.part },
    matchExpressions: [{ key: 'app', operator: 'NotIn', values: [appName(random.integer(0, own.workloadCount - 1))] }],
  };
}

/** A selector of another workload's pods, or of pods that run already. */
export function drawSelectorOfOthers(random: Random, { workloadCount }: Workload): LabelSelector {
  if (random.chance(0.3)) return { matchLabels: { app: RUNNING_APP } };
  return { matchLabels: { app: appName(random.integer(0, workloadCount - 1)) } };
}

/** The case's two namespaces, each with a label that selectors of namespaces ask for. */
export function drawNamespaces(random: Random, seed: number): readonly [Namespace, Namespace] {
  const make = (name: string): Namespace => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { owner: random.pick(['shop', 'lab']) } },
  });
  return [make(`seed-${seed}-a`), make(`seed-${seed}-b`)];
}

/**
 * A selector of namespaces: all of them, those of an owner, or one by its name. None that a namespace without labels would
 * meet: kube-scheduler 1.36 takes such a selector of a newcomer to mean every namespace.
 */
export function drawNamespaceSelector(random: Random, names: readonly string[]): LabelSelector {
  const kind = random.integer(1, 10);
  if (kind <= 4) return {};
  if (kind <= 7) return { matchLabels: { owner: random.pick(['shop', 'lab']) } };
  return { matchLabels: { 'kubernetes.io/metadata.name': random.pick(names) } };
}
