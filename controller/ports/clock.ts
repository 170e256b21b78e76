// The Clock port: the time of day and the passing of time, so that tests and what-ifs can drive both.

/** Time as the controller sees it. */
export interface Clock {
  /** Milliseconds since 1970: what is written into objects. It may jump. */
  nowMs(): number;
  /** Milliseconds since some moment, never going back: what durations, expiry and backoff are judged by. */
  monotonicMs(): number;
  /** Resolves after `ms`. With a signal it rejects with the signal's reason as soon as that aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
