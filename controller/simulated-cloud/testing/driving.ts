// A driven clock that drives itself: time passes as fast as whatever is set off comes to rest, sockets of this process
// included, so that tests wait for things as they would on a real clock and need not know how long they take.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DrivenClock } from '../../clock/index.ts';

/** Simulated time that passes between two turns of the process. */
const STEP_MS = 20;

/** The clock, and the way to stop it. */
export interface DrivingClock {
  readonly clock: DrivenClock;
  stop(): Promise<void>;
}

/** Starts it. */
export function startDriving(): DrivingClock {
  const clock = new DrivenClock();
  let isOver = false;
  const drive = async (): Promise<void> => {
    while (!isOver) {
      await clock.advance(STEP_MS);
      await nextTurn();
    }
  };
  const driving = drive();
  return {
    clock,
    stop: async () => {
      isOver = true;
      await driving;
    },
  };
}
