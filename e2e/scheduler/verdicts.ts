// What kube-scheduler has said of each pod: bound, or refused with its message. Filled from a watch on all pods. Pods are
// known by their uid: one that is made again under the name of another has no verdict yet.
import type { ApiClient, Watch } from '../controlplane/index.ts';
import type { Metadata } from './objects.ts';

/** One answer of the scheduler. */
export type Verdict =
  | { readonly kind: 'bound'; readonly nodeName: string }
  | {
      readonly kind: 'refused';
      /** The scheduler's words. */
      readonly message: string;
      /** How many nodes it looked at. */
      readonly nodeCount: number;
    };

interface WatchedPod {
  readonly metadata: Metadata & { readonly uid: string; readonly resourceVersion?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

interface Wait {
  readonly left: Set<string>;
  readonly isFinal: (verdict: Verdict) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Verdicts by pod. One board serves a whole run: what was deleted is forgotten. */
export class VerdictBoard {
  readonly #verdicts: Map<string, Verdict>;
  readonly #waits: Set<Wait>;
  #watch: Watch | undefined;
  #error: Error | undefined;

  constructor() {
    this.#verdicts = new Map();
    this.#waits = new Set();
  }

  /** Begins to watch. */
  async open(client: ApiClient): Promise<void> {
    this.#watch = await client.watch<WatchedPod>(
      '/api/v1/pods',
      ({ type, object }) => this.#note(type === 'DELETED', object),
      (error) => {
        this.#error = error;
        for (const wait of this.#waits) wait.reject(error);
      },
    );
  }

  close(): void {
    this.#watch?.close();
  }

  /**
   * Waits until every one of these pods, by uid, has a verdict that is final, at most `timeoutMs`; answers all verdicts there are
   * then. A pod without a final verdict is one the scheduler has not answered for: it is left out.
   */
  async wait(
    uids: readonly string[],
    isFinal: (verdict: Verdict) => boolean,
    timeoutMs: number,
  ): Promise<Map<string, Verdict>> {
    if (this.#error !== undefined) throw this.#error;
    const finalOf = (uid: string): Verdict | undefined => {
      const verdict = this.#verdicts.get(uid);
      return verdict !== undefined && isFinal(verdict) ? verdict : undefined;
    };
    const left = new Set(uids.filter((uid) => finalOf(uid) === undefined));
    if (left.size > 0) {
      await new Promise<void>((resolve, reject) => {
        const finish = (end: () => void): void => {
          clearTimeout(timer);
          this.#waits.delete(wait);
          end();
        };
        const wait: Wait = {
          left,
          isFinal,
          resolve: () => finish(resolve),
          reject: (error) => finish(() => reject(error)),
        };
        const timer = setTimeout(wait.resolve, timeoutMs);
        this.#waits.add(wait);
      });
    }
    const verdicts = new Map<string, Verdict>();
    for (const uid of uids) {
      const verdict = finalOf(uid);
      if (verdict !== undefined) verdicts.set(uid, verdict);
    }
    return verdicts;
  }

  #note(isDeleted: boolean, pod: WatchedPod): void {
    const { uid } = pod.metadata;
    const verdict = isDeleted ? undefined : readVerdict(pod);
    if (verdict === undefined) {
      this.#verdicts.delete(uid);
      return;
    }
    this.#verdicts.set(uid, verdict);
    for (const wait of this.#waits) {
      if (!wait.left.has(uid) || !wait.isFinal(verdict)) continue;
      wait.left.delete(uid);
      if (wait.left.size === 0) wait.resolve();
    }
  }
}

function readVerdict({ spec, status }: WatchedPod): Verdict | undefined {
  if (spec.nodeName !== undefined && spec.nodeName !== '') return { kind: 'bound', nodeName: spec.nodeName };
  const condition = status?.conditions?.find((one) => one.type === 'PodScheduled');
  if (condition?.status !== 'False' || condition.reason !== 'Unschedulable') return undefined;
  const message = condition.message ?? '';
  // "0/5 nodes are available: …", or "no nodes available to schedule pods".
  const [, count = '0'] = /^\d+\/(\d+) nodes are available/.exec(message) ?? [];
  return { kind: 'refused', message, nodeCount: Number(count) };
}
