// The rows of the latency benchmark: what is sent, how, and what it is held against.
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { SolveRequestSchema, type SolveResponse, SolveResponseSchema } from '../../proto/index.ts';
import {
  CONTRACT_CALLS,
  FLOOR_CALLS,
  type GrpcConnection,
  openConnection,
  type PreparedRequest,
  prepareRequest,
  Samples,
  type ServiceProcess,
  type Summary,
  startServiceProcess,
} from '../service/index.ts';
import { httpLoad } from './http-load.ts';
import { closedLoop, type LoadResult, openLoop } from './open-loop.ts';
import type { LatencyOptions } from './options.ts';

/** One row. Times are in milliseconds. */
export interface LatencyRow {
  readonly name: string;
  readonly protocol: 'gRPC' | 'HTTP/1.1';
  readonly loop: 'open' | 'closed';
  readonly connectionCount: number;
  readonly podCount: number;
  readonly perSecond: number;
  readonly latency: Summary;
  /** What the server says of the same calls. */
  readonly queue: Summary;
  readonly hop: Summary;
  readonly solve: Summary;
  readonly errorCount: number;
  readonly firstError?: string;
}

/** What the benchmark found. */
export interface LatencyReport {
  readonly rows: readonly LatencyRow[];
  /** Encoding, moving and decoding the bytes of the largest request and its answer, without any work. */
  readonly floor: {
    readonly podCount: number;
    readonly requestBytes: number;
    readonly responseBytes: number;
    /** Latency in milliseconds of the calls, interleaved with those of the row. */
    readonly latency: Summary;
    /** The row's median by this one's. */
    readonly ratio: number;
  };
  /** One pod with telemetry on and off, interleaved: medians in milliseconds. */
  readonly telemetry: {
    readonly onMs: number;
    readonly offMs: number;
    readonly ratio: number;
    readonly roundCount: number;
  };
  readonly goals: readonly Goal[];
}

/** A goal and what was found. */
export interface Goal {
  readonly text: string;
  readonly value: number;
  readonly most: number;
  readonly reached: boolean;
}

/** Calls of a row that is sent one after the other, at least: a p99 of fewer says little. */
const LEAST_CALLS = { smoke: 3, normal: 30 } as const;
/** Rounds of the comparison with and without telemetry. */
const TELEMETRY_ROUNDS = { smoke: 2, normal: 20 } as const;

/** Runs everything. */
export async function measureLatency(options: LatencyOptions): Promise<LatencyReport> {
  const { size, workerCount } = options;
  const service = await startServiceProcess({ workerCount, telemetry: true, keepPhases: true });
  try {
    const onePod = prepareRequest('one-pod', size, 1);
    const rows: LatencyRow[] = [];
    await warmUp(service, options);
    const alone = await sequential('one pod, one by one', service, onePod, options);
    rows.push(alone);
    const perSecond = options.rate ?? Math.max(1, alone.perSecond / 2);
    for (const count of options.connectionCounts) rows.push(await openRow(service, onePod, count, perSecond, options));
    rows.push(await sequential('1,000 pods, FAST', service, prepareRequest('web-1000', size, 1), options));
    const { row, floor } = await largest(service, options);
    rows.push(row);
    for (const count of options.connectionCounts) rows.push(await httpRow(service, onePod, count, options));
    const telemetry = await compareTelemetry(service, onePod, options);
    return { rows, floor, telemetry, goals: goalsOf(alone, rows, floor.ratio) };
  } finally {
    await service.close();
  }
}

