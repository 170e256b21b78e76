// `dovetail demo`, which is `npm start`: the whole of Dovetail on a cluster and a cloud in memory, told as it happens. On a
// terminal with colours and a line that sums up; anywhere else in plain lines.
import type { ControllerLog } from '../controller/context/index.ts';
import { countText, type Happening, type Overview, percentText, priceTexts } from '../controller/overview/index.ts';
import { type RunningPage, startPage } from '../controller/page/index.ts';
import { type CommandConsole, painter, type Style } from './console.ts';
import { type Demo, LIMITS, MISSION_SCALE, QUICKER_BY, readDemoManifests, startDemo } from './demo/index.ts';
import { callError, connectToEngine } from './engine-client.ts';
import { CommandError, EXIT, type ExitCode } from './outcome.ts';
import { untilAborted } from './serve-command.ts';
import { portMessage, type ServiceOptions, type StartedService, startService } from './service.ts';
import { wrap } from './text-layout.ts';

/** The arguments. */
export interface DemoCommandOptions extends ServiceOptions {
  readonly filename?: readonly string[];
  readonly region: string;
  readonly pagePort: number;
  readonly once: boolean;
}

const CLUSTER_NAME = 'dovetail-demo';

/** The same every time: names and times do not jump from one start to the next. */
const SEED = 1;

/** Runs the demo until `stopped` is aborted; with --once until all pods run. */
export async function runDemo(
  options: DemoCommandOptions,
  console: CommandConsole,
  stopped: AbortSignal,
): Promise<ExitCode> {
  const startMs = Date.now();
  const manifests = await readDemoManifests(options.filename, CLUSTER_NAME, console);
  const service = await startService(options, console);
  const screen = new DemoScreen(console, startMs);
  const engine = await connectToEngine({ engineAddress: service.server.grpcAddress });
  let demo: Demo | undefined;
  let page: RunningPage | undefined;
  try {
    demo = await startDemo({
      engine,
      manifests,
      clusterName: CLUSTER_NAME,
      region: options.region,
      seed: SEED,
      log: demoLog(service, screen),
      onHappening: (happening) => screen.tell(happening, demo?.observer.overview()),
    });
    page = await openPage(demo, options.pagePort);
    screen.write(welcome(service, page, options, console));
    service.ready();
    for (const why of manifests.leftOut) screen.write(`${why}\n`);
    if (options.filename === undefined) await scaleMission(demo);
    if (options.once) return await untilAllRun(demo, screen, stopped);
    await untilAborted(stopped);
    screen.end();
    console.err.write('ending\n');
    return EXIT.ok;
  } catch (error) {
    throw callError(error, engine.address, regionMessage);
  } finally {
    screen.end();
    await page?.close();
    await demo?.stop();
    await engine.close();
    await service.close();
  }
}

/** Opens the page; a port that can't be had ends the command with the flag that changes it. */
async function openPage({ observer, chronicle, actions }: Demo, port: number): Promise<RunningPage> {
  const show = () => ({ overview: observer.overview(), happenings: chronicle.happenings });
  try {
    return await startPage({ port, show, actions });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw new CommandError(EXIT.failed, [`start page: ${message}`]);
    const what = `start page: cannot listen on 127.0.0.1:${port}`;
    throw new CommandError(EXIT.badInput, [portMessage(what, code, '--page-port')], { cause: error });
  }
}

function scaleMission({ actions }: Demo): Promise<void> {
  const { namespace, name, replicas } = MISSION_SCALE;
  return actions.scale(namespace, name, replicas);
}

/** What the service says of the region, in the command's own terms. */
function regionMessage(message: string): string {
  return message.replace(/^catalogue\.identity\.region:/, '--region:').replace(/, or feed it .*$/, '');
}

/** Errors of the controller are told; everything goes to the log that the user asked for. */
function demoLog({ logger }: StartedService, screen: DemoScreen): ControllerLog {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => {
      logger.error(fields, message);
      const { error } = fields as { readonly error?: string };
      const text = error === undefined ? message : `${message}: ${error}`;
      screen.tell({ timeMs: Date.now(), text, tone: 'bad' }, undefined);
    },
  };
}

