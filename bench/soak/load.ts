// The soak's mixed load: many small calls, some large ones, sessions, catalogues that come and go, bad requests, calls that
// are called off, connections that come and go. Each kind is a loop of its own that waits between its rounds; all of them
// can be made to rest, so that memory is measured on a service that does nothing.
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  CapacityType,
  ExplainRequestSchema,
  ListOfferingsRequestSchema,
  ListOfferingsResponseSchema,
  ReportUnavailableRequestSchema,
  SessionRequestSchema,
  SessionResponseSchema,
  SolveRequestSchema,
  UpdateOfferingsRequestSchema,
} from '../../proto/index.ts';
import type { CaseSize } from '../corpus.ts';
import {
  CONTRACT_CALLS,
  type GrpcConnection,
  openConnection,
  type PreparedRequest,
  prepareRequest,
  type RequestName,
  type ServiceProcess,
} from '../service/index.ts';

/** Requests of a kind that are made before the load begins and sent in turn. */
const REQUESTS_OF_A_KIND = 8;

/** A load that goes on. */
export interface MixedLoad {
  /** Rounds that each kind has done. */
  readonly counts: Readonly<Record<string, number>>;
  /** Runs `work` while the load rests. */
  whileResting<T>(work: () => Promise<T>): Promise<T>;
  /** Ends it. Throws the first error that was not meant. */
  stop(): Promise<void>;
}

/** Starts the load. */
export function startMixedLoad(service: ServiceProcess, size: CaseSize): MixedLoad {
  const connection = openConnection(service.grpcAddress);
  const prepared = (name: RequestName): PreparedRequest[] =>
    Array.from({ length: REQUESTS_OF_A_KIND }, (_, index) => prepareRequest(name, size, index + 1));
  const onePod = prepared('one-pod');
  const thousand = prepared('web-1000');
  const many = prepared('many-shapes-10000').slice(0, 2);
  const turn = (requests: readonly PreparedRequest[], round: number): PreparedRequest =>
    requests[round % requests.length] as PreparedRequest;
  const solve = (requests: readonly PreparedRequest[]) => async (round: number) => {
    await connection.call(CONTRACT_CALLS.solve, turn(requests, round).bytes);
  };
  const kinds: readonly Kind[] = [
    { name: 'one pod', pauseMs: 5, run: solve(onePod) },
    { name: '1,000 pods', pauseMs: 200, run: solve(thousand) },
    { name: '10,000 pods', pauseMs: 2_000, run: solve(many) },
    { name: 'explain', pauseMs: 500, run: (round) => explain(connection, turn(onePod, round)) },
    { name: 'list', pauseMs: 500, run: async () => void (await list(connection)) },
    { name: 'prices', pauseMs: 500, run: (round) => changePrices(connection, round) },
    { name: 'shortage', pauseMs: 700, run: (round) => shortage(connection, round) },
    { name: 'brought catalogue', pauseMs: 100, run: (round) => bringCatalogue(connection, round) },
    { name: 'bad request', pauseMs: 100, run: () => refused(connection) },
    { name: 'called off', pauseMs: 300, run: (round) => callOff(connection, turn(thousand, round), round) },
    { name: 'HTTP', pauseMs: 20, run: (round) => post(service.httpAddress, turn(onePod, round)) },
    { name: 'new connection', pauseMs: 300, run: (round) => comeAndGo(service, turn(onePod, round)) },
    { name: 'session', pauseMs: 300, run: (round) => session(connection, round) },
    { name: 'metrics', pauseMs: 1_000, run: () => scrape(service) },
  ];
  return runKinds(kinds, () => connection.close());
}

interface Kind {
  readonly name: string;
  readonly pauseMs: number;
  readonly run: (round: number) => Promise<void>;
}

function runKinds(kinds: readonly Kind[], close: () => void): MixedLoad {
  const counts: Record<string, number> = Object.fromEntries(kinds.map(({ name }) => [name, 0]));
  let stopped = false;
  let failure: unknown;
  let activeCount = 0;
  let resting = Promise.resolve();
  let idle: (() => void) | undefined;
  const loop = async ({ name, pauseMs, run }: Kind): Promise<void> => {
    for (let round = 0; !stopped; round++) {
      await resting;
      activeCount += 1;
      try {
        await run(round);
        counts[name] = (counts[name] ?? 0) + 1;
      } catch (error) {
        failure ??= new Error(`soak, ${name}: ${error instanceof Error ? error.message : String(error)}`);
        stopped = true;
      }
      activeCount -= 1;
      if (activeCount === 0) idle?.();
      await sleep(pauseMs);
    }
  };
  const loops = kinds.map(loop);
  return {
    counts,
    whileResting: async (work) => {
      const rest = Promise.withResolvers<void>();
      resting = rest.promise;
      if (activeCount > 0) await new Promise<void>((resolve) => (idle = resolve));
      idle = undefined;
      try {
        return await work();
      } finally {
        rest.resolve();
      }
    },
    stop: async () => {
      stopped = true;
      await Promise.all(loops);
      close();
      if (failure !== undefined) throw failure;
    },
  };
}

async function explain(connection: GrpcConnection, request: PreparedRequest): Promise<void> {
  const message = create(ExplainRequestSchema, { solve: request.message });
  await connection.call(CONTRACT_CALLS.explain, Buffer.from(toBinary(ExplainRequestSchema, message)));
}

const LISTED = Buffer.from(toBinary(ListOfferingsRequestSchema, create(ListOfferingsRequestSchema, { pageSize: 50 })));

async function list(connection: GrpcConnection): Promise<ReturnType<typeof readList>> {
  return readList(await connection.call(CONTRACT_CALLS.listOfferings, LISTED));
}

