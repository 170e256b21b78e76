// `dovetail feed`: the controller's feeder alone, for services of other schedulers: it reads what an account's region sells and
// tells a service, until it is told to end. With --record it writes the same down for the embedded catalogue.
import { writeFileSync } from 'node:fs';
import type { AwsClients } from '../controller/aws-cloud/index.ts';
import { systemClock } from '../controller/clock/index.ts';
import { CatalogueWriter, catalogueOf, EngineError, feedOfferings } from '../controller/engine-client/index.ts';
import { type ControllerLog, openLog } from '../controller/log/index.ts';
import { type CatalogueIdentity, CloudError, type OnSale } from '../controller/ports/index.ts';
import { SETTINGS } from '../controller/settings/index.ts';
import { type CommandConsole, withProgress } from './console.ts';
import { connectToEngine, type EngineConnection } from './engine-client.ts';
import type { FeedOptions } from './feed-options.ts';
import { badInput, CommandError, EXIT, type ExitCode } from './outcome.ts';

/** Runs until `stopped` is aborted, or once. */
export async function runFeed(options: FeedOptions, console: CommandConsole, stopped: AbortSignal): Promise<ExitCode> {
  if (options.record === undefined && options.engineAddress === undefined) {
    throw badInput('--engine-address: name the service to feed, or a file to --record into');
  }
  const periods = readPeriods(options);
  // The SDK is loaded by nobody else.
  const { openClients } = await import('../controller/aws-cloud/index.ts');
  const clients = await openClients(options.region === undefined ? {} : { region: options.region }).catch((error) => {
    throw badInput(`--region: none is known, neither from AWS_REGION nor from the shared configuration (${error})`);
  });
  try {
    if (options.record !== undefined) return await record(options.record, clients, console, stopped);
    const engine = await connectToEngine(options);
    try {
      return await feed(options, { clients, engine, periods }, stopped);
    } finally {
      await engine.close();
    }
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    throw new CommandError(EXIT.failed, [error.message], { cause: error });
  } finally {
    clients.close();
  }
}

interface Periods {
  readonly catalogueRefreshMs: number;
  readonly priceRefreshMs: number;
}

interface FeedParts {
  readonly clients: AwsClients;
  readonly engine: EngineConnection;
  readonly periods: Periods;
}

function readPeriods({ catalogueRefreshInterval, priceRefreshInterval }: FeedOptions): Periods {
  const read = (flag: string, written: string, parse: (text: string) => number): number => {
    try {
      return parse(written);
    } catch (error) {
      throw badInput(`${flag}: ${JSON.stringify(written)} is ${(error as Error).message}`);
    }
  };
  return {
    catalogueRefreshMs: read(
      '--catalogue-refresh-interval',
      catalogueRefreshInterval,
      SETTINGS.catalogueRefreshMs.parse,
    ),
    priceRefreshMs: read('--price-refresh-interval', priceRefreshInterval, SETTINGS.priceRefreshMs.parse),
  };
}

async function record(
  file: string,
  clients: AwsClients,
  console: CommandConsole,
  stopped: AbortSignal,
): Promise<ExitCode> {
  const { recordRegion } = await import('../controller/aws-cloud/index.ts');
  const recorded = await withProgress(console, `record ${clients.region}`, () =>
    recordRegion(clients, systemClock().nowMs(), stopped),
  );
  try {
    writeFileSync(file, `${JSON.stringify(recorded)}\n`);
  } catch (error) {
    throw badInput(`--record ${file}: ${(error as Error).message}`);
  }
  const { types, zones, onDemandPrices } = recorded;
  const counts = [Object.keys(types), zones, Object.keys(onDemandPrices)].map(({ length }) => length);
  console.out.write(`${file}: ${counts[0]} types, ${counts[1]} zones, ${counts[2]} prices of ${recorded.region}\n`);
  return EXIT.ok;
}

async function feed(
  { shared, isolatedVpc, once, logLevel }: FeedOptions,
  { clients, engine, periods }: FeedParts,
  stopped: AbortSignal,
): Promise<ExitCode> {
  const { AwsCatalogue, Reservations } = await import('../controller/aws-cloud/index.ts');
  const clock = systemClock();
  const opened = openLog({ level: logLevel, paths: ['stderr'], clock });
  const { log } = opened;
  try {
    const identity = await readWhose(clients, shared, stopped);
    log.info({ ...identity, service: engine.address }, 'feeding');
    const writer = new CatalogueWriter(engine.offerings, catalogueOf({ catalogue: identity }));
    const known = await writer.knownPrices(stopped).catch((error: unknown) => unreachable(error));
    const catalogue = new AwsCatalogue({
      clients,
      settings: { isolatedVpc, ...periods },
      knownPrices: async () => known,
      clock,
      random: Math.random,
      log,
      reservations: new Reservations(clock),
      readsReservations: true,
    });
    if (once) return await feedOnce(await catalogue.onSale(), writer, log, stopped);
    const onFed = (): void => undefined;
    await feedOfferings({ cloud: { onSale: () => catalogue.onSale() }, writer, clock, log, onFed }, stopped);
    return EXIT.ok;
  } finally {
    opened.close();
  }
}

async function readWhose(clients: AwsClients, isShared: boolean, stopped: AbortSignal): Promise<CatalogueIdentity> {
  // What solves mean that name a region only.
  if (isShared) return { partition: 'aws', account: '', region: clients.region };
  const { readIdentity } = await import('../controller/aws-cloud/index.ts');
  return await readIdentity(clients, stopped);
}

async function feedOnce(
  onSale: OnSale,
  writer: CatalogueWriter,
  log: ControllerLog,
  stopped: AbortSignal,
): Promise<ExitCode> {
  if (onSale.offerings === undefined) {
    throw new CommandError(EXIT.failed, ['feed offerings: AWS did not say what is offered where; the log says why']);
  }
  const { epoch, unknownTypes } = await writer.write(onSale, stopped).catch((error: unknown) => unreachable(error));
  log.info({ offerings: onSale.offerings.length, epoch: Number(epoch), unknown: unknownTypes.length }, 'fed offerings');
  return EXIT.ok;
}

function unreachable(error: unknown): never {
  if (!(error instanceof EngineError)) throw error;
  throw new CommandError(EXIT.failed, [error.message], { cause: error });
}