async function untilAllRun(demo: Demo, screen: DemoScreen, stopped: AbortSignal): Promise<ExitCode> {
  const endMs = Date.now() + LIMITS.onceMs;
  const isTold = () => demo.observer.overview().decisions.every(({ reasons }) => reasons !== 'waiting');
  while (!demo.allRun() || !isTold()) {
    if (stopped.aborted) return EXIT.failed;
    if (Date.now() > endMs) {
      screen.write(`not all pods run after ${LIMITS.onceMs / 1000} s:\n`);
      for (const { count, workload, why } of demo.observer.overview().waiting) {
        screen.write(`  ${countText(count, 'pod')} of ${workload}: ${why}\n`);
      }
      return EXIT.someUnplaced;
    }
    await new Promise((resolve) => setTimeout(resolve, LIMITS.onceLookMs));
  }
  // What has happened since the last look is told before the sum.
  await new Promise((resolve) => setTimeout(resolve, LIMITS.onceLookMs));
  screen.write(`${sumText(demo.observer.overview())}\n`);
  return EXIT.ok;
}

function welcome(
  { server, metricsAddress }: StartedService,
  page: RunningPage,
  options: DemoCommandOptions,
  console: CommandConsole,
): string {
  const paint = painter(console.out);
  const what =
    options.filename === undefined ? "the mission's NodePool and its deployment inflate" : options.filename.join(', ');
  return [
    `${paint('bold', 'Dovetail on a simulated cluster and cloud.')} The planning service and the controller are the real ones.`,
    `Instances start ${QUICKER_BY} times faster than on EC2; prices are those of ${options.region}, ~ marks estimates. It runs ${what}.`,
    '',
    `  ${paint('bold', 'page')}             ${paint('bold', page.url)}`,
    `  gRPC             ${server.grpcAddress}`,
    `  Connect (JSON)   http://${server.httpAddress}`,
    `  health           http://${server.healthAddress}/readyz`,
    ...(metricsAddress === undefined ? [] : [`  metrics          http://${metricsAddress}/metrics`]),
    '',
    ...(options.once ? [] : ['Ctrl-C ends it.', '']),
    '',
  ].join('\n');
}

/** "5 pods run, none waits; 1 node, CPU 62 %, memory 12 % full; ~$0.1 an hour, ~$80 a month". */
function sumText({ totals }: Overview): string {
  const waiting = totals.waiting === 0 ? 'none waits' : `${countText(totals.waiting, 'pod')} wait`;
  return [
    `${countText(totals.running, 'pod')} run, ${waiting}`,
    `${countText(totals.nodes, 'node')}, CPU ${percentText(totals.cpu)}, memory ${percentText(totals.memory)} full`,
    priceTexts(totals.pricePerHour, totals.hasEstimates),
  ].join('; ');
}

const STYLES: Readonly<Record<Happening['tone'], Style | undefined>> = {
  news: undefined,
  good: 'green',
  bad: 'yellow',
  why: 'dim',
};

/** Columns of the time at the start of a line. */
const TIME_WIDTH = 8;

/** Text is never squeezed into less. */
const LEAST_WIDTH = 20;

/** Begins the terminal's line anew and empties it. */
const CLEAR_LINE = '\r\u001b[2K';

/** Lines one after the other, and on a terminal a last one that is written anew. */
class DemoScreen {
  readonly #console: CommandConsole;
  readonly #startMs: number;
  readonly #isTerminal: boolean;
  #lastLine = '';

  constructor(console: CommandConsole, startMs: number) {
    this.#console = console;
    this.#startMs = startMs;
    this.#isTerminal = console.out.isTTY === true;
  }

  write(text: string): void {
    this.#console.out.write(`${this.#lastLine === '' ? '' : CLEAR_LINE}${text}${this.#lastLine}`);
  }

  tell({ timeMs, text, tone }: Happening, overview: Overview | undefined): void {
    const { out } = this.#console;
    const paint = painter(out);
    const style = STYLES[tone];
    const seconds = `${((timeMs - this.#startMs) / 1000).toFixed(1)} s`.padStart(TIME_WIDTH);
    const lines = this.#isTerminal ? wrap(text, Math.max(LEAST_WIDTH, this.#columns() - TIME_WIDTH - 3)) : [text];
    const told = lines.map((line, index) => {
      const time = index === 0 ? paint('dim', seconds) : ' '.repeat(TIME_WIDTH);
      return `${time}  ${style === undefined ? line : paint(style, line)}\n`;
    });
    this.#clear();
    if (overview !== undefined && this.#isTerminal) {
      this.#lastLine = paint('bold', sumText(overview).slice(0, Math.max(LEAST_WIDTH, this.#columns() - 1)));
    }
    out.write(told.join('') + this.#lastLine);
  }

  #columns(): number {
    return this.#console.out.columns ?? 80;
  }

  /** Leaves the terminal with an empty line. */
  end(): void {
    this.#clear();
    this.#lastLine = '';
  }

  #clear(): void {
    if (this.#lastLine !== '') this.#console.out.write(CLEAR_LINE);
  }
}
