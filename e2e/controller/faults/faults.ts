// What can become of a call on its way to the API server, and how the API server itself would say so.

/** A call, as the proxy sees it. */
export interface ProxiedCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly isWatch: boolean;
  /** What is sent along, parsed; undefined for nothing. */
  readonly body: unknown;
  /** Monotonic time of its arrival. */
  readonly atMs: number;
}

/** Something that becomes of a call. */
export type Fault =
  /** It is answered with this status; the API server does not hear of it. */
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfterSeconds?: number }
  /** Its connection is reset at once, and everything else on it. */
  | { readonly kind: 'reset' }
  /** The API server does it, and its connection is reset before the answer. */
  | { readonly kind: 'lose-reply' }
  /** The API server does it at once, and its answer comes so much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** A watch whose connection is reset in the middle of an event, after so many whole ones. */
  | { readonly kind: 'cut'; readonly afterEvents: number }
  /** A watch that ends with an event that says 410, after so many events. */
  | { readonly kind: 'expire'; readonly afterEvents: number }
  /** Something is done first, and the call comes to nothing: the API server does not hear of it. */
  | { readonly kind: 'halt-before'; readonly act: () => Promise<void> }
  /** The API server does it, then something is done, and no answer comes. */
  | { readonly kind: 'halt-after'; readonly act: () => Promise<void> };

/** Decides about each call; undefined lets it pass. */
export type Rule = (call: ProxiedCall) => Fault | undefined;

const REASONS: ReadonlyMap<number, string> = new Map([
  [409, 'Conflict'],
  [410, 'Expired'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
]);

/** A Status as the API server writes it. */
export function statusObject(code: number, retryAfterSeconds?: number): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `the proxy of the test answers ${code}`,
    reason: REASONS.get(code) ?? 'Unknown',
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
    code,
  };
}

export function isWrite({ method }: ProxiedCall): boolean {
  return method !== 'GET';
}
