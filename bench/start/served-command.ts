// `dovetail serve` as its users start it, in a process of its own: when it is ready, when it answers, what it holds.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CONTRACT_CALLS, type GrpcConnection, openConnection } from '../service/index.ts';

/** Which code: this checkout's, or the bundle that a package has. */
export type CommandEntry = 'sources' | 'bundle';

/** `bin/dovetail.js` takes the sources where they are. */
const ENTRIES: Readonly<Record<CommandEntry, string>> = {
  sources: fileURLToPath(new URL('../../bin/dovetail.js', import.meta.url)),
  bundle: fileURLToPath(new URL('../../dist/main.js', import.meta.url)),
};

/** A service that answers. */
export interface ServedCommand {
  readonly grpcAddress: string;
  /** From the start of the process until its health says SERVING. */
  readonly servingMs: number;
  /** From the start of the process until the answer to the first request was there. */
  readonly firstAnswerMs: number;
  /** What all threads of the process had computed by then, in milliseconds of one core. Linux only. */
  readonly cpuMs: number;
  /** What of the process is in memory, all threads included. Linux only. */
  residentBytes(): number;
  close(): Promise<void>;
}

/** A service that is not ready by then does not start at all. */
const START_LIMIT_MS = 60_000;

/** Between two looks at its health. */
const LOOK_INTERVAL_MS = 5;

const HEALTH_CHECK = '/grpc.health.v1.Health/Check';

/** `HealthCheckResponse { status: SERVING }` on the wire. */
const SERVING_BYTES = Buffer.from([0x08, 0x01]);

/** Starts the command on a free port and sends `request` (a SolveRequest's bytes) as soon as it is ready. */
export async function startCommand(entry: CommandEntry, workerCount: number, request: Buffer): Promise<ServedCommand> {
  const file = ENTRIES[entry];
  if (!existsSync(file)) throw new Error(`${file} is not there: npm run build makes it`);
  const port = await freePort();
  const grpcAddress = `127.0.0.1:${port}`;
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [file, 'serve', '--workers', String(workerCount), '--log-level', 'error', ...portFlags(port)],
    // As bin/dovetail.js has it for both.
    { stdio: 'ignore', env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...process.env } },
  );
  let connection: GrpcConnection | undefined;
  try {
    connection = await untilServing(child, grpcAddress, startedMs);
    const servingMs = performance.now() - startedMs;
    await connection.call(CONTRACT_CALLS.solve, request);
    const firstAnswerMs = performance.now() - startedMs;
    return {
      grpcAddress,
      servingMs,
      firstAnswerMs,
      cpuMs: cpuMs(child.pid!),
      residentBytes: () => residentBytes(child.pid!),
      close: () => stop(child),
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    connection?.close();
  }
}

/** Time from the start to the end of a Node process that does nothing. */
export async function measureEmptyProcess(): Promise<number> {
  const startedMs = performance.now();
  await once(spawn(process.execPath, ['-e', ''], { stdio: 'ignore' }), 'exit');
  return performance.now() - startedMs;
}

function portFlags(grpcPort: number): string[] {
  return ['--grpc-port', String(grpcPort), '--http-port', '0', '--health-port', '0', '--metrics-port', '0'];
}

/** A connection to the service once it is ready. Each look is a connection of its own: one that failed waits long. */
async function untilServing(child: ChildProcess, address: string, startedMs: number): Promise<GrpcConnection> {
  while (performance.now() - startedMs < START_LIMIT_MS) {
    if (child.exitCode !== null) throw new Error(`dovetail serve ended (code=${child.exitCode})`);
    const connection = openConnection(address);
    const answer = await connection.call(HEALTH_CHECK, Buffer.alloc(0)).catch(() => undefined);
    if (answer?.equals(SERVING_BYTES)) return connection;
    connection.close();
    await sleep(LOOK_INTERVAL_MS);
  }
  throw new Error(`dovetail serve is not ready after ${START_LIMIT_MS} ms`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** User and system time from /proc/PID/stat, which Linux counts in hundredths of a second for every architecture. */
function cpuMs(pid: number): number {
  // The command's name, in parentheses, may hold blanks: fields are counted behind it.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error('read the memory of a process: Linux only');
  return Number(kibibytes) * 1024;
}

/** A port that nobody has: taken and let go. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
