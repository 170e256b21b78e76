// The command's way to the service, always over gRPC: to one at an address, or to one of its own that it starts on a
// Unix socket and ends with itself.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { OfferingService, SchedulerService } from '../proto/index.ts';
import type { ServerOptions } from '../server/index.ts';
import { badInput, CommandError, EXIT } from './outcome.ts';

/** How to reach the service. */
export interface EngineOptions {
  /** host:port, unix:PATH or https://host:port; absent starts one in this process. */
  readonly engineAddress?: string;
  /** Files for mutual TLS with a service elsewhere. */
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** How the flags of those files begin: `--tls` unless it is said. */
  readonly tlsFlag?: string;
  /** Worker threads of a service in this process. */
  readonly workers?: number;
  /** What hears of a service in this process. */
  readonly observers?: Pick<ServerOptions, 'recorder' | 'logger'>;
}

type TlsFiles = Pick<EngineOptions, 'tlsCa' | 'tlsCert' | 'tlsKey' | 'tlsFlag'>;

/** A connection to the service. */
export interface EngineConnection {
  readonly scheduler: Client<typeof SchedulerService>;
  readonly offerings: Client<typeof OfferingService>;
  /** Where it leads, for messages. */
  readonly address: string;
  /** Ends the connection, and the service when it is our own. May be called more than once. */
  readonly close: () => Promise<void>;
}

/** One plan needs one worker. */
const OWN_WORKER_COUNT = 1;

/** Connects to the service that the options name. */
export async function connectToEngine(options: EngineOptions): Promise<EngineConnection> {
  if (options.engineAddress === undefined) {
    return startOwnEngine(options.workers ?? OWN_WORKER_COUNT, options.observers ?? {});
  }
  return connectTo(options.engineAddress, options);
}

async function startOwnEngine(
  workerCount: number,
  observers: NonNullable<EngineOptions['observers']>,
): Promise<EngineConnection> {
  const { startServer } = await import('../server/index.ts');
  const folder = mkdtempSync(join(tmpdir(), 'dovetail-'));
  const socketPath = join(folder, 'engine.sock');
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeFolder);
  try {
    const server = await startServer({ grpc: { socketPath }, http: false, health: false, workerCount, ...observers });
    chmodSync(socketPath, 0o600);
    const connection = connectTo(`unix:${socketPath}`, {});
    let closing: Promise<void> | undefined;
    const close = async () => {
      await connection.close();
      await server.close();
      removeFolder();
      process.off('exit', removeFolder);
    };
    return {
      scheduler: connection.scheduler,
      offerings: connection.offerings,
      address: 'the service in this process',
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    removeFolder();
    throw error;
  }
}

function connectTo(address: string, tls: TlsFiles): EngineConnection {
  const { baseUrl, sessionOptions } = target(address, tls);
  const sessionManager = new Http2SessionManager(baseUrl, {}, sessionOptions);
  const transport = createGrpcTransport({ baseUrl, sessionManager });
  return {
    scheduler: createClient(SchedulerService, transport),
    offerings: createClient(OfferingService, transport),
    address,
    close: async () => sessionManager.abort(),
  };
}

function target(address: string, tls: TlsFiles) {
  const socketPath = /^unix:(?:\/\/)?(.+)$/.exec(address)?.[1];
  if (socketPath !== undefined) {
    return { baseUrl: 'http://localhost', sessionOptions: { createConnection: () => connectSocket(socketPath) } };
  }
  const flag = tls.tlsFlag ?? '--tls';
  const files = {
    ...(tls.tlsCa === undefined ? {} : { ca: readPem(tls.tlsCa, `${flag}-ca`) }),
    ...(tls.tlsCert === undefined ? {} : { cert: readPem(tls.tlsCert, `${flag}-cert`) }),
    ...(tls.tlsKey === undefined ? {} : { key: readPem(tls.tlsKey, `${flag}-key`) }),
  };
  const secure = address.startsWith('https://') || Object.keys(files).length > 0;
  const host = address.replace(/^https?:\/\//, '').replace(/\/$/, '');
  const baseUrl = `${secure ? 'https' : 'http'}://${host}`;
  if (!/:\d+$/.test(host) || !URL.canParse(baseUrl)) {
    throw badInput(`--engine-address ${address}: write host:port, unix:PATH or https://host:port`);
  }
  return { baseUrl, sessionOptions: files };
}

function readPem(path: string, flag: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw badInput(`${flag} ${path}: ${(error as Error).message}`);
  }
}

/** Turns an error of a call into one that tells the user what to do. `explain` may say more of a bad request. */
export function callError(error: unknown, address: string, explain: (message: string) => string): unknown {
  if (!(error instanceof ConnectError)) return error;
  const message = error.rawMessage;
  // Sockets that are not there come as one or the other code, depending on how they are missing.
  const code = message.startsWith('connect ') ? Code.Unavailable : error.code;
  switch (code) {
    case Code.InvalidArgument:
    case Code.NotFound:
      return new CommandError(EXIT.badInput, [explain(message)], { cause: error });
    case Code.Unavailable:
      return new CommandError(
        EXIT.failed,
        [`reach the service at ${address}: ${message}; is \`dovetail serve\` running there?`],
        {
          cause: error,
        },
      );
    case Code.ResourceExhausted:
      return new CommandError(EXIT.failed, [`solve at ${address}: ${message}`], { cause: error });
    default:
      return new CommandError(
        EXIT.failed,
        [`solve at ${address}: ${Code[code]}: ${message.trim()}${tlsHint(message, address)}`],
        {
          cause: error,
        },
      );
  }
}

/** What to change when client and service do not agree on TLS. */
function tlsHint(message: string, address: string): string {
  if (message.includes('alert certificate required'))
    return '; the service wants a certificate: give --tls-cert and --tls-key';
  if (/certificate/i.test(message)) return "; give the authority of the service's certificate with --tls-ca";
  const isPlain = !address.startsWith('unix:') && !address.startsWith('https://');
  if (isPlain && /stream closed|socket hang up|Protocol error/i.test(message)) {
    return `; if the service uses TLS, write https://${address} and give --tls-ca, --tls-cert and --tls-key`;
  }
  return '';
}
