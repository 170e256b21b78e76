// Keeps the webhook's certificates: looks at the Secret and the configurations, takes the next step (step.ts), and looks
// again. Only the leader does it; what it writes it writes by the version that it has seen.
import { type ApiObject, type Clock, ClusterError, KINDS } from '../ports/index.ts';
import { type Reconcile, type ReconcileResult, WorkQueue } from '../work-queue/index.ts';
import type { Writes } from '../writes/index.ts';
import { bundlePatch, bundlesOf, hostsOf } from './configured.ts';
import { LIMITS } from './limits.ts';
import type { makePair } from './pair.ts';
import { configurationsIn, secretIn, type WebhookObjects, type WebhookSources } from './sources.ts';
import { nextStep, type Situation, type Step } from './step.ts';
import { readSecret, type StoredCertificates, secretWith } from './stored.ts';

/** What it works with. */
export interface KeeperOptions {
  readonly objects: WebhookObjects;
  readonly sources: WebhookSources;
  readonly writes: Pick<Writes, 'create' | 'replace' | 'patch'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** For how long new certificates are valid. */
  readonly lifetimeMs: number;
  readonly makePair: typeof makePair;
}

const KEY = 'certificate';

/** Keeps the certificates until the signal aborts; resolves when nothing is being written any more. */
export async function keepCertificates(options: KeeperOptions, signal: AbortSignal): Promise<void> {
  const { sources, clock, random, log } = options;
  const keeper = new Keeper(options);
  const queue = new WorkQueue({
    name: 'webhook.certificate',
    clock,
    random,
    concurrency: 1,
    reconcile: keeper.reconcile,
    onError: (controller, _key, error) => {
      log.warn(
        { controller, error: error instanceof Error ? error.message : String(error) },
        'failed keeping certificates',
      );
    },
  });
  const stores = Object.values(sources);
  const look = (): void => {
    keeper.noteChange();
    queue.add(KEY);
  };
  const subscriptions = stores.map((store) => store.subscribe(look));
  const ended = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  queue.start(signal);
  look();
  await ended;
  for (const stop of subscriptions) stop();
  await queue.drained();
}

/** Until the first lists are in. */
const SYNC_POLL_MS = 200;

class Keeper {
  readonly #options: KeeperOptions;
  #changedMs: number;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#changedMs = options.clock.monotonicMs();
  }

  /** Something is no longer as it was. */
  noteChange(): void {
    this.#changedMs = this.#options.clock.monotonicMs();
  }

  readonly reconcile: Reconcile = async (_key, signal) => {
    const { sources } = this.#options;
    if (!Object.values(sources).every(({ isSynced }) => isSynced)) return { requeueAfterMs: SYNC_POLL_MS };
    const secret = secretIn(sources);
    const situation = this.#situation(secret);
    return await this.#take(nextStep(situation), situation, secret, signal);
  };

  #situation(secret: ApiObject | undefined): Situation {
    const { sources, clock, lifetimeMs } = this.#options;
    const configurations = configurationsIn(sources);
    return {
      stored: secret === undefined ? undefined : readSecret(secret),
      configurations: configurations.map(([name, object]) => ({ name, bundles: bundlesOf(object) })),
      hosts: hostsOf(configurations.map(([, object]) => object)),
      nowMs: clock.nowMs(),
      stillMs: clock.monotonicMs() - this.#changedMs,
      lifetimeMs,
    };
  }

  async #take(
    step: Step,
    { stored, hosts }: Situation,
    secret: ApiObject | undefined,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    if (step.kind === 'wait') return { requeueAfterMs: step.ms };
    if (step.kind === 'trust') await this.#trust(step, signal);
    else {
      const { clock, lifetimeMs, log, makePair } = this.#options;
      const made = step.kind === 'make' ? await makePair(hosts, clock.nowMs(), lifetimeMs) : undefined;
      await this.#store(
        secret,
        step.kind === 'store'
          ? step.stored
          : {
              served: step.as === 'served' ? made : stored?.served,
              next: step.as === 'next' ? made : undefined,
              oldCaPem: step.oldCaPem,
            },
        signal,
      );
      const what =
        step.kind === 'make' ? `made a certificate for the webhook` : 'moved on with the webhook’s certificate';
      log.info({ why: step.why, ...(made === undefined ? {} : { hosts }) }, what);
    }
    // What was written comes back by the watch, which wakes this up. Where nothing changed, nothing does.
    return { requeueAfterMs: LIMITS.echoMs };
  }

  /** Writes over the Secret that the step was decided by: a pair takes its time to be made. */
  async #store(before: ApiObject | undefined, stored: StoredCertificates, signal: AbortSignal): Promise<void> {
    const { objects, writes } = this.#options;
    const secret = secretWith(objects.secret, before, stored);
    if (before !== undefined) {
      await writes.replace('webhook.secret', KINDS.secrets, secret, {}, signal);
      return;
    }
    try {
      await writes.create('webhook.secret.create', KINDS.secrets, secret, signal);
    } catch (error) {
      // Somebody else was first: theirs is on its way here.
      if (!(error instanceof ClusterError) || error.code !== 'AlreadyExists') throw error;
    }
  }

  async #trust({ configurations, bundlePem }: Extract<Step, { kind: 'trust' }>, signal: AbortSignal): Promise<void> {
    const { objects, sources, writes } = this.#options;
    for (const [kind, object] of configurationsIn(sources)) {
      if (!configurations.includes(kind)) continue;
      const patch = { type: 'strategic', body: bundlePatch(object, bundlePem) } as const;
      await writes.patch('webhook.trust', KINDS[kind], { name: objects.configuration }, patch, signal);
    }
  }
}

/** The pair that a Secret has for replicas to serve; undefined where there is none that can be read. */
export function servedPair(secret: ApiObject | undefined): StoredCertificates['served'] {
  return secret === undefined ? undefined : readSecret(secret).served;
}
