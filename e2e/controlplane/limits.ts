// Every bound of the control plane that the end-to-end tests start, in one place. Times are for a loaded machine with two
// cores: each is several times what was measured on a quiet one.
export const LIMITS = {
  /** Building the program from nothing on a machine that has other things to do: half an hour was seen. */
  buildMs: 60 * 60_000,
  /** One program, from its start until it says that it is ready. */
  readyMs: 60_000,
  /** Between two questions whether a program is ready. */
  readyPollMs: 50,
  /** From SIGTERM to SIGKILL. What the programs keep is thrown away, so nothing is lost by the latter. */
  stopMs: 5_000,
  /** Characters kept of what a program wrote, for messages about its end. */
  keptOutputLength: 16_384,
  /** Connections to the API server that one client holds. */
  clientConnectionCount: 16,
  /** One call of the API server. Watches are not calls: they have no end. */
  callMs: 30_000,
  /** Pause before a watch that ended badly is opened again. */
  watchRetryMs: 100,
} as const;
