// A client in a thread of its own that changes a catalogue's prices as fast as the server answers, going round a list of
// states, until it is told to stop. Posts which state each epoch had.
import { parentPort, workerData } from 'node:worker_threads';
import { OfferingService } from '../../../proto/index.ts';
import { grpcClient } from '../clients.ts';
import { priceStateUpdate } from '../price-states.ts';

/** What the thread is told. */
export interface UpdaterTask {
  readonly grpcAddress: string;
  readonly contentHash: string;
  readonly stateCount: number;
  /** Int32Array[1] in shared memory: anything but 0 stops it. */
  readonly stopFlag: SharedArrayBuffer;
}

/** What it posts: the state of each epoch that it made. */
export type StateOfEpoch = ReadonlyMap<bigint, number>;

const { grpcAddress, contentHash, stateCount, stopFlag } = workerData as UpdaterTask;
const stop = new Int32Array(stopFlag);
const client = grpcClient({ grpcAddress });
const stateOfEpoch = new Map<bigint, number>();
for (let round = 0; Atomics.load(stop, 0) === 0; round++) {
  const state = round % stateCount;
  const { epoch } = await client.call(
    OfferingService.method.updateOfferings,
    priceStateUpdate({ case: 'contentHash', value: contentHash }, state),
  );
  stateOfEpoch.set(epoch, state);
}
client.close();
parentPort?.postMessage(stateOfEpoch);
