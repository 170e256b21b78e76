// What a transport needs of connections, whatever the version of HTTP that runs over them.
import type { Readable } from 'node:stream';

/** What a connection is for: calls share few of them, and watches keep out of their way. */
export type ConnectionUse = 'call' | 'watch';

/** A request, with everything that goes over the wire. */
export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content?: Buffer;
  /** Called when everything is ready, right before the request goes out. What it throws keeps the request back. */
  readonly onSend?: () => void;
}

/** The beginning of an answer. Who gets it reads or destroys the body. */
export interface WireAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Readable;
  /** Once the body has ended: whether that was before its time. Node tells so for HTTP/1.1 by an error of the body alone. */
  wasCut(): boolean;
}

/** Connections to one server with one set of credentials. They are made when they are needed. */
export interface Connections {
  /** Rejects with whatever the network said, or an AbortError. */
  send(request: WireRequest, use: ConnectionUse, signal: AbortSignal): Promise<WireAnswer>;
  /** Ends them; requests in flight fail. */
  close(): void;
}

/** The host of a URL as sockets want it: an IPv6 address without brackets. */
export function socketHost(server: URL): string {
  return server.hostname.replace(/^\[|\]$/g, '');
}
