// A server in a process of its own, for tests of what its clients cost. Says its address, and its resident memory after a
// collection whenever it is asked.
import { startTestServer } from '../servers.ts';

const server = await startTestServer({ workerCount: 1 });
process.on('message', () => {
  globalThis.gc?.();
  process.send?.(process.memoryUsage.rss());
});
process.on('disconnect', () => process.exit());
process.send?.(server.grpcAddress);
