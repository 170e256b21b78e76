// Creates NodeClaims that a plan asked for. A claim's name was chosen before, so a create whose answer was lost can be sent
// again: it meets AlreadyExists, and the object that is there shows whether it is our own.
import type { ControllerContext } from '../context/index.ts';
import {
  annotationOf,
  labelOf,
  MIN_VALUES_RELAXED,
  NODE_POOL_LABEL,
  type NodeClaimView,
  nameOf,
} from '../objects/index.ts';
import { ClusterError, KINDS } from '../ports/index.ts';
import { isContained } from './claim-template.ts';

/** Most creates at a time; the client's own limits come on top. */
const CONCURRENT_CREATES = 64;

/** How often a create is tried again that the API server could not carry out. */
const MOST_TRIES = 6;
const FIRST_PAUSE_MS = 200;

type CreatorContext = Pick<ControllerContext, 'own' | 'reader' | 'stores' | 'clock' | 'random' | 'metrics' | 'log'>;

/** Hears of a claim that could not be created: its pods need another plan. */
type OnFailure = (claim: NodeClaimView, error: unknown) => void;

/** Creates claims, many at a time. They count as being there from the moment that they are given. */
export class ClaimCreator {
  readonly #context: CreatorContext;
  readonly #onFailure: OnFailure;
  readonly #waiting: NodeClaimView[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(context: CreatorContext, onFailure: OnFailure) {
    this.#context = context;
    this.#onFailure = onFailure;
  }

  /** Notes the claims and begins to create them, in this order. Waits for none of them. */
  create(claims: readonly NodeClaimView[], signal: AbortSignal): void {
    for (const claim of claims) this.#context.stores.nodeClaims.note(claim);
    this.#waiting.push(...claims);
    this.#work(signal);
  }

  /** Resolves when no create is under way any more. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #work(signal: AbortSignal): void {
    while (this.#running.size < CONCURRENT_CREATES) {
      const claim = this.#waiting.shift();
      if (claim === undefined) return;
      const run = this.#createOne(claim, signal).finally(() => {
        this.#running.delete(run);
        this.#work(signal);
      });
      this.#running.add(run);
    }
  }

  async #createOne(claim: NodeClaimView, signal: AbortSignal): Promise<void> {
    try {
      signal.throwIfAborted();
      await this.#withRetries(claim, signal);
      this.#context.metrics.count('karpenter_nodeclaims_created_total', {
        reason: 'provisioned',
        nodepool: labelOf(claim, NODE_POOL_LABEL) ?? '',
        min_values_relaxed: annotationOf(claim, MIN_VALUES_RELAXED) ?? 'false',
      });
      this.#context.log.info({ NodeClaim: { name: nameOf(claim) } }, 'created nodeclaim');
    } catch (error) {
      // Nothing is known of it, or it came to nothing: plans do not count it any more, and the watch shows if it is there.
      this.#context.stores.nodeClaims.noteGone({ name: nameOf(claim) });
      if (!signal.aborted) this.#onFailure(claim, error);
    }
  }

  async #withRetries(claim: NodeClaimView, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#context;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#context.own.create('nodeclaim.create', 'nodeClaims', claim, signal);
        return;
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        if (error.code === 'AlreadyExists' && (await this.#isOurs(claim, signal))) return;
        if (!error.retryable || attempt >= MOST_TRIES) throw error;
        const pauseMs = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + random() / 2);
        await clock.sleep(Math.max(pauseMs, error.retryAfterMs ?? 0), signal);
      }
    }
  }

  async #isOurs(claim: NodeClaimView, signal: AbortSignal): Promise<boolean> {
    const stored = await this.#context.reader.get(KINDS.nodeClaims, { name: nameOf(claim) }, signal);
    if (stored === undefined || !isContained(claim.spec, stored.spec)) return false;
    const { ownerReferences, labels, annotations } = claim.metadata;
    if (!isContained({ ownerReferences, labels, annotations }, stored.metadata)) return false;
    this.#context.stores.nodeClaims.note(stored);
    return true;
  }
}
