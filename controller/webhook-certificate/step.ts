// The next step of the certificates' upkeep. A rotation is: the next pair is made; API servers are told to trust its authority
// beside the present one; the pair is served; nobody serves the old one any more, and it is trusted no longer. At every moment
// whatever a replica serves is trusted by every API server. Pure: who carries the steps out is keeper.ts, and a keeper that takes
// over in the middle goes on from what is stored.
import { LIMITS, settleMs } from './limits.ts';
import { type CertificatePair, certificatesIn, covers, validForMs } from './pair.ts';
import type { StoredCertificates } from './stored.ts';

/** How things stand. */
export interface Situation {
  /** What the Secret has; nothing where there is none. */
  readonly stored: StoredCertificates | undefined;
  /** Each configuration with the bundles of its webhooks, as PEM. */
  readonly configurations: readonly { readonly name: string; readonly bundles: readonly string[] }[];
  /** Whom the certificate has to name. */
  readonly hosts: readonly string[];
  readonly nowMs: number;
  /** For how long none of this has changed, as far as is known. */
  readonly stillMs: number;
  /** For how long new certificates are valid. */
  readonly lifetimeMs: number;
}

/** What to do next. */
export type Step =
  /** Nothing, until something changes or this time has passed. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** Make a pair, and store it as the one that is served, or the next one, with these authorities trusted. */
  | { readonly kind: 'make'; readonly as: 'served' | 'next'; readonly oldCaPem: string; readonly why: string }
  /** Store this. */
  | { readonly kind: 'store'; readonly stored: StoredCertificates; readonly why: string }
  /** Have these configurations trust this bundle. */
  | { readonly kind: 'trust'; readonly configurations: readonly string[]; readonly bundlePem: string };

/** Decides. O(size of the bundles). */
export function nextStep(situation: Situation): Step {
  const { stored, configurations, nowMs, lifetimeMs, stillMs } = situation;
  // Nobody asks the webhook.
  if (configurations.length === 0) return { kind: 'wait', ms: LIMITS.lookMs };
  const served = alive(stored?.served, nowMs);
  const next = alive(stored?.next, nowMs);
  const oldCaPem = certificatesIn(stored?.oldCaPem ?? '', nowMs).join('');
  if (served === undefined && next === undefined) return firstPair(situation);
  const present: StoredCertificates = { served, next, oldCaPem };
  const late = reasonToReplace(next ?? served, situation);
  if (late !== undefined) return { kind: 'make', as: 'next', oldCaPem, why: late };
  const trusted = bundleOf(present, nowMs);
  const untold = configurations.filter(({ bundles }) => bundles.some((bundle) => !isSame(bundle, trusted, nowMs)));
  if (untold.length > 0) {
    return { kind: 'trust', configurations: untold.map(({ name }) => name), bundlePem: trusted.join('') };
  }
  const leftMs = settleMs(lifetimeMs) - stillMs;
  if (next !== undefined) {
    if (leftMs > 0) return { kind: 'wait', ms: leftMs };
    const old = [...(served === undefined ? [] : [served.caPem]), oldCaPem].join('');
    return { kind: 'store', stored: { served: next, next: undefined, oldCaPem: old }, why: 'the next one is trusted' };
  }
  if (oldCaPem !== '') {
    if (leftMs > 0) return { kind: 'wait', ms: leftMs };
    return { kind: 'store', stored: { ...present, oldCaPem: '' }, why: 'nobody serves the last one any more' };
  }
  return { kind: 'wait', ms: Math.min(LIMITS.lookMs, Math.max(1, renewalInMs(served, situation))) };
}

/** Nothing can be served: the Secret is new, was deleted, or everything in it has expired. */
function firstPair({ configurations, nowMs }: Situation): Step {
  const trusted = configurations.flatMap(({ bundles }) => bundles.flatMap((bundle) => certificatesIn(bundle, nowMs)));
  const oldCaPem = [...new Set(trusted)].join('');
  // Replicas may still serve a pair of before, which is trusted: a new one has to be first.
  const as = oldCaPem === '' ? 'served' : 'next';
  return { kind: 'make', as, oldCaPem, why: 'there is none' };
}

function alive(pair: CertificatePair | undefined, nowMs: number): CertificatePair | undefined {
  return pair !== undefined && validForMs(pair, nowMs) > 0 ? pair : undefined;
}

function reasonToReplace(pair: CertificatePair | undefined, situation: Situation): string | undefined {
  if (pair === undefined) return undefined;
  if (renewalInMs(pair, situation) <= 0) return 'it will expire';
  return covers(pair, situation.hosts) ? undefined : 'the webhook is asked under another name';
}

function renewalInMs(pair: CertificatePair | undefined, { nowMs, lifetimeMs }: Situation): number {
  return pair === undefined ? 0 : validForMs(pair, nowMs) - lifetimeMs * LIMITS.renewalPart;
}

/** Every authority that is to be trusted. */
function bundleOf({ served, next, oldCaPem }: StoredCertificates, nowMs: number): string[] {
  return certificatesIn(`${oldCaPem}${served?.caPem ?? ''}${next?.caPem ?? ''}`, nowMs);
}

function isSame(bundlePem: string, trusted: readonly string[], nowMs: number): boolean {
  const found = certificatesIn(bundlePem, nowMs);
  return found.length === trusted.length && found.every((pem) => trusted.includes(pem));
}
