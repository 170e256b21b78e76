// The command line: what can be called with which flags, and how its errors become messages and exit codes. Commands
// themselves are loaded when they are called.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { CommandConsole } from './console.ts';
import { painter } from './console.ts';
import type { DemoCommandOptions } from './demo-command.ts';
import { type DoctorCommandOptions, doctorCommand } from './doctor-options.ts';
import type { ExplainOptions } from './explain-command.ts';
import { type FeedOptions, feedCommand } from './feed-options.ts';
import { CommandError, EXIT, type ExitCode } from './outcome.ts';
import type { PricesOptions } from './prices-command.ts';
import { LOG_LEVELS } from './serve-command.ts';
import type { ServiceOptions } from './service.ts';
import {
  EFFORT_NAMES,
  MIN_VALUES_POLICIES,
  OBJECTIVE_NAMES,
  OUTPUT_FORMATS,
  type SolveOptions,
} from './solve-options.ts';
import type { TopOptions } from './top-command.ts';
import { VERSION } from './version.ts';

/** What a run of the command depends on. */
export interface ProgramContext {
  readonly console: CommandConsole;
  /** Aborted when the process is asked to end. */
  readonly stopped: AbortSignal;
}

/** Runs the command; answers its exit code. Only defects are thrown. */
export async function runProgram(args: readonly string[], context: ProgramContext): Promise<ExitCode> {
  const outcome: { exitCode: ExitCode } = { exitCode: EXIT.ok };
  const program = buildProgram(context, (exitCode) => {
    outcome.exitCode = exitCode;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return outcome.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput;
    if (!(error instanceof CommandError)) throw error;
    const paint = painter(context.console.err);
    for (const line of error.lines) context.console.err.write(`${paint('red', 'error:')} ${line}\n`);
    return error.exitCode;
  }
}

function buildProgram({ console, stopped }: ProgramContext, finish: (exitCode: ExitCode) => void): Command {
  const program = new Command('dovetail')
    .description('Works out which EC2 instances to launch for the pods of a Kubernetes cluster.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show what can be called')
    .configureOutput({
      writeOut: (text) => void console.out.write(text),
      writeErr: (text) => void console.err.write(text),
    })
    .showHelpAfterError('(--help shows what can be called)')
    .exitOverride();
  const inherit = (command: Command) => command.copyInheritedSettings(program);
  program.addCommand(
    inherit(demoCommand()).action(async (options: DemoCommandOptions) => {
      const { runDemo } = await import('./demo-command.ts');
      finish(await runDemo({ ...options, bindAddress: LOOPBACK, insecure: false }, console, stopped));
    }),
  );
  program.addCommand(
    inherit(serveCommand()).action(async (options: ServiceOptions) => {
      const { runServe } = await import('./serve-command.ts');
      finish(await runServe(options, console, stopped));
    }),
  );
  program.addCommand(
    inherit(solveCommand()).action(async (options: SolveOptions) => {
      const { runSolve } = await import('./solve-command.ts');
      finish(await runSolve(options, console));
    }),
  );
  program.addCommand(
    inherit(explainCommand()).action(async (names: readonly string[], options: ExplainOptions) => {
      const { runExplain } = await import('./explain-command.ts');
      finish(await runExplain(names, options, console));
    }),
  );
  program.addCommand(
    inherit(topCommand()).action(async (options: TopOptions) => {
      const { runTop } = await import('./top-command.ts');
      finish(await runTop(options, console, stopped));
    }),
  );
  program.addCommand(
    inherit(doctorCommand()).action(async (options: DoctorCommandOptions) => {
      const { runDoctor } = await import('./doctor-command.ts');
      finish(await runDoctor(options, console));
    }),
  );
  program.addCommand(
    inherit(withEngine(feedCommand())).action(async (options: FeedOptions) => {
      const { runFeed } = await import('./feed-command.ts');
      finish(await runFeed(options, console, stopped));
    }),
  );
  program.addCommand(
    inherit(pricesCommand()).action(async (types: readonly string[], options: PricesOptions) => {
      const { runPrices } = await import('./prices-command.ts');
      finish(await runPrices(types, options, console));
    }),
  );
  program.addCommand(
    inherit(controllerCommand())
      // Its settings are a table of their own, help included.
      .helpOption(false)
      .allowUnknownOption()
      .action(async (settings: readonly string[]) => {
        const { runController } = await import('./controller-command.ts');
        finish(await runController(settings, console, stopped));
      }),
  );
  return program;
}

const HIGHEST_PORT = 65_535;
const MOST_WORKERS = 256;
const LONGEST_DEADLINE_MS = 3_600_000;

function wholeNumber(minimum: number, maximum: number): (written: string) => number {
  return (written) => {
    const value = Number(written);
    if (!/^\d+$/.test(written) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`Write a whole number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}

const NANO_PER_DOLLAR = 1e9;
const MOST_NODE_CHARGE_USD = 1_000;

/** Nano-dollars of an amount of dollars. */
function nodeCharge(written: string): number {
  const dollars = Number(written);
  if (!/^\d*\.?\d+$/.test(written) || dollars > MOST_NODE_CHARGE_USD) {
    throw new InvalidArgumentError(`Write dollars an hour from 0 to ${MOST_NODE_CHARGE_USD}, like 0.01.`);
  }
  return Math.round(dollars * NANO_PER_DOLLAR);
}

const MS_PER_UNIT: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, m: 60_000 };

/** Milliseconds of `500`, `500ms`, `60s` or `2m`. */
function duration(written: string): number {
  const [, amount = '', unit = ''] = /^(\d+)(ms|s|m)?$/.exec(written) ?? [];
  const ms = Number(amount) * MS_PER_UNIT[unit]!;
  if (amount === '' || ms < 1 || ms > LONGEST_DEADLINE_MS) {
    throw new InvalidArgumentError('Write a time from 1ms to 60m, like 500ms, 60s or 2m.');
  }
  return ms;
}

function portOption(flags: string, description: string, fallback: number, variable: string): Option {
  return new Option(flags, description).argParser(wholeNumber(0, HIGHEST_PORT)).default(fallback).env(variable);
}

const LOOPBACK = '127.0.0.1';

/** The flags of whatever runs the service: where it listens, and what it may take. */
function withListeners(command: Command, logLevel: string): Command {
  return command
    .addOption(portOption('--grpc-port <port>', 'gRPC; 0 takes any free one', 50051, 'DOVETAIL_GRPC_PORT'))
    .addOption(portOption('--http-port <port>', 'Connect over HTTP/1.1', 8082, 'DOVETAIL_HTTP_PORT'))
    .addOption(portOption('--health-port <port>', '/healthz and /readyz', 8081, 'DOVETAIL_HEALTH_PORT'))
    .addOption(portOption('--metrics-port <port>', '/metrics for Prometheus', 8080, 'DOVETAIL_METRICS_PORT'))
    .addOption(
      new Option('--workers <count>', 'worker threads (default: one a core)')
        .argParser(wholeNumber(1, MOST_WORKERS))
        .env('DOVETAIL_WORKERS'),
    )
    .addOption(
      new Option('--log-level <level>', 'what is logged, on standard error')
        .choices(LOG_LEVELS)
        .default(logLevel)
        .env('LOG_LEVEL'),
    );
}

function demoCommand(): Command {
  const description =
    'Run all of Dovetail on a simulated cluster and cloud: pods, nodes, prices and reasons to look at.';
  return withListeners(new Command('demo').description(description), 'silent')
    .option(
      '-f, --filename <path>',
      "manifests in place of the mission's: NodePools, EC2NodeClasses, Deployments",
      collect,
    )
    .option('--region <region>', 'AWS region whose instance types and prices are on sale', 'us-east-1')
    .addOption(portOption('--page-port <port>', 'the page to look at and to try things on', 8090, 'DOVETAIL_PAGE_PORT'))
    .option('--once', 'end when all pods run, with exit code 0', false)
    .addHelpText(
      'after',
      [
        '',
        'Exit codes: 0 it was ended, or with --once all pods run; 1 with --once some do not; 2 the input is wrong.',
        '',
        'Examples:',
        '  npm start',
        '  npx dovetail demo -f my-app/ --region eu-west-1',
      ].join('\n'),
    );
}

function serveCommand(): Command {
  const description = 'Start the service: gRPC, the same by Connect over HTTP/1.1, and a health endpoint.';
  return withListeners(new Command('serve').description(description), 'info')
    .addOption(
      new Option('--bind-address <address>', 'address to listen on; others than loopback need TLS or --insecure')
        .default(LOOPBACK)
        .env('DOVETAIL_BIND_ADDRESS'),
    )
    .addOption(new Option('--tls-cert <file>', "the service's certificate, PEM").env('DOVETAIL_TLS_CERT'))
    .addOption(new Option('--tls-key <file>', 'its private key, PEM').env('DOVETAIL_TLS_KEY'))
    .addOption(
      new Option('--tls-client-ca <file>', "authority that signs clients' certificates, PEM").env(
        'DOVETAIL_TLS_CLIENT_CA',
      ),
    )
    .addOption(
      new Option('--insecure', 'let anybody in who reaches the address').default(false).env('DOVETAIL_INSECURE'),
    );
}

function topCommand(): Command {
  const description = 'Show nodes with how full they are, what they cost and what runs on them, as it changes.';
  return withEngine(new Command('top').description(description))
    .option('--page <address>', 'the page of a demo or a controller', '127.0.0.1:8090')
    .option('--context <name>', 'look at the cluster of this kubeconfig context; nothing is written to it')
    .option('--region <region>', "AWS region whose prices are shown with --context (default: the nodes' own)")
    .option('--resources <names>', 'which fullness is shown: cpu, memory or both', 'cpu,memory')
    .option('--node-selector <labels>', 'only nodes with these labels: key=value,key!=value,key,!key')
    .option(
      '--sort <field>',
      'age, name, type, zone, pool, price, cpu, memory or pods; with =dsc the other way',
      'age=dsc',
    )
    .option('--once', 'print one table and end; without a terminal it does so by itself', false)
    .addHelpText(
      'after',
      [
        '',
        'Keys: up, down, page up and page down scroll, q quits.',
        'Exit codes: 0 it was ended or has printed its table, 2 the input is wrong, 3 nobody answers.',
        '',
        'Examples:',
        '  npx dovetail top',
        '  npx dovetail top --context production --node-selector karpenter.sh/nodepool=default --sort price=dsc',
      ].join('\n'),
    );
}

function pricesCommand(): Command {
  const description = 'Show the prices that a service plans with, where each comes from and how old it is.';
  return withEngine(new Command('prices').description(description))
    .argument('[types...]', 'instance types; none means all')
    .option('--region <region>', 'AWS region (default: us-east-1)')
    .option('--account <id>', 'the account whose controller or feeder feeds the service (default: none)')
    .option('--zone <zone>', 'only this zone')
    .addOption(new Option('-o, --output <format>', 'form of the answer').choices(['table', 'json']).default('table'))
    .addHelpText(
      'after',
      [
        '',
        'reported: told by whoever feeds the service; listed: in a price list that was recorded with the embedded',
        'catalogue; estimated: worked out by a rule (docs/catalogue.md).',
        'Exit codes: 0 they are listed, 2 the input is wrong, 3 the service can not be asked.',
        '',
        'Examples:',
        '  npx dovetail prices m7i.large c7g.xlarge --region us-west-2',
        '  npx dovetail prices m7i.large --engine-address 127.0.0.1:50051 --region us-west-2 --account 123456789012',
      ].join('\n'),
    );
}

function controllerCommand(): Command {
  return new Command('controller')
    .description('Keep a cluster supplied with nodes; `controller --help` lists its settings.')
    .argument('[settings...]', "flags under Karpenter's names");
}

/** Collects the values of a flag that may be repeated. */
function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** The flags by which a command finds its input and the service. */
function withInput(command: Command): Command {
  const input = command
    .option('-f, --filename <path>', 'manifests: a file, a folder, or - for standard input; may be repeated', collect)
    .option('--scale <kind/name=replicas>', 'plan with another number of replicas; may be repeated', collect)
    .option('--context <name>', 'read the cluster of this kubeconfig context; nothing is written to it')
    .option('--region <region>', 'AWS region of the embedded catalogue (default: us-east-1)')
    .addOption(
      new Option(
        '--effort <effort>',
        'how far a plan is made cheaper: fast, balanced or best (default: balanced)',
      ).choices(EFFORT_NAMES),
    )
    .addOption(
      new Option(
        '--deadline <time>',
        'take the best plan found by then: 500ms, 60s, 2m; a bare number is milliseconds',
      ).argParser(duration),
    )
    .addOption(
      new Option('--work <units>', 'spend so many units of work at most; the same units give the same plan').argParser(
        wholeNumber(1, Number.MAX_SAFE_INTEGER),
      ),
    )
    .addOption(
      new Option(
        '--objective <objective>',
        'what plans are chosen by: default, or list-price without anything beside (default: default)',
      ).choices(OBJECTIVE_NAMES),
    )
    .addOption(
      new Option(
        '--node-charge <dollars>',
        'what each new node counts for beside its price, in dollars an hour (default: 0.01)',
      ).argParser(nodeCharge),
    )
    .addOption(
      new Option(
        '--min-values-policy <policy>',
        "whether a NodePool's minValues are rules, or kept as far as they can be (default: Strict)",
      )
        .choices(MIN_VALUES_POLICIES)
        .env('MIN_VALUES_POLICY'),
    );
  return withEngine(input);
}

/** The flags by which a command finds the service. */
function withEngine(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--engine-address <address>',
        'service to ask: host:port, unix:PATH or https://host:port (default: its own)',
      ).env('DOVETAIL_ENGINE_ADDRESS'),
    )
    .addOption(new Option('--tls-ca <file>', "authority of the service's certificate, PEM").env('DOVETAIL_TLS_CA'))
    .addOption(new Option('--tls-cert <file>', 'certificate to show to the service, PEM').env('DOVETAIL_TLS_CERT'))
    .addOption(new Option('--tls-key <file>', 'its private key, PEM').env('DOVETAIL_TLS_KEY'));
}

function solveCommand(): Command {
  const description = 'Show which instances would be launched for pods, at what price, and which pods find no place.';
  return withInput(new Command('solve').description(description))
    .option('--problem <file>', 'a problem file, also gzipped; several give one JSON array', collect)
    .option('--bound', 'also prove what no plan for the same pods can cost less than')
    .addOption(
      new Option('-o, --output <format>', 'form of the plan (default: table; json for --problem)').choices(
        OUTPUT_FORMATS,
      ),
    )
    .addHelpText(
      'after',
      [
        '',
        'Exit codes: 0 every pod has a place, 1 some have none, 2 the input is wrong, 3 it could not be worked out.',
        '',
        'Examples:',
        '  npx dovetail solve -f examples/mission --scale deployment/inflate=5',
        '  kubectl get nodepools,ec2nodeclasses,deployments -o yaml | npx dovetail solve -f - --region us-west-2',
        '  npx dovetail solve --context production -o json',
      ].join('\n'),
    );
}

function explainCommand(): Command {
  return withInput(new Command('explain').description('Say why pods find no place, and why nodes are what they are.'))
    .argument('[names...]', 'pods: NAME, pod/NAME, deployment/NAME; none means all that find no place')
    .option('--node <number|name>', 'a new node by its number, or a node that is there; may be repeated', collect)
    .addOption(
      new Option('-o, --output <format>', 'form of the answer (default: table, which is text)').choices(OUTPUT_FORMATS),
    )
    .addHelpText(
      'after',
      [
        '',
        'Exit codes: 0 every pod has a place, 1 some have none, 2 the input is wrong, 3 it could not be worked out.',
        '',
        'Examples:',
        '  npx dovetail explain -f pools.yaml -f app.yaml',
        '  npx dovetail explain -f examples/mission --scale deployment/inflate=5 --node 1',
        '  npx dovetail explain --context production deployment/web -o json',
      ].join('\n'),
    );
}