function readList(bytes: Buffer) {
  return fromBinary(ListOfferingsResponseSchema, bytes).offerings;
}

async function changePrices(connection: GrpcConnection, round: number): Promise<void> {
  const offerings = await list(connection);
  const updates = offerings.slice(0, 10).flatMap(({ instanceType, offering }) =>
    offering === undefined
      ? []
      : [
          {
            instanceType,
            offering: { ...offering, available: true, priceNanoUsdPerHour: BigInt(10_000_000 + round) },
          },
        ],
  );
  const message = create(UpdateOfferingsRequestSchema, { updates });
  await connection.call(CONTRACT_CALLS.updateOfferings, Buffer.from(toBinary(UpdateOfferingsRequestSchema, message)));
}

async function shortage(connection: GrpcConnection, round: number): Promise<void> {
  const offerings = await list(connection);
  const { instanceType = '', offering } = offerings[round % offerings.length] ?? {};
  const message = create(ReportUnavailableRequestSchema, {
    offerings: [
      {
        instanceType,
        zone: offering?.zone ?? '',
        capacityType: offering?.capacityType ?? CapacityType.UNSPECIFIED,
      },
    ],
    ttlMs: 500,
  });
  await connection.call(
    CONTRACT_CALLS.reportUnavailable,
    Buffer.from(toBinary(ReportUnavailableRequestSchema, message)),
  );
}

/** A solve with a catalogue of its own, another one each time: the service keeps so many and no more. */
async function bringCatalogue(connection: GrpcConnection, round: number): Promise<void> {
  const message = create(SolveRequestSchema, {
    catalogue: {
      catalogue: {
        case: 'inline',
        value: {
          instanceTypes: Array.from({ length: 20 }, (_, index) => ({
            name: `type-${index}`,
            form: {
              case: 'explicit' as const,
              value: {
                labels: {
                  'soak.example/round': String(round),
                  'kubernetes.io/arch': 'amd64',
                  'kubernetes.io/os': 'linux',
                },
                capacity: { cpuMilli: BigInt(1_000 * (index + 1)), memoryBytes: BigInt(index + 1) << 32n, pods: 110n },
              },
            },
            offerings: [
              {
                zone: 'zone-a',
                capacityType: CapacityType.ON_DEMAND,
                available: true,
                priceNanoUsdPerHour: BigInt(1_000_000 + index),
              },
            ],
          })),
        },
      },
    },
    nodePools: [{ name: 'default' }],
    podGroups: [{ shape: { requests: { cpuMilli: 500n, memoryBytes: 1n << 28n } }, names: ['a', 'b'] }],
  });
  await connection.call(CONTRACT_CALLS.solve, Buffer.from(toBinary(SolveRequestSchema, message)));
}

const BAD = Buffer.from([0xff, 0xff, 0xff]);

async function refused(connection: GrpcConnection): Promise<void> {
  const error = await connection.call(CONTRACT_CALLS.solve, BAD).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) throw new Error('a bad request was answered');
}

async function callOff(connection: GrpcConnection, request: PreparedRequest, round: number): Promise<void> {
  const signal = AbortSignal.timeout(1 + (round % 10));
  // It may have been answered by then: either is fine.
  await connection.call(CONTRACT_CALLS.solve, request.bytes, { signal }).catch(() => undefined);
}

function post(address: string, request: PreparedRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      `http://${address}${CONTRACT_CALLS.solve}`,
      { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } },
      (response) => {
        response.resume();
        response.on('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
        );
        response.on('error', reject);
      },
    );
    call.on('error', reject);
    call.end(request.json);
  });
}

async function comeAndGo(service: ServiceProcess, request: PreparedRequest): Promise<void> {
  const connection = openConnection(service.grpcAddress);
  try {
    await connection.call(CONTRACT_CALLS.solve, request.bytes);
  } finally {
    connection.close();
  }
}

/** A session from its snapshot over deltas and plans to its end. */
async function session(connection: GrpcConnection, round: number): Promise<void> {
  const stream = connection.stream(CONTRACT_CALLS.session);
  const answers = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const say = (message: NonNullable<MessageInitShape<typeof SessionRequestSchema>['message']>): void => {
    stream.write(Buffer.from(toBinary(SessionRequestSchema, create(SessionRequestSchema, { message }))));
  };
  const hear = async (kind: string): Promise<void> => {
    const { value, done } = await answers.next();
    const heard = done === true ? 'the end' : fromBinary(SessionResponseSchema, value).message.case;
    if (heard !== kind) throw new Error(`heard ${heard} instead of ${kind}`);
  };
  const pods = (version: number) => [
    {
      shape: { requests: { cpuMilli: BigInt(250 * (1 + (version % 4))), memoryBytes: 1n << 29n } },
      names: Array.from({ length: 20 }, (_, index) => `pod-${round}-${version}-${index}`),
    },
  ];
  say({ case: 'open', value: { cluster: `cluster-${round % 3}`, leaseEpoch: BigInt(round + 1) } });
  await hear('opened');
  say({
    case: 'snapshot',
    value: { part: 0, version: 1n, upserts: { nodePools: [{ name: 'default' }], pods: pods(1) } },
  });
  await hear('accepted');
  for (let version = 2; version <= 6; version++) {
    say({ case: 'delta', value: { version: BigInt(version), upserts: { pods: pods(version) } } });
    await hear('accepted');
    say({ case: 'plan', value: { requestId: BigInt(version) } });
    await hear('planned');
  }
  stream.end();
  await answers.next();
}

async function scrape(service: ServiceProcess): Promise<void> {
  const response = await fetch(`http://${service.metricsAddress}/metrics`);
  const text = await response.text();
  if (!text.includes('dovetail_workers')) throw new Error('the metrics say nothing of workers');
}
