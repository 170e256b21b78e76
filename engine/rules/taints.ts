// Taints and tolerations as kube-scheduler reads them, and which taints of a node on its way count. What a node class or
// a pool puts on nodes is decided by the callers.

import type { NodeInput, Taint, Toleration } from '../model/index.ts';

/** Which taints are held against a pod: those that keep it away, or also those that only discourage it. */
export type TaintScope = 'hard' | 'all';

/**
 * Taints that come and go while a node starts. They match by key and effect, the value has no part in it.
 */
const EPHEMERAL_TAINTS: readonly { readonly key: string; readonly effect: Taint['effect'] }[] = [
  { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' },
  { key: 'node.cloudprovider.kubernetes.io/uninitialized', effect: 'NoSchedule' },
  { key: 'karpenter.sh/unregistered', effect: 'NoExecute' },
];

/** The node readiness controller makes one taint a rule, with the rule's name after this prefix. */
const EPHEMERAL_PREFIX = 'readiness.k8s.io/';

/** What numeric tolerations read: canonical decimal integers, without a plus or leading zeros. */
const CANONICAL_INTEGER = /^(0|-?[1-9][0-9]*)$/;

/** Whether a toleration covers a taint. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false;
  // Kubernetes refuses an empty key with any other operator, so only `Exists` may cover every key.
  if (toleration.key === '') return toleration.operator === 'Exists';
  if (toleration.key !== taint.key) return false;
  switch (toleration.operator) {
    case 'Exists':
      return true;
    case 'Equal':
      return toleration.value === taint.value;
    case 'Lt':
    case 'Gt':
      return comparesNumerically(taint.value, toleration.operator, toleration.value);
  }
}

/** The first taint that no toleration covers, in the order given; undefined where all are tolerated. */
export function untoleratedTaint(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  scope: TaintScope,
): Taint | undefined {
  return taints.find(
    (taint) =>
      (scope === 'all' || taint.effect !== 'PreferNoSchedule') &&
      !tolerations.some((toleration) => tolerates(toleration, taint)),
  );
}

/** Whether a taint is one that goes away by itself while a node starts. */
export function isEphemeralTaint(taint: Taint): boolean {
  return taint.key.startsWith(EPHEMERAL_PREFIX) || EPHEMERAL_TAINTS.some((known) => sameTaint(known, taint));
}

/**
 * The taints of a node that count for new pods. On a ready node all of them. Before that, ephemeral taints and the
 * node's startup taints are about to go; once the node is ready the same taints are there for a reason and count.
 */
export function effectiveTaints(node: NodeInput): readonly Taint[] {
  let taints = EFFECTIVE.get(node);
  if (taints === undefined) {
    taints = findEffectiveTaints(node);
    EFFECTIVE.set(node, taints);
  }
  return taints;
}

/** By node: nodes are never changed, and mostly asked about again. */
const EFFECTIVE = new WeakMap<NodeInput, readonly Taint[]>();

function findEffectiveTaints(node: NodeInput): readonly Taint[] {
  const taints = node.unschedulable ? withCordon(node.taints) : node.taints;
  if (node.stage === 'ready') return taints;
  return taints.filter(
    (taint) => !isEphemeralTaint(taint) && !node.startupTaints.some((startup) => sameTaint(startup, taint)),
  );
}

/** What Kubernetes makes of a cordoned node: only pods that tolerate this taint are let in. */
const CORDON: Taint = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' };

function withCordon(taints: readonly Taint[]): readonly Taint[] {
  return taints.some((taint) => sameTaint(taint, CORDON)) ? taints : [...taints, CORDON];
}

/** A taint as Kubernetes writes it in short: `key=value:effect`. */
export function describeTaint({ key, value, effect }: Taint): string {
  return value === '' ? `${key}:${effect}` : `${key}=${value}:${effect}`;
}

/** Taints of a node are unique by key and effect. */
function sameTaint(a: Pick<Taint, 'key' | 'effect'>, b: Pick<Taint, 'key' | 'effect'>): boolean {
  return a.key === b.key && a.effect === b.effect;
}

function comparesNumerically(taintValue: string, operator: 'Lt' | 'Gt', tolerationValue: string): boolean {
  const taint = canonicalInt64(taintValue);
  const limit = canonicalInt64(tolerationValue);
  if (taint === undefined || limit === undefined) return false;
  return operator === 'Lt' ? taint < limit : taint > limit;
}

/** The exact number, because taints may use all 64 bits; undefined where Kubernetes reads none. */
function canonicalInt64(text: string): bigint | undefined {
  if (!CANONICAL_INTEGER.test(text)) return undefined;
  const number = BigInt(text);
  return BigInt.asIntN(64, number) === number ? number : undefined;
}
