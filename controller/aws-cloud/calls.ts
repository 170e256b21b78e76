// Calls to AWS: errors become CloudErrors, a signal's reason comes back as it is, and pages are read to the end.
import { CloudError } from '../ports/index.ts';
import { cloudError } from './errors.ts';

/** What the SDK's clients take beside a command. */
export interface CallOptions {
  readonly abortSignal?: AbortSignal;
}

/**
 * Makes a call.
 *
 * @param action as IAM names it; for errors
 */
export async function callAws<Answer>(
  action: string,
  call: (options: CallOptions) => Promise<Answer>,
  signal?: AbortSignal,
): Promise<Answer> {
  signal?.throwIfAborted();
  try {
    return await call(signal === undefined ? {} : { abortSignal: signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw cloudError(action, error);
  }
}

/** A page, and where the next one begins. */
export interface Page<Item> {
  readonly items: readonly Item[] | undefined;
  readonly next: string | undefined;
}

/** Reads every page, or rejects: half a list is none. */
export async function readPages<Item>(
  action: string,
  page: (token: string | undefined, options: CallOptions) => Promise<Page<Item>>,
  signal?: AbortSignal,
): Promise<Item[]> {
  const all: Item[] = [];
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    const asked = token;
    const { items, next } = await callAws(action, (options) => page(asked, options), signal);
    all.push(...(items ?? []));
    token = next === '' ? undefined : next;
    if (token !== undefined && seen.has(token)) {
      throw new CloudError('PagesRepeat', `${action}: its pages go round in a circle`, { retryable: true });
    }
    if (token !== undefined) seen.add(token);
  } while (token !== undefined);
  return all;
}

/** The same promise, given up as soon as the signal aborts. What it waits for goes on. */
export async function untilAborted<Answer>(work: Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
  if (signal === undefined) return work;
  // Whoever gave up does not hear of a failure later.
  work.catch(() => undefined);
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