/** Other seeds of every request, so that the code is compiled and no answer is known. */
async function warmUp(service: ServiceProcess, { size, warmUpSeconds, workerCount }: LatencyOptions): Promise<void> {
  const connections = Array.from({ length: workerCount }, () => openConnection(service.grpcAddress));
  for (const name of ['one-pod', 'web-1000', 'many-shapes-10000'] as const) {
    let seed = 1_000_000;
    const next = (): PreparedRequest => {
      seed += 1;
      return prepareRequest(name, size, seed);
    };
    await closedLoop(connections, (connection) => solveAll(connection, next()), { seconds: warmUpSeconds, least: 3 });
  }
  await httpLoad(service.httpAddress, prepareRequest('one-pod', size, 2), {
    connectionCount: workerCount,
    seconds: Math.max(1, warmUpSeconds),
  });
  for (const connection of connections) connection.close();
  await service.takePhases();
}

/** One call after the other on one connection, message to message: encoding and decoding are part of it. */
async function sequential(
  name: string,
  service: ServiceProcess,
  request: PreparedRequest,
  { seconds, size }: LatencyOptions,
): Promise<LatencyRow> {
  const connection = openConnection(service.grpcAddress);
  await solveAll(connection, request);
  await service.takePhases();
  const load = await closedLoop([connection], () => solveAll(connection, request), {
    seconds,
    least: LEAST_CALLS[size],
  });
  connection.close();
  return rowOf(service, load, { name, protocol: 'gRPC', loop: 'closed', connectionCount: 1, request });
}

async function openRow(
  service: ServiceProcess,
  request: PreparedRequest,
  connectionCount: number,
  perSecond: number,
  { seconds }: LatencyOptions,
): Promise<LatencyRow> {
  const connections = Array.from({ length: connectionCount }, () => openConnection(service.grpcAddress));
  // Connections are made by their first call, which is not what is measured.
  await Promise.all(connections.map((connection) => solveAll(connection, request)));
  await service.takePhases();
  const load = await openLoop(connections, (connection) => solveAll(connection, request), { perSecond, seconds });
  for (const connection of connections) connection.close();
  return rowOf(service, load, { name: 'one pod', protocol: 'gRPC', loop: 'open', connectionCount, request });
}

async function httpRow(
  service: ServiceProcess,
  request: PreparedRequest,
  connectionCount: number,
  { seconds }: LatencyOptions,
): Promise<LatencyRow> {
  await service.takePhases();
  // autocannon counts in whole seconds.
  const load = await httpLoad(service.httpAddress, request, { connectionCount, seconds: Math.max(1, seconds) });
  return rowOf(service, load, { name: 'one pod', protocol: 'HTTP/1.1', loop: 'closed', connectionCount, request });
}

/** The largest request and the floor below it, one of each in turn, so that both meet the same machine. */
async function largest(
  service: ServiceProcess,
  { seconds, size }: LatencyOptions,
): Promise<{ row: LatencyRow; floor: LatencyReport['floor'] }> {
  const request = prepareRequest('many-shapes-10000', size, 1);
  const connection = openConnection(service.grpcAddress);
  const floorConnection = openConnection(service.floorAddress);
  const response = await connection.call(CONTRACT_CALLS.solve, request.bytes);
  await floorConnection.call(FLOOR_CALLS.prime, response);
  const echo = async (): Promise<void> => {
    const bytes = Buffer.from(toBinary(SolveRequestSchema, request.message));
    fromBinary(SolveResponseSchema, await floorConnection.call(FLOOR_CALLS.echo, bytes));
  };
  for (let count = 0; count < LEAST_CALLS[size]; count++) await echo();
  const floorLatency = new Samples();
  await service.takePhases();
  const latency = new Samples();
  const endMs = performance.now() + seconds * 1000;
  let errorCount = 0;
  for (let count = 0; count < LEAST_CALLS[size] || performance.now() < endMs; count++) {
    const solveMs = performance.now();
    try {
      await solveAll(connection, request);
      latency.add(performance.now() - solveMs);
    } catch {
      errorCount += 1;
      if (errorCount > 10) break;
    }
    const floorMs = performance.now();
    await echo();
    floorLatency.add(performance.now() - floorMs);
  }
  connection.close();
  floorConnection.close();
  const summary = latency.summary();
  const floor = floorLatency.summary();
  const row = await rowOf(
    service,
    { latency, errorCount, perSecond: 1000 / summary.p50 },
    { name: '10,000 pods, FAST', protocol: 'gRPC', loop: 'closed', connectionCount: 1, request },
  );
  return {
    row,
    floor: {
      podCount: request.podCount,
      requestBytes: request.bytes.byteLength,
      responseBytes: response.byteLength,
      latency: floor,
      ratio: summary.p50 / floor.p50,
    },
  };
}

