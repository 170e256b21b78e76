// The page of a demo, or of a controller that has one, as a source: it is asked for its state whenever somebody looks.
import {
  CAPACITY_TYPE_LABEL,
  INSTANCE_TYPE_LABEL,
  NODE_POOL_LABEL,
  ZONE_LABEL,
} from '../../controller/objects/index.ts';
import type { NodeView } from '../../controller/overview/index.ts';
import type { Shown } from '../../controller/page/index.ts';
import { badInput, CommandError, EXIT } from '../outcome.ts';
import { LIMITS } from './limits.ts';
import type { TopSource, TopView } from './source.ts';

/** The labels that a page tells of its nodes. */
const LABELS: Readonly<Record<string, (node: NodeView) => string>> = {
  [INSTANCE_TYPE_LABEL]: ({ instanceType }) => instanceType,
  [ZONE_LABEL]: ({ zone }) => zone,
  [CAPACITY_TYPE_LABEL]: ({ capacityType }) => capacityType,
  [NODE_POOL_LABEL]: ({ pool }) => pool,
};

/** A source at `http://127.0.0.1:PORT`, or that without the scheme, or a port alone. Throws a CommandError for anything else. */
export function openPageSource(written: string): TopSource {
  const address = /^\d+$/.test(written) ? `127.0.0.1:${written}` : written;
  const url = URL.parse(/^https?:\/\//.test(address) ? address : `http://${address}`);
  if (url === null || url.protocol !== 'http:' || !['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)) {
    throw badInput(`--page ${written}: write 127.0.0.1:PORT, for pages are served on loopback only`);
  }
  return new PageSource(url.origin);
}

class PageSource implements TopSource {
  readonly name: string;
  #latest: TopView | undefined;

  constructor(origin: string) {
    this.name = origin;
  }

  async view(): Promise<TopView> {
    try {
      this.#latest = { overview: (await this.#ask()).overview, heardMs: Date.now() };
    } catch (error) {
      if (this.#latest === undefined) throw this.#failed(error);
    }
    return this.#latest;
  }

  labelsOf(node: NodeView): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.entries(LABELS).map(([key, read]) => [key, read(node)]));
  }

  knowsLabel(key: string): string | undefined {
    if (LABELS[key] !== undefined) return undefined;
    return `a page tells ${Object.keys(LABELS).join(', ')} of its nodes, and not ${key}`;
  }

  async close(): Promise<void> {}

  async #ask(): Promise<Shown> {
    const answer = await fetch(`${this.name}/state`, { signal: AbortSignal.timeout(LIMITS.answerMs) });
    if (!answer.ok) throw new Error(`it answers with ${answer.status}`);
    return (await answer.json()) as Shown;
  }

  #failed(error: unknown): CommandError {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    const what = 'start the demo with `npm start`, name its page with --page, or a cluster with --context';
    return new CommandError(EXIT.failed, [`look at ${this.name}: ${why}; ${what}`], { cause: error });
  }
}
