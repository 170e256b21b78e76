// Rules of affinity between pods: to their own group and to others, required and preferred, across namespaces, by
// versions, and those of pods that run already.
import type { Random } from '../../random.ts';
import { HOSTNAME, LABELS, type Manifest, type VerifyProblem } from '../vocabulary.ts';
import {
  appsOf,
  changePods,
  changeSpec,
  drawSelector,
  type PodAffinityKind,
  type PodManifest,
  type ProblemRule,
  someApps,
  withLabel,
  withPodTerm,
} from './pods.ts';

const KEYS = [LABELS.zone, LABELS.zone, HOSTNAME, LABELS.capacityType, LABELS.team] as const;

function ofSomeApps(
  name: string,
  most: number,
  change: (problem: VerifyProblem, app: string, random: Random) => VerifyProblem,
): ProblemRule {
  return {
    name,
    apply: (problem, random) =>
      someApps(problem, random, most).reduce((changed, app) => change(changed, app, random), problem),
  };
}

function withTerm(
  problem: VerifyProblem,
  app: string,
  kind: PodAffinityKind,
  term: Manifest,
  weight?: number,
): VerifyProblem {
  return changeSpec(problem, app, (spec) => withPodTerm(spec, kind, term, weight));
}

/** Terms about the own group. */
function self(name: string, kind: PodAffinityKind, keys: readonly string[]): ProblemRule {
  return ofSomeApps(name, 2, (problem, app, random) => {
    const labelSelector = { matchLabels: { app } };
    return withTerm(problem, app, kind, { topologyKey: random.pick(keys), labelSelector });
  });
}

/** Terms about whichever group the selector names. */
function others(name: string, kind: PodAffinityKind): ProblemRule {
  return ofSomeApps(name, 2, (problem, app, random) => {
    const labelSelector = drawSelector(problem, random, random.pick(appsOf(problem)));
    return withTerm(problem, app, kind, { topologyKey: random.pick(KEYS), labelSelector });
  });
}

const preferred = ofSomeApps('preferred pod affinity', 3, (problem, app, random) => {
  const kind = random.pick(['podAffinity', 'podAntiAffinity'] as const);
  const labelSelector = drawSelector(problem, random, random.pick([app, random.pick(appsOf(problem))]));
  return withTerm(problem, app, kind, { topologyKey: random.pick(KEYS), labelSelector }, random.integer(1, 100));
});

const NAMESPACES: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', labels: { tenant: 'a' } } },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other', labels: { tenant: 'b' } } },
];

const acrossNamespaces: ProblemRule = {
  name: 'pod affinity across namespaces',
  apply: (problem, random) => {
    let changed: VerifyProblem = { ...problem, namespaces: NAMESPACES };
    for (const app of someApps(problem, random, 2)) {
      const term = {
        topologyKey: random.pick(KEYS),
        labelSelector: { matchLabels: { app } },
        ...random.pick<Manifest>([
          { namespaces: ['default', 'other'] },
          { namespaces: ['other'] },
          { namespaceSelector: {} },
          { namespaceSelector: { matchLabels: { tenant: 'b' } } },
          { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } }, namespaces: ['default'] },
        ]),
      };
      const kind = random.pick(['podAffinity', 'podAntiAffinity'] as const);
      changed = changePods(changed, app, (pod) => ({
        ...pod,
        metadata: { ...pod.metadata, namespace: random.pick(['default', 'default', 'other']) },
        spec: withPodTerm(pod.spec, kind, term),
      }));
    }
    return changed;
  },
};

const byVersion = ofSomeApps('pod affinity with label keys', 2, (problem, app, random) => {
  const keys = random.pick<Manifest>([{ matchLabelKeys: ['version'] }, { mismatchLabelKeys: ['version'] }]);
  const term = { topologyKey: random.pick(KEYS), labelSelector: { matchLabels: { app } }, ...keys };
  const kind = random.pick(['podAffinity', 'podAntiAffinity'] as const);
  return changePods(problem, app, (pod, index) => {
    const versioned = withLabel(pod, 'version', `v${index % 2}`);
    return { ...versioned, spec: withPodTerm(versioned.spec, kind, term) };
  });
});

/** Pods that run are of the groups that wait, and some keep others away or follow them. */
const running: ProblemRule = {
  name: 'running pods with rules',
  apply: (problem, random) => ({
    ...problem,
    nodes: problem.nodes.map((node) => ({
      ...node,
      pods: node.pods.map((pod) => (isOfDaemonSet(pod) ? pod : asMember(pod as PodManifest, problem, random))),
    })),
  }),
};

function isOfDaemonSet(pod: Manifest): boolean {
  return (pod.metadata as Manifest).ownerReferences !== undefined;
}

function asMember(pod: PodManifest, problem: VerifyProblem, random: Random): PodManifest {
  const member = withLabel(pod, 'app', random.pick(appsOf(problem)));
  if (random.chance(0.6)) return member;
  const kind = random.pick(['podAntiAffinity', 'podAntiAffinity', 'podAffinity'] as const);
  const term = {
    topologyKey: random.pick([HOSTNAME, LABELS.zone]),
    labelSelector: { matchLabels: { app: random.pick(appsOf(problem)) } },
  };
  return { ...member, spec: withPodTerm(member.spec, kind, term) };
}

/** Every rule of affinity between pods. */
export const POD_AFFINITY_RULES: readonly ProblemRule[] = [
  self('affinity within a zone', 'podAffinity', [LABELS.zone]),
  self('affinity within a host', 'podAffinity', [HOSTNAME]),
  self('affinity within another label', 'podAffinity', [LABELS.capacityType, LABELS.team]),
  self('anti-affinity by host', 'podAntiAffinity', [HOSTNAME]),
  self('anti-affinity by zone', 'podAntiAffinity', [LABELS.zone]),
  self('anti-affinity by another label', 'podAntiAffinity', [LABELS.capacityType, LABELS.team]),
  others('affinity to others', 'podAffinity'),
  others('anti-affinity to others', 'podAntiAffinity'),
  preferred,
  acrossNamespaces,
  byVersion,
  running,
];
