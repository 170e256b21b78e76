// Namespaces in which pods may not be nominated: the controller's role lacks the right, or a policy is in the way. Nothing is
// tried there for a while, and the user is told once.
import type { ControllerContext } from '../context/index.ts';
import type { ClusterError, ObjectName } from '../ports/index.ts';
import { LIMITS } from './limits.ts';

/** Who was refused, and until when nobody asks again. */
export class Refusals {
  readonly #context: Pick<ControllerContext, 'clock' | 'log'>;
  /** Monotonic times, by namespace. */
  readonly #untilMs = new Map<string, number>();
  #isTold = false;

  constructor(context: Pick<ControllerContext, 'clock' | 'log'>) {
    this.#context = context;
  }

  /** For how many milliseconds nothing may be tried in a namespace yet; 0 where it may. */
  leftMs(namespace: string | undefined): number {
    const untilMs = this.#untilMs.get(namespace ?? '');
    return untilMs === undefined ? 0 : Math.max(0, untilMs - this.#context.clock.monotonicMs());
  }

  note(pod: ObjectName, { message }: ClusterError): void {
    const { clock, log } = this.#context;
    this.#untilMs.set(pod.namespace ?? '', clock.monotonicMs() + LIMITS.refusedMs);
    if (this.#isTold) return;
    this.#isTold = true;
    const advice = 'may not nominate pods for new nodes: grant patch on pods/status, or set --nominate-pods=false';
    log.warn({ Pod: pod, why: message }, advice);
  }
}
