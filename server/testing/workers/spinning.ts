// A worker whose solves spin until the call is called off, or for as many milliseconds as the request's seed says. What
// it saw is told by its answer: a plan without nodes that was cut, or not. A session's plans spin until they are called
// off.
import { createPriceSnapshot } from '../../../engine/index.ts';
import type { PostedTask, TaskOutcome } from '../../worker/index.ts';

/** The task that the pool runs. */
export function runTask(posted: PostedTask): TaskOutcome {
  const startMs = performance.now();
  const { task } = posted;
  const stop = new Int32Array(posted.stopFlag);
  if (task.kind !== 'solve' && task.kind !== 'session-plan') {
    return { kind: 'answer', answer: { kind: 'ping' }, runUs: 0 };
  }
  const spinMs = task.kind === 'solve' ? task.problem.seed : Number.POSITIVE_INFINITY;
  let polledCount = 0;
  while (Atomics.load(stop, 0) === 0 && performance.now() - startMs < spinMs) polledCount += 1;
  const runUs = Math.round((performance.now() - startMs) * 1000);
  if (Atomics.load(stop, 0) !== 0) return { kind: 'stopped', runUs };
  const none = createPriceSnapshot(0);
  return {
    kind: 'answer',
    answer: {
      kind: 'solve',
      epoch: 1,
      plan: {
        nodes: [],
        offerings: {
          offeringIndex: new Uint32Array(0),
          priceNanoUsdPerHour: none.priceNanoUsdPerHour,
          priceSource: none.source,
        },
        offeringLists: [],
        existing: [],
        unplaced: [],
        totalPriceNanoUsdPerHour: 0,
        totalExtras: { nodeClassNanoUsdPerHour: 0, nodeChargeNanoUsdPerHour: 0, flexibilityChargeNanoUsdPerHour: 0 },
        costNanoUsdPerHour: 0,
        workUnits: polledCount,
        cut: false,
        notices: [],
        canonicalForm: '',
      },
    },
    runUs,
  };
}
