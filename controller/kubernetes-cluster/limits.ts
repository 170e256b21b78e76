// Every bound of the real cluster adapter, in one place.
export const LIMITS = {
  /** One call, from its first byte to the last of its answer; also the opening of a watch. Settings may change it. */
  callMs: 30_000,
  /** One answer. A page of 500 objects of the largest kind that etcd stores has less. */
  answerBytes: 1024 * 1024 * 1024,
  /** One line of a watch: one event. etcd stores objects up to 1.5 MiB; JSON and managed fields make more of them. */
  watchLineBytes: 16 * 1024 * 1024,
  /** Connections for calls. Calls beyond wait for one. */
  connectionCount: 64,
  /** An idle connection is closed after so long: before the server does, which keeps them for 90 s. */
  idleConnectionMs: 30_000,
  /** Credentials are read anew after so long, which is how a rotated token or certificate comes in. */
  credentialsMs: 10_000,
  /** Characters of an error's text that are kept; some servers answer with whole pages. */
  messageLength: 500,
} as const;
