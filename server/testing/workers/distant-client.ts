// A client in a thread of its own, so that its encoding and decoding do not hold up the event loop of the server under
// test. Posts the size of the answer, or the error's text.
import { parentPort, workerData } from 'node:worker_threads';
import { Client, credentials } from '@grpc/grpc-js';
import { SchedulerService } from '../../../proto/index.ts';
import { rawGrpcCall } from '../clients.ts';

/** What the thread is told. */
export interface DistantCall {
  readonly grpcAddress: string;
  /** A SolveRequest, encoded. */
  readonly request: Uint8Array;
}

const { grpcAddress, request } = workerData as DistantCall;
const client = new Client(grpcAddress, credentials.createInsecure());
try {
  const answer = await rawGrpcCall(client, SchedulerService.method.solve, Buffer.from(request));
  parentPort?.postMessage(Uint8Array.from(answer));
} finally {
  client.close();
}
