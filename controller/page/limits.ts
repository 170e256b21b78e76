// The bounds of the page, together.
export const LIMITS = {
  /** Pages that look on at once; one more is told so. */
  streams: 20,
  /** Time between two messages of a stream when something has changed. */
  changeMs: 250,
  /** Time after which a stream says that it is there although nothing has changed. */
  beatMs: 2_000,
  /** The largest action that is read. */
  bodyBytes: 4_096,
  /** Actions that are carried out at once; one more is told to wait. */
  actions: 8,
} as const;
