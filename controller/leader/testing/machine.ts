// A process that stands for election, on a driven clock and a simulated API server: it can be killed, stopped and continued as
// by signals, and cut off from the API server. Its work is to write its epoch into one object, again and again.
import type { DrivenClock } from '../../clock/index.ts';
import { type ApiObject, type Clock, type Cloud, ClusterError, KINDS, type ObjectWriter } from '../../ports/index.ts';
import type { SimulatedCluster } from '../../simulated-cluster/index.ts';
import { type WriteHooks, Writes } from '../../writes/index.ts';
import { LEASE_TIMES, type Lead, LeaderElection, type Term } from '../index.ts';

/** Where the election is held. */
export const LEASE = { namespace: 'kube-system', name: 'karpenter-leader-election' };

/** A write that reached the API server. */
export interface Written {
  readonly by: string;
  readonly epoch: bigint;
  readonly atMs: number;
}

/** How the API server treats one process. `lossy` carries writes out and loses the replies. */
export type Network = 'up' | 'down' | 'silent' | 'lossy';

/** Between two writes of a leader. */
export const WORK_MS = 100;

/** A call that has no answer by then has failed, as with the real adapter. */
const CALL_MS = 30_000;

const NO_CLOUD: Pick<Cloud, 'launch' | 'terminate' | 'tag' | 'forgetNodeClass'> = {
  launch: () => Promise.reject(new Error('there is no cloud here')),
  terminate: () => Promise.reject(new Error('there is no cloud here')),
  tag: () => Promise.reject(new Error('there is no cloud here')),
  forgetNodeClass: () => Promise.reject(new Error('there is no cloud here')),
};
const NO_HOOKS: WriteHooks = { before: () => undefined, after: () => undefined };

/** The process. */
export class Machine {
  readonly name: string;
  readonly election: LeaderElection;
  readonly terms: Term[] = [];
  readonly log: string[] = [];
  network: Network = 'up';
  /** How long the API server takes over one write of the leader's work. */
  workCallMs = 0;
  /** Replaces the work. */
  lead: Lead = (term, stop) => this.#work(term, stop);
  readonly #clock: DrivenClock;
  readonly #cluster: SimulatedCluster;
  readonly #ledger: Written[];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #halted: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #isKilled = false;

  constructor(name: string, clock: DrivenClock, cluster: SimulatedCluster, ledger: Written[]) {
    this.name = name;
    this.#clock = clock;
    this.#cluster = cluster;
    this.#ledger = ledger;
    this.election = new LeaderElection({
      reader: { get: (kind, object) => this.#reach(false, () => cluster.get(kind, object)) },
      writes: new Writes(this.#writer(0), NO_CLOUD, NO_HOOKS),
      clock: this.ownClock,
      random: () => 0.5,
      lease: LEASE,
      identity: name,
      times: LEASE_TIMES,
      log: {
        info: (_, message) => void this.log.push(message),
        warn: (_, message) => void this.log.push(message),
      },
    });
    this.#done = this.election.run((term, stop) => {
      this.terms.push(term);
      return this.lead(term, stop);
    }, this.#stop.signal);
  }

  get isLeading(): boolean {
    return !this.#isKilled && this.election.isLeading;
  }

  /** Time as the process sees it: its timers stand still while it is stopped. */
  get ownClock(): Clock {
    return {
      nowMs: () => this.#clock.nowMs(),
      monotonicMs: () => this.#clock.monotonicMs(),
      sleep: async (ms, signal) => {
        try {
          await this.#clock.sleep(ms, signal);
        } finally {
          await this.#runs();
        }
      },
    };
  }

  /** SIGKILL. */
  kill(): void {
    this.#isKilled = true;
    this.halt();
  }

  /** SIGSTOP. */
  halt(): void {
    this.#halted ??= Promise.withResolvers<void>();
  }

  /** SIGCONT. */
  resume(): void {
    if (this.#isKilled) return;
    this.#halted?.resolve();
    this.#halted = undefined;
  }

  /** SIGTERM; resolves when everything has ended. */
  async terminate(): Promise<void> {
    this.#stop.abort(new Error('terminated'));
    await this.#done;
  }

  async #runs(): Promise<void> {
    while (this.#halted !== undefined) await this.#halted.promise;
  }

  async #work(term: Term, stop: AbortSignal): Promise<void> {
    const writes = new Writes(this.#writer(this.workCallMs, term), NO_CLOUD, {
      ...NO_HOOKS,
      around: (point, call) => term.around(point, call),
    });
    while (!stop.aborted) {
      const name = { namespace: 'default', name: 'work' };
      const patch = { type: 'merge', body: { data: { epoch: String(term.epoch) } } } as const;
      await writes.patch('work.patch', KINDS.configMaps, name, patch, stop).catch(() => undefined);
      await this.ownClock.sleep(WORK_MS, stop).catch(() => undefined);
    }
  }

  #writer(callMs: number, term?: Term): ObjectWriter {
    const cluster = this.#cluster;
    const write = (call: () => Promise<ApiObject>) =>
      this.#reach(true, async () => {
        term?.assertLeads();
        const stored = await call();
        if (term !== undefined) {
          this.#ledger.push({ by: this.name, epoch: term.epoch, atMs: this.#clock.monotonicMs() });
        }
        if (callMs > 0) await this.ownClock.sleep(callMs);
        return stored;
      });
    return {
      create: (kind, object) => write(() => cluster.create(kind, object)),
      replace: (kind, object, options) => write(() => cluster.replace(kind, object, options)),
      patch: (kind, name, patch) => write(() => cluster.patch(kind, name, patch)),
      delete: (kind, name, options) => cluster.delete(kind, name, options),
      evict: (name, options) => cluster.evict(name, options),
    };
  }

  async #reach<Result>(isWrite: boolean, call: () => Promise<Result>): Promise<Result> {
    // The process may be stopped anywhere, also right before it sends.
    await this.#runs();
    if (this.network === 'silent') {
      await this.ownClock.sleep(CALL_MS);
      throw new ClusterError('Timeout', `no answer in ${CALL_MS} ms`);
    }
    if (this.network === 'down') throw new ClusterError('Unavailable', 'no connection');
    const result = await call();
    await this.#runs();
    if (isWrite && this.network === 'lossy') throw new ClusterError('Unavailable', 'the reply was lost');
    return result;
  }
}
