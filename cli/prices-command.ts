// `dovetail prices`: what a service plans with: each offering's price, where it comes from and how old it is.
import { create } from '@bufbuild/protobuf';
import {
  CapacityType,
  CatalogueReferenceSchema,
  type ListedOffering,
  Operator,
  PriceSource,
  type Requirement,
  RequirementSchema,
} from '../proto/index.ts';
import { type CommandConsole, writeAll } from './console.ts';
import { callError, connectToEngine, type EngineConnection, type EngineOptions } from './engine-client.ts';
import { badInput, EXIT, type ExitCode } from './outcome.ts';
import { alignedColumns } from './text-layout.ts';

/** The arguments. */
export interface PricesOptions extends EngineOptions {
  readonly region?: string;
  /** Whose catalogue; absent means nobody's in particular. */
  readonly account?: string;
  readonly zone?: string;
  readonly output: 'table' | 'json';
}

/** One line. */
interface PriceRow {
  readonly instanceType: string;
  readonly zone: string;
  readonly capacityType: string;
  /** Absent where nobody knows it. */
  readonly usdPerHour?: number;
  readonly source: string;
  /** ISO 8601; absent where nobody said. */
  readonly asOf?: string;
  readonly available: boolean;
}

const TYPE_LABEL = 'node.kubernetes.io/instance-type';
const ZONE_LABEL = 'topology.kubernetes.io/zone';
const PAGE_SIZE = 10_000;
const NANO = 1_000_000_000;

const CAPACITY_TYPES: ReadonlyMap<CapacityType, string> = new Map([
  [CapacityType.ON_DEMAND, 'on-demand'],
  [CapacityType.SPOT, 'spot'],
  [CapacityType.RESERVED, 'reserved'],
]);

const SOURCES: ReadonlyMap<PriceSource, string> = new Map([
  [PriceSource.REPORTED, 'reported'],
  [PriceSource.LISTED, 'listed'],
  [PriceSource.ESTIMATED, 'estimated'],
]);

/** Lists them. */
export async function runPrices(
  types: readonly string[],
  options: PricesOptions,
  console: CommandConsole,
): Promise<ExitCode> {
  const engine = await connectToEngine(options);
  try {
    const rows = (await list(engine, types, options)).map(rowOf);
    if (rows.length === 0) throw badInput(`${[...types, options.zone ?? ''].join(' ').trim()}: no such offering`);
    if (options.output === 'json') await writeAll(console.out, [`${JSON.stringify(rows, undefined, 2)}\n`]);
    else await writeAll(console.out, [`${tableLines(rows, Date.now()).join('\n')}\n`]);
    return EXIT.ok;
  } finally {
    await engine.close();
  }
}

async function list(
  engine: EngineConnection,
  types: readonly string[],
  { region = 'us-east-1', account = '', zone }: PricesOptions,
): Promise<ListedOffering[]> {
  const value = { partition: account === '' ? 'aws' : partitionOf(region), account, region };
  const catalogue = create(CatalogueReferenceSchema, { catalogue: { case: 'identity', value } });
  const requirements = [
    ...(types.length === 0 ? [] : [among(TYPE_LABEL, types)]),
    ...(zone === undefined ? [] : [among(ZONE_LABEL, [zone])]),
  ];
  const listed: ListedOffering[] = [];
  let pageToken = '';
  do {
    const request = { catalogue, requirements, pageSize: PAGE_SIZE, pageToken };
    const page = await engine.offerings.listOfferings(request).catch((error: unknown) => {
      throw callError(error, engine.address, (message) => message);
    });
    listed.push(...page.offerings);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return listed;
}

/** As an account's own identity has it. */
function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

function among(key: string, values: readonly string[]): Requirement {
  return create(RequirementSchema, { key, operator: Operator.IN, values: [...values] });
}

function rowOf({ instanceType, offering }: ListedOffering): PriceRow {
  const { priceNanoUsdPerHour: nano, priceAsOfUnixSeconds: seconds = 0n } = offering ?? {};
  return {
    instanceType,
    zone: offering?.zone ?? '',
    capacityType: CAPACITY_TYPES.get(offering?.capacityType ?? CapacityType.UNSPECIFIED) ?? '',
    ...(nano === undefined ? {} : { usdPerHour: Number(nano) / NANO }),
    source: nano === undefined ? 'none' : (SOURCES.get(offering?.priceSource ?? PriceSource.UNSPECIFIED) ?? ''),
    ...(seconds === 0n ? {} : { asOf: new Date(Number(seconds) * 1_000).toISOString() }),
    available: offering?.available ?? false,
  };
}

function tableLines(rows: readonly PriceRow[], nowMs: number): string[] {
  const headings = ['TYPE', 'ZONE', 'CAPACITY', '$/HOUR', 'SOURCE', 'AGE', ''];
  const cells = rows.map(({ instanceType, zone, capacityType, usdPerHour, source, asOf, available }) => [
    instanceType,
    zone,
    capacityType,
    usdPerHour === undefined ? '?' : `${source === 'estimated' ? '~' : ''}$${usdPerHour.toFixed(4)}`,
    source,
    asOf === undefined ? '-' : ageText(nowMs - Date.parse(asOf)),
    available ? '' : 'unavailable',
  ]);
  return alignedColumns([headings, ...cells], new Set([3, 5]));
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** The largest unit of which there are two or more, in whole ones. */
function ageText(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= 2 * each) ?? ['s', 1_000];
  return `${Math.max(0, Math.floor(ms / size))}${unit}`;
}
