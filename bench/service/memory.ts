// What a thread holds after its garbage has been collected, whatever the collector would have done by itself.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ThreadMemory } from './service-messages.ts';

/** There under --expose-gc. */
type Collector = (options?: { readonly type: 'major'; readonly execution: 'sync' }) => void;

/** Collects until nothing more goes: what finalizers let go is garbage of the next round. */
export async function measureThread(id: number): Promise<ThreadMemory> {
  collect();
  await nextTurn();
  collect();
  return readThread(id);
}

/** The same for a thread that has no turns. */
export function measureThreadNow(id: number): ThreadMemory {
  collect();
  collect();
  return readThread(id);
}

function collect(): void {
  const gc = (globalThis as { gc?: Collector }).gc;
  if (gc === undefined) throw new Error('measure memory: start the process with --expose-gc');
  gc({ type: 'major', execution: 'sync' });
}

function readThread(threadId: number): ThreadMemory {
  const { heapUsed, external } = process.memoryUsage();
  return {
    threadId,
    heapBytes: heapUsed,
    externalBytes: external,
    handleCount: process.getActiveResourcesInfo().length,
  };
}
