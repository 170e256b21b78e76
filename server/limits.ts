// Every bound of the service, in one place, with the relations between them. Not settings: what an operator may choose
// (ports, workers) is in the options of startServer.
import assert from 'node:assert/strict';

const MEBIBYTE = 1024 * 1024;

/** The bounds. Counts are counts of the thing named; other units are in the names. */
export const LIMITS = {
  /** The largest message taken or sent, per call and direction. */
  messageBytes: 64 * MEBIBYTE,
  /** Pods of one request, pending and running ones together. */
  podsPerRequestCount: 500_000,
  /** Calls that wait for a worker. One more is refused. */
  queueLength: 256,
  /** Pods of all calls that wait for a worker or have one; a single call may always have its own limit's worth. */
  podsInFlightCount: 1_000_000,
  /** What a refused caller is told to wait at least. */
  retryAfterMs: 100,
  /** Workers at most, whatever the machine has. */
  workerCount: 256,
  /** Old-generation heap of one worker: one solve that needs more fails alone. */
  workerHeapMebibytes: 1024,
  /** Opened catalogues that a worker keeps. */
  openCataloguesPerWorkerCount: 16,
  /** Catalogues by identity. */
  identityCatalogueCount: 64,
  /** Catalogues that callers brought. */
  inlineCatalogueCount: 32,
  /** Index and price table of all catalogues that callers brought, together. */
  inlineCatalogueBytes: 512 * MEBIBYTE,
  /** Offerings of one catalogue. */
  offeringsPerCatalogueCount: 1_000_000,
  /** Violations named in one answer to a bad request. */
  violationsPerErrorCount: 8,
  /** Work on the main thread after which others get their turn, where a call can be cut. */
  mainThreadSliceMs: 5,
  /** Characters of one error's or notice's message: they travel in HTTP headers, which are small. */
  errorMessageLength: 2_000,
  /** Notices in one answer. */
  noticesPerAnswerCount: 100,
  /** Units of work of a solve at the effort BEST that names no limit. */
  unlimitedBestWorkUnits: 10_000_000,
  /** Time for the bound on a plan's price, after the plan; its work has a limit of its own (engine/bound/limits.ts). */
  boundTimeMs: 60_000,
  /** Comparisons of offerings with conditions in one Explain; what they are counted as is in engine/explain/limits.ts. */
  explainWorkUnits: 200_000_000,
  /** Names of pods that a name which is not there is compared with. */
  comparedNamesCount: 5_000,
  /** Offerings in a page of ListOfferings where the caller does not say. */
  defaultPageSize: 1_000,
  /** Offerings in a page of ListOfferings at most. */
  maxPageSize: 10_000,
  /** Instance types that RankOfferings ranks where the caller does not say. */
  defaultRankedTypeCount: 60,
  /** How long a reported shortage lasts where the caller does not say. */
  defaultShortageMs: 180_000,
  /** HTTP/2 streams of one connection that are open at once. */
  streamsPerConnectionCount: 1_000,
  /** Silence on a gRPC connection after which it is asked for a sign of life. */
  grpcKeepaliveMs: 60_000,
  /** Time for that sign; then the connection and its streams are cut. */
  grpcKeepaliveTimeoutMs: 20_000,
  /** HTTP/1.1 and health connections that are open at once. */
  httpConnectionCount: 4_096,
  /** Time for an HTTP/1.1 client to send its headers. */
  httpHeadersTimeoutMs: 10_000,
  /** Time for an HTTP/1.1 client to send a whole request. */
  httpRequestTimeoutMs: 120_000,
  /** Sessions, each of one cluster. */
  sessionCount: 64,
  /** Streams that have been opened and have not said for which cluster. */
  unopenedSessionCount: 16,
  /** Time for a stream to say for which cluster it is. */
  sessionOpenTimeoutMs: 10_000,
  /** Clusters of which the newest lease epoch is remembered. */
  rememberedClusterCount: 1_024,
  /** State of all sessions together: shared memory, and names as they are counted below. */
  sessionBytes: 512 * MEBIBYTE,
  /** What a pod of a session counts beside its name. */
  sessionPodBytes: 96,
  /** Nodes of one session, claims in flight included. */
  nodesPerSessionCount: 50_000,
  /** Pools of one session, and node classes. */
  poolsPerSessionCount: 1_000,
  /** Daemonsets of one session. */
  daemonSetsPerSessionCount: 10_000,
  /** Namespaces of one session. */
  namespacesPerSessionCount: 50_000,
  /** The smallest segment of a session's log; the largest is 16 times that, unless one object alone is larger. */
  sessionSegmentBytes: 256 * 1024,
  /** Plans of one session that are not answered yet. */
  plansPerSessionCount: 32,
  /** Answers of one session that its client has not taken: while there are more, no message of it is read. */
  unsentAnswerCount: 16,
  /** The same in bytes, as they are estimated. */
  unsentAnswerBytes: 8 * MEBIBYTE,
  /** States of sessions that a worker keeps ready. */
  replicasPerWorkerCount: 16,
  /** Bytes of the logs that those were made from; what they take is a small multiple. */
  replicaBytesPerWorker: 128 * MEBIBYTE,
  /** Streams that watch offerings. */
  watcherCount: 256,
  /** Offerings in one message to a watcher. */
  watchedOfferingsPerMessageCount: 2_000,
  /** Changed offerings that a catalogue remembers for its watchers; who is further behind gets a snapshot. */
  rememberedChangeCount: 20_000,
  /** Time for calls in flight to end when the server closes; then they are cut. */
  shutdownGraceMs: 5_000,
  /** Events that telemetry keeps until its SDK is loaded. */
  earlyTelemetryEventCount: 10_000,
  /** Time after the service is ready until the SDK of telemetry is loaded, unless somebody reads metrics before. */
  telemetryLoadDelayMs: 1_000,
  /** Time for the workers to come up and answer their warm-up. */
  warmUpTimeoutMs: 60_000,
} as const;

/** Asserts what the bounds owe each other. Called once when a server starts. */
export function assertLimits(): void {
  assert.ok(LIMITS.podsInFlightCount >= LIMITS.podsPerRequestCount, 'one request of the largest size fits in flight');
  assert.ok(LIMITS.defaultPageSize <= LIMITS.maxPageSize, 'the default page is not larger than the largest');
  assert.ok(LIMITS.inlineCatalogueBytes >= 2 * LIMITS.messageBytes, 'one catalogue of the largest message can be kept');
  assert.ok(
    LIMITS.openCataloguesPerWorkerCount <= LIMITS.inlineCatalogueCount + LIMITS.identityCatalogueCount,
    'a worker keeps no more catalogues than the server',
  );
  assert.ok(
    LIMITS.sessionBytes >= 2 * LIMITS.podsPerRequestCount * LIMITS.sessionPodBytes,
    'one session of the largest size fits, and its next snapshot beside it',
  );
  assert.ok(LIMITS.rememberedClusterCount >= LIMITS.sessionCount, 'the lease of every open session is remembered');
  assert.ok(
    LIMITS.unopenedSessionCount + LIMITS.sessionCount <= LIMITS.streamsPerConnectionCount,
    'one connection may have every session',
  );
  assert.ok(LIMITS.httpHeadersTimeoutMs < LIMITS.httpRequestTimeoutMs, 'headers are a part of the request');
  assert.ok(LIMITS.errorMessageLength * 3 < 8_192, 'an error message fits into HTTP trailers when percent-encoded');
}
