// Where the API server is and what is sent along to be let in. The Kubernetes client library reads kubeconfigs, the files of
// a ServiceAccount and the answers of exec plugins; nothing of what it finds gets into a message or a log from here.
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { type Clock, ClusterError } from '../ports/index.ts';
import { LIMITS } from './limits.ts';

/** What a connection and its requests carry. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** Of the connection: authorities, client certificate, server name. */
  readonly tls: Readonly<
    Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'rejectUnauthorized'>
  >;
  /** Present where the kubeconfig names a proxy. */
  readonly proxyAgent?: Agent;
}

/** A server, and the right to talk to it. */
export interface ClusterAccess {
  /** With the path that all calls start with, if there is one. */
  readonly server: URL;
  /** The namespace that the configuration names: in a pod its own. */
  readonly namespace: string | undefined;
  /**
   * What to send now.
   *
   * @param anew true reads everything again: what was sent before has been refused
   */
  credentials(anew?: boolean): Promise<Credentials>;
}

/** Which configuration to read. Without a file: KUBECONFIG, then the user's own, then the ServiceAccount of the pod. */
export interface AccessOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly clock: Clock;
}

/** Reads the configuration. Throws an Error that says what is wrong with it, without quoting it. */
export function clusterAccess(options: AccessOptions): ClusterAccess {
  let config = loadConfig(options);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('read kubeconfig: its current context names no cluster');
  let kept: { readonly value: Promise<Credentials>; readonly readMs: number } | undefined;
  return {
    server: new URL(cluster.server),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace?.trim() || undefined,
    credentials: (anew = false) => {
      const nowMs = options.clock.monotonicMs();
      if (!anew && kept !== undefined && nowMs - kept.readMs < LIMITS.credentialsMs) return kept.value;
      // The library keeps tokens for a minute, and those of plugins until they expire: a new object has none.
      if (anew) config = loadConfig(options);
      const reading = { value: readCredentials(config), readMs: nowMs };
      kept = reading;
      reading.value.catch(() => {
        // The next call tries again.
        if (kept === reading) kept = undefined;
      });
      return reading.value;
    },
  };
}

function loadConfig({ kubeconfig, context }: AccessOptions): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    throw new Error(`read kubeconfig${kubeconfig === undefined ? '' : ` ${kubeconfig}`}: ${loadFailure(error)}`);
  }
  if (context !== undefined) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(context)) {
      throw new Error(`read kubeconfig: it has no context ${context} (it has ${known.join(', ') || 'none'})`);
    }
    config.setCurrentContext(context);
  }
  return config;
}

/** What went wrong, without the lines of the file that parsers quote: tokens stand in them. */
function loadFailure(error: unknown): string {
  const { code, reason, mark } = error as {
    readonly code?: string;
    readonly reason?: string;
    readonly mark?: { readonly line: number };
  };
  if (code !== undefined) return code === 'ENOENT' ? 'there is no such file' : `it can't be read (${code})`;
  if (reason !== undefined) return `it is not valid YAML${mark === undefined ? '' : ` (line ${mark.line + 1})`}`;
  return 'it does not have the form of a kubeconfig';
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw new ClusterError('Unauthorized', `get credentials: ${credentialsFailure(error)}`);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
  // A ServiceAccount's token file may end with a newline, which no header can hold.
  if (headers.authorization !== undefined) headers.authorization = headers.authorization.trim();
  if (typeof options.auth === 'string' && headers.authorization === undefined) {
    headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  const { ca, cert, key, passphrase, servername, rejectUnauthorized } = options;
  return {
    headers,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
    ...(config.getCurrentCluster()?.proxyUrl ? { proxyAgent: options.agent as Agent } : {}),
  };
}

/** What went wrong, without the plugin's answer, which may hold a token. What it wrote to standard error is for people. */
function credentialsFailure(error: unknown): string {
  if (error instanceof SyntaxError) return 'the answer of the exec plugin is not JSON';
  const { code, path, message } = error as {
    readonly code?: string;
    readonly path?: string;
    readonly message?: string;
  };
  if (code === 'ENOENT') return `${path ?? 'a file or command'} is not there`;
  if (code !== undefined) return `${path ?? 'a file or command'} can't be used (${code})`;
  return (message ?? 'the exec plugin failed').trim().slice(0, LIMITS.messageLength);
}
