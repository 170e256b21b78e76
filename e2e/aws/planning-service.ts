// A planning service of the embedded catalogue in this process, and clients of it.
import { type Client, createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { OfferingService, SchedulerService } from '../../proto/index.ts';
import { embeddedRegionSource } from '../../server/index.ts';
import { startTestServer } from '../../server/testing/index.ts';

/** The service. */
export interface PlanningService {
  readonly scheduler: Client<typeof SchedulerService>;
  readonly offerings: Client<typeof OfferingService>;
  close(): Promise<void>;
}

/** Starts one. */
export async function startPlanningService(): Promise<PlanningService> {
  const server = await startTestServer({ regions: embeddedRegionSource });
  const baseUrl = `http://${server.grpcAddress}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  const transport = createGrpcTransport({ baseUrl, sessionManager });
  return {
    scheduler: createClient(SchedulerService, transport),
    offerings: createClient(OfferingService, transport),
    close: async () => {
      sessionManager.abort();
      await server.close();
    },
  };
}
