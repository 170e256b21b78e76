// A server in a process of its own, for tests of what its clients cost. Says its address, and its memory after a collection
// whenever it is asked: what is resident, and what something still holds.
import { startTestServer } from '../servers.ts';

const server = await startTestServer({ workerCount: 1 });
process.on('message', () => {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ residentBytes: rss, heldBytes: heapUsed + external });
});
process.on('disconnect', () => process.exit());
process.send?.(server.grpcAddress);
