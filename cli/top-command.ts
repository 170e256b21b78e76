// `dovetail top`: the nodes of the demo or of a live cluster with how full they are, what they cost and what runs on them.
// On a terminal it goes on; anywhere else, and with --once, it prints one table.
import { type CommandConsole, painter, writeAll } from './console.ts';
import { connectToEngine, type EngineConnection, type EngineOptions } from './engine-client.ts';
import { badInput, EXIT, type ExitCode } from './outcome.ts';
import {
  LIMITS,
  openClusterSource,
  openPageSource,
  parseResources,
  parseSelector,
  parseSort,
  type Resource,
  type Selector,
  type Sort,
  screenLines,
  TopScreen,
  type TopSource,
  type TopView,
  tableLines,
} from './top/index.ts';

/** The arguments. */
export interface TopOptions extends EngineOptions {
  readonly page: string;
  readonly context?: string;
  readonly region?: string;
  readonly resources: string;
  readonly nodeSelector?: string;
  readonly sort: string;
  readonly once: boolean;
}

interface Choices {
  readonly resources: readonly Resource[];
  readonly selector: Selector | undefined;
  readonly sort: Sort;
}

/** Runs until `stopped` is aborted or a key ends it. */
export async function runTop(options: TopOptions, console: CommandConsole, stopped: AbortSignal): Promise<ExitCode> {
  const choices = readChoices(options);
  const notes = new Notes();
  const engine = options.context === undefined ? undefined : await connectToEngine(options);
  try {
    const source = await openSource(options, engine, notes);
    try {
      for (const key of choices.selector?.keys ?? []) {
        const why = source.knowsLabel(key);
        if (why !== undefined) throw badInput(`--node-selector ${options.nodeSelector}: ${why}`);
      }
      const first = await source.view();
      if (options.once || console.out.isTTY !== true) {
        const shown = { resources: choices.resources, paint: painter(console.out) };
        const lines = tableLines(first.overview, chosen(first, source, choices), shown);
        await writeAll(console.out, [`${lines.join('\n')}\n`]);
      } else await follow(source, choices, notes, console, stopped);
      return EXIT.ok;
    } finally {
      await source.close();
    }
  } finally {
    await engine?.close();
  }
}

function readChoices({ resources, nodeSelector, sort }: TopOptions): Choices {
  const read = <Value>(flag: string, written: string, parse: (text: string) => Value): Value => {
    try {
      return parse(written);
    } catch (error) {
      throw badInput(`${flag}: ${(error as Error).message}`);
    }
  };
  return {
    resources: read('--resources', resources, parseResources),
    selector: nodeSelector === undefined ? undefined : read('--node-selector', nodeSelector, parseSelector),
    sort: read('--sort', sort, parseSort),
  };
}

function openSource(options: TopOptions, engine: EngineConnection | undefined, notes: Notes): Promise<TopSource> {
  const { page, context, region } = options;
  if (context === undefined || engine === undefined) return Promise.resolve(openPageSource(page));
  const onError = (message: string): void => notes.add(message);
  return openClusterSource({ context, engine, onError, ...(region === undefined ? {} : { region }) });
}

function chosen({ overview }: TopView, source: TopSource, { selector, sort }: Choices) {
  const nodes =
    selector === undefined ? overview.nodes : overview.nodes.filter((node) => selector.holds(source.labelsOf(node)));
  return nodes.toSorted(sort);
}

/** Trouble is spoken of for a while after it was heard of last. */
class Notes {
  #latest: { readonly text: string; readonly heardMs: number } | undefined;

  add(text: string): void {
    this.#latest = { text, heardMs: Date.now() };
  }

  of({ heardMs }: TopView, source: TopSource): string | undefined {
    const nowMs = Date.now();
    if (nowMs - heardMs >= LIMITS.staleMs) {
      return `${source.name} does not answer: this is of ${new Date(heardMs).toLocaleTimeString('en-GB')}`;
    }
    return this.#latest !== undefined && nowMs - this.#latest.heardMs < 3 * LIMITS.staleMs
      ? this.#latest.text
      : undefined;
  }
}

const CTRL_C = '\u0003';
const ESCAPE = '\u001b';
/** How far keys scroll: lines, or screens. */
const SCROLLS: Readonly<Record<string, (from: number, screenful: number) => number>> = {
  '\u001b[A': (from) => from - 1,
  k: (from) => from - 1,
  '\u001b[B': (from) => from + 1,
  j: (from) => from + 1,
  '\u001b[5~': (from, screenful) => from - screenful,
  '\u001b[6~': (from, screenful) => from + screenful,
  g: () => 0,
  '\u001b[H': () => 0,
  G: () => Number.POSITIVE_INFINITY,
  '\u001b[F': () => Number.POSITIVE_INFINITY,
};

async function follow(
  source: TopSource,
  choices: Choices,
  notes: Notes,
  console: CommandConsole,
  stopped: AbortSignal,
): Promise<void> {
  const end = new AbortController();
  const signal = AbortSignal.any([stopped, end.signal]);
  const screen = new TopScreen(console);
  const paint = painter(console.out);
  let from = 0;
  let latest: TopView | undefined;
  const draw = (): void => {
    if (latest === undefined) return;
    const nodes = chosen(latest, source, choices);
    from = Math.max(0, Math.min(from, nodes.length - 1));
    const note = notes.of(latest, source);
    const options = { ...screen.size, resources: choices.resources, paint, from };
    screen.draw(screenLines(latest.overview, nodes, note === undefined ? options : { ...options, note }));
  };
  const forget = console.onKey?.((key) => {
    if (key === 'q' || key === CTRL_C || key === ESCAPE) end.abort();
    const scroll = SCROLLS[key];
    if (scroll === undefined) return;
    from = scroll(from, Math.max(1, screen.size.rows - 10));
    draw();
  });
  try {
    while (!signal.aborted) {
      latest = await source.view();
      draw();
      await paused(LIMITS.lookMs, signal);
    }
  } finally {
    forget?.();
    screen.end();
  }
}

function paused(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
