// Every bound of the real cluster adapter, in one place.
export const LIMITS = {
  /** One call, from its first byte to the last of its answer; also the opening of a watch. Settings may change it. */
  callMs: 30_000,
  /** Making one connection, TLS included. */
  connectMs: 10_000,
  /** One answer. A page of 500 objects of the largest kind that etcd stores has less. */
  answerBytes: 1024 * 1024 * 1024,
  /** One line of a watch: one event. etcd stores objects up to 1.5 MiB; JSON and managed fields make more of them. */
  watchLineBytes: 16 * 1024 * 1024,
  /** Connections for calls by HTTP/2. One would do; with two a server that goes stops half of the calls at most. */
  http2CallConnectionCount: 2,
  /** What the server may send on one stream, and on one connection, before it is read. */
  streamWindowBytes: 1024 * 1024,
  connectionWindowBytes: 16 * 1024 * 1024,
  /** How often a connection in use is asked whether it lives. */
  pingIntervalMs: 10_000,
  /** One that has not answered after so many of these intervals is dead. More than one: this process may have stood still. */
  unansweredLooks: 2,
  /** An HTTP/2 connection without a stream is closed after so many of these intervals. */
  quietLooks: 6,
  /** Connections for calls by HTTP/1.1. Calls beyond wait for one. */
  http1ConnectionCount: 64,
  /** An idle HTTP/1.1 connection is closed after so long: before the server does, which keeps them for 90 s. */
  idleConnectionMs: 30_000,
  /** Credentials are read anew after so long, which is how a rotated token or certificate comes in. */
  credentialsMs: 10_000,
  /** Characters of an error's text that are kept; some servers answer with whole pages. */
  messageLength: 500,
} as const;
