// SchedulerService: written once against Connect's service interface, served by every transport.
import type { ServiceImpl } from '@connectrpc/connect';
import { SchedulerService } from '../../proto/index.ts';
import { invalidArgument } from '../errors.ts';
import { letOthersRun } from '../event-loop.ts';
import type { CatalogueRegistry, CatalogueView } from '../offerings/index.ts';
import { prepareSolve, writeNotices, writePlan } from '../solve/index.ts';
import type { TaskCatalogue, WorkerPool } from '../worker/index.ts';
import type { CallWrapper } from './call.ts';

/** The handlers of SchedulerService. */
export function createSchedulerHandlers(parts: {
  readonly calls: CallWrapper;
  readonly registry: CatalogueRegistry;
  readonly pool: WorkerPool;
}): ServiceImpl<typeof SchedulerService> {
  const { calls, registry, pool } = parts;
  return {
    solve: calls.unary(SchedulerService.method.solve, async (request, context) => {
      const startMs = performance.now();
      const prepared = prepareSolve(request);
      await letOthersRun(startMs);
      const resolveStartMs = performance.now();
      const view = registry.resolve(request.catalogue, 'catalogue');
      // Building the index of a catalogue that came with the call is paid once and is no part of solving.
      const resolveMs = performance.now() - resolveStartMs;
      if (view.catalogue.offeringCount === 0) {
        throw invalidArgument('catalogue', 'has no offerings, so nothing can be launched; add some by UpdateOfferings');
      }
      const { answer, queueUs, runUs } = await pool.run(
        {
          kind: 'solve',
          catalogue: taskCatalogue(view),
          problem: prepared.problem,
          timeLimitMs: prepared.timeLimitMs,
        },
        { signal: context.signal, weight: prepared.namedPodCount },
      );
      const writeMs = performance.now();
      const plan = writePlan(answer.plan, prepared, view.catalogue);
      await letOthersRun(writeMs);
      const totalUs = Math.round((performance.now() - startMs - resolveMs) * 1000);
      return {
        plan,
        stats: {
          offeringEpoch: BigInt(answer.epoch),
          catalogueHash: view.contentHash,
          shapeCount: prepared.problem.shapes.length,
          podCount: prepared.podCount,
          workUnits: BigInt(answer.plan.workUnits),
          queueUs: BigInt(queueUs),
          solveUs: BigInt(runUs),
          serverUs: BigInt(Math.max(0, totalUs - queueUs - runUs)),
          cut: answer.plan.cut,
        },
        notices: writeNotices(view.notices, prepared, answer.plan.notices),
      };
    }),
  };
}

/** What a worker needs of a catalogue. */
export function taskCatalogue(view: CatalogueView): TaskCatalogue {
  return { digest: view.indexDigest, buffer: view.indexBuffer, priceTable: view.priceTable };
}
