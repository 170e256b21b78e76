// What goes wrong in a simulated cloud, and is set from outside: by tests, by the page's buttons. In the same process the
// calls take effect at once, over a socket when they have been answered.
import type { Interruption } from '../ports/index.ts';
import type { LaunchFault, OfferingMatch } from './facts.ts';

/** The controls. Those that name an instance throw where there is none that has not ended. */
export interface CloudControls {
  /** From now on only `left` more of the matching offerings can be had; none where it is left out. */
  exhaust(match: OfferingMatch, left?: number): void | Promise<void>;
  /** Ends the shortages of exactly this match; without one, all. */
  restock(match?: OfferingMatch): void | Promise<void>;
  /** Lets launches go wrong. */
  addFault(fault: LaunchFault): void | Promise<void>;
  /** Launches go well again. */
  clearFaults(): void | Promise<void>;
  /** The owner of the capacity wants a spot instance back: a warning, and its end two minutes later. */
  interruptSpot(instanceId: string): void | Promise<void>;
  /** Other news about an instance, which says something and does nothing. */
  announce(kind: Exclude<Interruption['kind'], 'spot_interrupted'>, instanceId: string): void | Promise<void>;
  /** An instance ends without the controller having asked for it. */
  kill(instanceId: string): void | Promise<void>;
}
