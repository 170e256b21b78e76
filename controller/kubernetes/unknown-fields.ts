// Fields of a pod's scheduling that nobody reads: those that no pod has, mostly misspelt ones, which the API server drops
// without a word, and those that a pod may have and that no plan looks at. Looks at names of fields only: what is wrong with
// a field that is read is said where it is read.
import type { KubernetesObject } from './fields.ts';

/** One such field. */
export interface UnreadField {
  /** Keys from the pod's root. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What may stand in a mapping: fields to look into, or `true` for those that are read or play no part in scheduling. */
interface Known {
  readonly [field: string]: Known | true;
}

/** Splits a list of names that are not looked into. */
function plain(names: string): Known {
  return Object.fromEntries(names.split(' ').map((name) => [name, true as const]));
}

const REQUIREMENT = plain('key operator values');
const LABEL_SELECTOR: Known = { matchLabels: true, matchExpressions: REQUIREMENT };
const NODE_TERM: Known = { matchExpressions: REQUIREMENT, matchFields: REQUIREMENT };
const POD_TERM: Known = {
  ...plain('topologyKey namespaces matchLabelKeys mismatchLabelKeys'),
  labelSelector: LABEL_SELECTOR,
  namespaceSelector: LABEL_SELECTOR,
};
const POD_AFFINITY: Known = {
  requiredDuringSchedulingIgnoredDuringExecution: POD_TERM,
  preferredDuringSchedulingIgnoredDuringExecution: { weight: true, podAffinityTerm: POD_TERM },
};

/** v1.PodSpec as far as scheduling goes; everything else that it has is named and not looked into. */
const POD_SPEC: Known = {
  ...plain('activeDeadlineSeconds automountServiceAccountToken containers dnsConfig dnsPolicy enableServiceLinks'),
  ...plain('ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride'),
  ...plain('imagePullSecrets initContainers nodeName nodeSelector os overhead preemptionPolicy priority'),
  ...plain('priorityClassName readinessGates resources restartPolicy runtimeClassName resourceClaims schedulerName'),
  ...plain('schedulingGates securityContext serviceAccount serviceAccountName setHostnameAsFQDN schedulingGroup'),
  ...plain('shareProcessNamespace subdomain terminationGracePeriodSeconds volumes workloadRef'),
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: NODE_TERM },
      preferredDuringSchedulingIgnoredDuringExecution: { weight: true, preference: NODE_TERM },
    },
    podAffinity: POD_AFFINITY,
    podAntiAffinity: POD_AFFINITY,
  },
  topologySpreadConstraints: {
    ...plain('maxSkew topologyKey whenUnsatisfiable minDomains nodeAffinityPolicy nodeTaintsPolicy matchLabelKeys'),
    labelSelector: LABEL_SELECTOR,
  },
  tolerations: plain('key operator value effect tolerationSeconds'),
};

/** Fields of one pod's spec that nobody reads, in the order written. O(fields of its scheduling). */
export function unreadFields(pod: KubernetesObject): UnreadField[] {
  const spec = pod.spec as KubernetesObject | null | undefined;
  if (typeof spec !== 'object' || spec === null) return [];
  const found: UnreadField[] = [];
  collectUnknown(spec, POD_SPEC, ['spec'], found);
  if (Array.isArray(spec.resourceClaims) && spec.resourceClaims.length > 0) {
    found.push({
      path: ['spec', 'resourceClaims'],
      message:
        'is ignored: devices of resource claims are not planned for, and Karpenter passes such pods over; ask for extended resources to have them counted',
    });
  }
  collectMatchFields(spec, found);
  return found;
}

function collectUnknown(value: unknown, known: Known, path: UnreadField['path'], found: UnreadField[]): void {
  if (Array.isArray(value)) {
    for (const [index, entry] of value.entries()) collectUnknown(entry, known, [...path, index], found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    const field = Object.hasOwn(known, key) ? known[key] : undefined;
    if (field === undefined) {
      const meant = nearest(key, Object.keys(known));
      const hint = meant === undefined ? `known here are ${namesOf(known)}` : `did you mean ${meant}?`;
      found.push({
        path: [...path, key],
        message: `is ignored: no pod has such a field; correct or remove it (${hint})`,
      });
    } else if (field !== true) collectUnknown((value as KubernetesObject)[key], field, [...path, key], found);
  }
}

/** Fields by which a term may name nodes: there is one. */
function collectMatchFields(spec: KubernetesObject, found: UnreadField[]): void {
  const base = [
    'spec',
    'affinity',
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  ];
  let terms: unknown = { spec };
  for (const key of base) terms = (terms as KubernetesObject | null | undefined)?.[key];
  if (!Array.isArray(terms)) return;
  terms.forEach((term, index) => {
    const fields = (term as KubernetesObject | null)?.matchFields;
    if (!Array.isArray(fields)) return;
    fields.forEach((entry, position) => {
      const key = (entry as KubernetesObject | null)?.key;
      if (typeof key !== 'string' || key === 'metadata.name') return;
      found.push({
        path: [...base, index, 'matchFields', position, 'key'],
        message: `${key} is no field that nodes are chosen by: no node meets it, Kubernetes refuses it and Karpenter ignores it; use metadata.name, or matchExpressions for labels`,
      });
    });
  });
}

/** Most names that a message lists. */
const NAMES_LISTED = 8;

function namesOf(known: Known): string {
  const names = Object.keys(known);
  return names.length <= NAMES_LISTED ? names.join(', ') : `${names.slice(0, NAMES_LISTED).join(', ')} and others`;
}

/** Edits up to which a name counts as misspelt. */
const MOST_EDITS = 3;

/** The name that was probably meant: one that begins so, or that few edits away. */
function nearest(written: string, names: readonly string[]): string | undefined {
  const plainWritten = written.toLowerCase();
  const begins = names.filter((name) => name.toLowerCase().startsWith(plainWritten));
  if (begins.length === 1) return begins[0];
  let best: string | undefined;
  let fewest = Math.min(MOST_EDITS, Math.ceil(written.length / 3)) + 1;
  for (const name of names) {
    const edits = editsBetween(plainWritten, name.toLowerCase());
    if (edits >= fewest) continue;
    fewest = edits;
    best = name;
  }
  return best;
}

/** Letters to insert, remove or replace (Levenshtein). O(lengths multiplied). */
function editsBetween(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let at = 1; at <= left.length; at++) {
    const next = [at];
    for (let other = 1; other <= right.length; other++) {
      const replaced = (row[other - 1] ?? 0) + (left[at - 1] === right[other - 1] ? 0 : 1);
      next.push(Math.min((row[other] ?? 0) + 1, (next[other - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
