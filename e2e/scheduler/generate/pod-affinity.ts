// Affinity and anti-affinity between generated pods, required and preferred, within their namespace and beyond it. A term
// that means the pod's own workload is a group that some pod has to found; one that means others waits for them.
import type { PodSpec, PodTerm, PodTerms } from '../objects.ts';
import type { Random } from '../random.ts';
import {
  drawNamespaceSelector,
  drawSelector,
  drawSelectorOfOthers,
  VERSION_LABEL,
  type Workload,
} from './selectors.ts';
import { TEAM_LABEL } from './vocabulary.ts';

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const NEAR_KEYS = [ZONE, ZONE, ZONE, HOST, HOST, 'karpenter.sh/capacity-type', TEAM_LABEL] as const;
const APART_KEYS = [HOST, HOST, HOST, ZONE, ZONE, 'karpenter.sh/capacity-type'] as const;

/** Pods that the pod must be, or would like to be, together with. */
export function addPodAffinity(spec: PodSpec, random: Random, own: Workload, namespaces: readonly string[]): void {
  spec.affinity = { ...spec.affinity, podAffinity: drawTerms(random, own, namespaces, NEAR_KEYS) };
}

/** Pods that the pod must be, or would like to be, apart from. */
export function addPodAntiAffinity(spec: PodSpec, random: Random, own: Workload, namespaces: readonly string[]): void {
  spec.affinity = { ...spec.affinity, podAntiAffinity: drawTerms(random, own, namespaces, APART_KEYS) };
}

function drawTerms(random: Random, own: Workload, namespaces: readonly string[], keys: readonly string[]): PodTerms {
  const kind = random.pick(['required', 'required', 'required', 'preferred', 'both']);
  const required = random.pick([1, 1, 1, 2]);
  const terms: PodTerms = {};
  if (kind !== 'preferred') {
    terms.requiredDuringSchedulingIgnoredDuringExecution = Array.from({ length: required }, () =>
      drawTerm(random, own, namespaces, keys),
    );
  }
  if (kind !== 'required') {
    terms.preferredDuringSchedulingIgnoredDuringExecution = [
      { weight: random.integer(1, 100), podAffinityTerm: drawTerm(random, own, namespaces, keys) },
    ];
  }
  return terms;
}

/** A required anti-affinity of a pod that runs already: it keeps newcomers away. */
export function drawKeepingAway(random: Random, own: Workload): PodTerms {
  const topologyKey = random.pick([HOST, HOST, ZONE]);
  return {
    requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: drawSelectorOfOthers(random, own) }],
  };
}

function drawTerm(random: Random, own: Workload, namespaces: readonly string[], keys: readonly string[]): PodTerm {
  const where = random.integer(1, 9);
  const version = random.integer(1, 5);
  return {
    topologyKey: random.pick(keys),
    labelSelector: drawSelector(random, own),
    ...(where === 1 ? { namespaces: [...namespaces] } : {}),
    ...(where === 2 ? { namespaces: [random.pick(namespaces)] } : {}),
    ...(where === 3 || where === 4 ? { namespaceSelector: drawNamespaceSelector(random, namespaces) } : {}),
    ...(version === 1 ? { matchLabelKeys: [VERSION_LABEL] } : {}),
    ...(version === 2 ? { mismatchLabelKeys: [VERSION_LABEL] } : {}),
  };
}
