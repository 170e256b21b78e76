// The process of a service under load: starts it as ordered, answers for its figures and its memory, ends when told to.
import { BroadcastChannel, threadId } from 'node:worker_threads';
import { create } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { pino } from 'pino';
import { SchedulerService, SolveRequestSchema } from '../../proto/index.ts';
import {
  type EndedCall,
  type RunningServer,
  startServer,
  startTelemetry,
  type TelemetryRecorder,
} from '../../server/index.ts';
import { startFloor } from './floor.ts';
import { measureThread } from './memory.ts';
import {
  MEASURE_SEED,
  MEMORY_CHANNEL,
  type PhaseSample,
  type ServiceMemory,
  type ServiceOptions,
  type ServiceOrder,
  type ServiceReport,
  type ThreadMemory,
} from './service-messages.ts';

const ANY_PORT = { host: '127.0.0.1', port: 0 };

/** What a call leaves behind in a service that leaks on purpose. */
const LEAKED_OBJECTS_PER_CALL = 8_192;

process.on('message', (order: ServiceOrder) => {
  if (order.kind !== 'start') return;
  run(order.options).catch((error: unknown) => {
    report({ kind: 'failed', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exitCode = 1;
    process.disconnect();
  });
});

function report(message: ServiceReport): void {
  process.send?.(message);
}

async function run(options: ServiceOptions): Promise<void> {
  const telemetry = await startTelemetry({
    metrics: options.telemetry ? ANY_PORT : false,
    environment: options.telemetry ? process.env : { OTEL_SDK_DISABLED: 'true' },
    version: 'bench',
    logger: pino({ level: 'warn' }, pino.destination(2)),
  });
  let phases: PhaseSample[] = [];
  const leaked: object[][] = [];
  const listen = (call: EndedCall): void => {
    if (options.keepPhases) phases.push(sampleOf(call));
    if (options.leak === 'server') leaked.push(Array.from({ length: LEAKED_OBJECTS_PER_CALL }, () => ({ call })));
  };
  const recorder = withListener(
    telemetry.recorder,
    options.keepPhases || options.leak === 'server' ? listen : undefined,
  );
  const workerFile =
    options.leak === 'worker'
      ? new URL('./leaking-worker.ts', import.meta.url)
      : new URL('./measured-worker.ts', import.meta.url);
  const server = await startServer({
    grpc: ANY_PORT,
    http: ANY_PORT,
    health: false,
    workerCount: options.workerCount,
    ...(options.measuredWorkers === true ? { workerFile } : {}),
    ...(recorder === undefined ? {} : { recorder }),
  });
  telemetry.serviceReady();
  const floor = await startFloor();
  process.on('message', (order: ServiceOrder) => {
    switch (order.kind) {
      case 'take-phases':
        report({ kind: 'phases', phases });
        phases = [];
        return;
      case 'measure-memory':
        measureMemory(server).then(
          (memory) => report({ kind: 'memory', memory }),
          (error: unknown) => report({ kind: 'failed', error: String(error) }),
        );
        return;
      case 'close':
        floor.close();
        void server
          .close()
          .then(() => telemetry.close())
          .finally(() => process.disconnect());
    }
  });
  report({
    kind: 'started',
    grpcAddress: server.grpcAddress,
    httpAddress: server.httpAddress ?? '',
    floorAddress: floor.address,
    ...(telemetry.metricsAddress === undefined ? {} : { metricsAddress: telemetry.metricsAddress }),
  });
}

/** The recorder with somebody who listens to calls as well; works without a recorder too. */
function withListener(
  recorder: TelemetryRecorder | undefined,
  listen: ((call: EndedCall) => void) | undefined,
): TelemetryRecorder | undefined {
  if (listen === undefined) return recorder;
  const base: TelemetryRecorder = recorder ?? {
    callEnded: () => {},
    sessionMessageEnded: () => {},
    sessionEnded: () => {},
    observe: () => () => {},
  };
  return {
    ...base,
    callEnded: (call) => {
      listen(call);
      base.callEnded(call);
    },
  };
}

function sampleOf(call: EndedCall): PhaseSample {
  const of = (name: string): number => {
    const phase = call.phases.find((each) => each.name === name);
    return phase === undefined ? 0 : (phase.endMs - phase.startMs) * 1000;
  };
  return {
    protocol: call.protocol,
    queueUs: of('queue'),
    hopUs: call.hopUs ?? 0,
    solveUs: of('solve'),
    serverUs: (call.endMs - call.startMs) * 1000,
  };
}

/** Asks every worker at once, each by a solve that holds its thread until all have been asked. */
async function measureMemory(server: RunningServer): Promise<ServiceMemory> {
  const channel = new BroadcastChannel(MEMORY_CHANNEL);
  const workers = new Map<number, ThreadMemory>();
  channel.onmessage = (event) => {
    const memory = (event as { data: ThreadMemory }).data;
    workers.set(memory.threadId, memory);
  };
  try {
    const transport = createConnectTransport({ baseUrl: `http://${server.httpAddress}`, httpVersion: '1.1' });
    const client = createClient(SchedulerService, transport);
    const request = create(SolveRequestSchema, { nodePools: [{ name: 'measure' }], options: { seed: MEASURE_SEED } });
    for (let attempt = 0; workers.size < server.workerCount; attempt++) {
      if (attempt === 20) throw new Error(`measure memory: ${workers.size} of ${server.workerCount} workers answered`);
      await Promise.all(Array.from({ length: server.workerCount }, () => client.solve(request)));
    }
  } finally {
    channel.close();
  }
  const main = await measureThread(threadId);
  return {
    rssBytes: process.memoryUsage.rss(),
    threads: [main, ...[...workers.values()].sort((left, right) => left.threadId - right.threadId)],
  };
}
