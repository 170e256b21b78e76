// Reads the required node affinity terms of a pod, which are alternatives to each other, for what Karpenter makes of them:
// a pair of conditions that exclude each other becomes "the label is absent" there, which a node may well meet, and one
// alternative after the other is given up for good. Kubernetes asks each condition and each alternative in turn.
import { type Condition, holds } from './conditions.ts';

/** The parts of a pod that are read. */
export interface TermsOfPod {
  readonly spec?: {
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly affinity?: {
      readonly nodeAffinity?: {
        readonly requiredDuringSchedulingIgnoredDuringExecution?: {
          readonly nodeSelectorTerms: readonly Term[];
        };
      };
    };
  };
}

interface Term {
  readonly matchExpressions?: readonly Condition[];
}

/** The pod with each of its required terms as the only one. */
export function withEachTermAlone<Pod extends TermsOfPod>(pod: Pod): Pod[] {
  return termsOf(pod).map((term) => withTerms(pod, [term]));
}

/** Keys of all labels that the pod's node selector and terms have conditions on. */
export function labelsNamedBy(pod: TermsOfPod): Set<string> {
  const inTerms = termsOf(pod).flatMap(({ matchExpressions }) => (matchExpressions ?? []).map(({ key }) => key));
  return new Set([...Object.keys(pod.spec?.nodeSelector ?? {}), ...inTerms]);
}

/** Keys of labels of which the pod's terms rule out values. */
export function labelsRuledOutBy(pod: TermsOfPod): Set<string> {
  const conditions = termsOf(pod).flatMap(({ matchExpressions }) => matchExpressions ?? []);
  return new Set(conditions.filter(({ operator }) => operator === 'NotIn').map(({ key }) => key));
}

/** The pod without the conditions of its terms on the labels. */
export function withoutConditionsOn<Pod extends TermsOfPod>(pod: Pod, keys: readonly string[]): Pod {
  const nodeSelectorTerms = termsOf(pod).map(({ matchExpressions }) => ({
    matchExpressions: (matchExpressions ?? []).filter(({ key }) => !keys.includes(key)),
  }));
  return withTerms(pod, nodeSelectorTerms);
}

function withTerms<Pod extends TermsOfPod>(pod: Pod, nodeSelectorTerms: readonly Term[]): Pod {
  const nodeAffinity = {
    ...pod.spec?.affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
  };
  return { ...pod, spec: { ...pod.spec, affinity: { ...pod.spec?.affinity, nodeAffinity } } };
}

function termsOf(pod: TermsOfPod): readonly Term[] {
  return pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
}

/** Whether a required term of the pod, with its node selector, can be met by no node. */
export function hasContradictoryTerm(pod: TermsOfPod): boolean {
  const selector: Condition[] = Object.entries(pod.spec?.nodeSelector ?? {}).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [value],
  }));
  return termsOf(pod).some(({ matchExpressions }) => isContradictory([...selector, ...(matchExpressions ?? [])]));
}

/** Whether some label's conditions admit neither any value nor its absence. */
function isContradictory(expressions: readonly Condition[]): boolean {
  const byKey = new Map<string, Condition[]>();
  for (const expression of expressions) {
    byKey.set(expression.key, [...(byKey.get(expression.key) ?? []), expression]);
  }
  return [...byKey.values()].some((conditions) =>
    candidates(conditions).every((value) => conditions.some((condition) => !holds(condition, value))),
  );
}

/** Absence, every value named, the neighbours of every bound, and a text nobody names: all outcomes are among them. */
function candidates(conditions: readonly Condition[]): (string | undefined)[] {
  const named = conditions.flatMap(({ values }) => values ?? []);
  const neighbours = named
    .filter((value) => /^\d+$/.test(value))
    .flatMap((value) => [Number(value) - 1, Number(value) + 1]);
  const other = `other-${named.join('-')}`;
  return [undefined, other, ...named, ...neighbours.filter((value) => value >= 0).map(String)];
}