/** One pod on a service with telemetry and on one without, in turn. */
async function compareTelemetry(
  withTelemetry: ServiceProcess,
  request: PreparedRequest,
  { size, workerCount, seconds }: LatencyOptions,
): Promise<LatencyReport['telemetry']> {
  const without = await startServiceProcess({ workerCount, telemetry: false, keepPhases: false });
  try {
    const on = openConnection(withTelemetry.grpcAddress);
    const off = openConnection(without.grpcAddress);
    const roundCount = TELEMETRY_ROUNDS[size];
    const round = { seconds: seconds / roundCount, least: LEAST_CALLS[size] };
    await closedLoop([off], () => solveAll(off, request), { seconds: seconds / 2, least: 100 });
    const onSamples = new Samples();
    const offSamples = new Samples();
    for (let count = 0; count < roundCount; count++) {
      for (const [connection, samples] of [
        [on, onSamples],
        [off, offSamples],
      ] as const) {
        samples.addAll((await closedLoop([connection], () => solveAll(connection, request), round)).latency);
      }
    }
    on.close();
    off.close();
    const onMs = onSamples.summary().p50;
    const offMs = offSamples.summary().p50;
    return { onMs, offMs, ratio: onMs / offMs, roundCount };
  } finally {
    await without.close();
  }
}

/** A call from message to message. Throws where the plan leaves a pod out: the requests have room for all. */
async function solveAll(connection: GrpcConnection, request: PreparedRequest): Promise<SolveResponse> {
  const bytes = Buffer.from(toBinary(SolveRequestSchema, request.message));
  const response = fromBinary(SolveResponseSchema, await connection.call(CONTRACT_CALLS.solve, bytes));
  if (response.stats?.podCount !== request.podCount || (response.plan?.unplaced.length ?? 1) > 0) {
    throw new Error(`solve ${request.name}: the plan leaves pods out`);
  }
  return response;
}

async function rowOf(
  service: ServiceProcess,
  load: LoadResult,
  what: Pick<LatencyRow, 'name' | 'protocol' | 'loop' | 'connectionCount'> & { readonly request: PreparedRequest },
): Promise<LatencyRow> {
  const { request, ...rest } = what;
  const phases = await service.takePhases();
  const of = (pick: (phase: (typeof phases)[number]) => number): Summary => {
    const samples = new Samples();
    for (const phase of phases) samples.add(pick(phase) / 1000);
    return samples.summary();
  };
  return {
    ...rest,
    podCount: request.podCount,
    perSecond: load.perSecond,
    latency: load.latency.summary(),
    queue: of((phase) => phase.queueUs),
    hop: of((phase) => phase.hopUs),
    solve: of((phase) => phase.solveUs),
    errorCount: load.errorCount,
    ...(load.firstError === undefined ? {} : { firstError: load.firstError }),
  };
}

function goalsOf(alone: LatencyRow, rows: readonly LatencyRow[], ratio: number): Goal[] {
  const thousand = rows.find(({ name }) => name.startsWith('1,000'));
  const goal = (text: string, value: number, most: number): Goal => ({ text, value, most, reached: value < most });
  return [
    goal('one pod, p50 in ms', alone.latency.p50, 1),
    goal('one pod, p99 in ms', alone.latency.p99, 5),
    goal('1,000 pods at FAST, p50 in ms', thousand?.latency.p50 ?? Number.NaN, 10),
    goal('10,000 pods at FAST, times what its bytes cost', ratio, 5),
  ];
}
