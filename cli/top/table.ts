// The nodes as text: a table for paper and pipes, and a screen for terminals of 40 columns and more. Pure: an overview in,
// lines out. Lines of a screen are never wider than it.
import {
  type Fullness,
  HOURS_PER_MONTH,
  type NodeView,
  type Overview,
  percentOf,
  priceText,
} from '../../controller/overview/index.ts';
import type { Style } from '../console.ts';
import { counted, thousands } from '../text-layout.ts';
import type { Resource } from './choices.ts';

/** What is shown and how. */
export interface TableOptions {
  readonly resources: readonly Resource[];
  readonly paint: (style: Style, text: string) => string;
}

/** A screen, and what of the nodes it shows. */
export interface ScreenOptions extends TableOptions {
  readonly columns: number;
  readonly rows: number;
  /** The first node that is shown. */
  readonly from: number;
  /** What is to be said of the connection, if anything. */
  readonly note?: string;
}

const RESOURCE_NAMES: Readonly<Record<Resource, string>> = { cpu: 'CPU', memory: 'MEMORY' };

const BAR_WIDTH = 10;

/** What is left out first where a line would not fit; after that a node takes two lines. */
const DISPENSABLE = ['ZONE', 'CAPACITY', 'STATE'];

interface Column {
  readonly heading: string;
  readonly isNumber?: boolean;
  readonly cell: (node: NodeView, nowMs: number) => string;
}

/** "3 min" would tear columns apart. */
function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 120 * 60) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 48 * 3_600) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

function shareText(fullness: Fullness): string {
  return fullness.of === 0 ? '-' : `${percentOf(fullness)}%`;
}

function barText(fullness: Fullness): string {
  const full = Math.min(BAR_WIDTH, Math.round((percentOf(fullness) * BAR_WIDTH) / 100));
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${shareText(fullness).padStart(4)}`;
}

/** A node's name without its domain. */
function shortName({ nodeName, id }: NodeView): string {
  return (nodeName ?? id).split('.', 1)[0] ?? '';
}

function podCount({ pods }: NodeView): number {
  return pods.reduce((sum, { count }) => sum + count, 0);
}

function nodePrice({ pricePerHour, isEstimate }: NodeView): string {
  return pricePerHour === undefined ? '?' : priceText(pricePerHour, isEstimate);
}

function columnsOf(resources: readonly Resource[], hasBars: boolean): readonly Column[] {
  return [
    { heading: 'NODE', cell: shortName },
    { heading: 'STATE', cell: ({ state }) => state },
    { heading: 'TYPE', cell: ({ instanceType }) => instanceType || '-' },
    { heading: 'CAPACITY', cell: ({ capacityType }) => capacityType || '-' },
    { heading: 'ZONE', cell: ({ zone }) => zone || '-' },
    ...resources.map((resource) => ({
      heading: RESOURCE_NAMES[resource],
      isNumber: true,
      cell: (node: NodeView) => (hasBars ? barText(node[resource]) : shareText(node[resource])),
    })),
    { heading: 'PODS', isNumber: true, cell: (node) => thousands(podCount(node)) },
    { heading: '$/HOUR', isNumber: true, cell: nodePrice },
    { heading: 'AGE', isNumber: true, cell: ({ sinceMs }, nowMs) => ageText(nowMs - sinceMs) },
  ];
}

/** Nodes under headings, each column as wide as what is in it. */
function nodeTable(nodes: readonly NodeView[], nowMs: number, columns: readonly Column[]): string[] {
  const cells = [
    columns.map(({ heading }) => heading),
    ...nodes.map((node) => columns.map(({ cell }) => cell(node, nowMs))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => (row[index] ?? '').length)));
  return cells.map((row) =>
    row
      .map((cell, index) =>
        columns[index]?.isNumber ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** The sums of the nodes that are shown. */
function sums(nodes: readonly NodeView[]) {
  const add = (read: (node: NodeView) => number): number => nodes.reduce((sum, node) => sum + read(node), 0);
  const full = (resource: Resource): Fullness => ({
    used: add((node) => node[resource].used),
    of: add((node) => node[resource].of),
  });
  return {
    ready: nodes.filter(({ state }) => state === 'ready').length,
    pods: add((node) => (node.isExpected ? 0 : podCount(node))),
    pricePerHour: add(({ pricePerHour = 0 }) => pricePerHour),
    isEstimate: nodes.some(({ isEstimate }) => isEstimate),
    withoutPrice: nodes.filter(({ pricePerHour }) => pricePerHour === undefined).length,
    full,
  };
}

/** "~$0.1224/hour, ~$89.35/month". */
function priceLine({ pricePerHour, isEstimate, withoutPrice }: ReturnType<typeof sums>): string[] {
  const mark = isEstimate ? '~' : '';
  const month = (pricePerHour * HOURS_PER_MONTH).toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ',');
  return [
    `${priceText(pricePerHour, isEstimate)}/hour, ${mark}$${month}/month`,
    ...(withoutPrice === 0 ? [] : [`${counted(withoutPrice, 'node')} without a price`]),
  ];
}

function waitingText({ totals }: Overview): string {
  return totals.waiting === 0
    ? 'none waits'
    : `${thousands(totals.waiting)} ${totals.waiting === 1 ? 'waits' : 'wait'}`;
}

/** The whole table with its sum, however wide it gets. */
export function tableLines(
  overview: Overview,
  nodes: readonly NodeView[],
  { resources, paint }: TableOptions,
): string[] {
  const [headings = '', ...rows] = nodeTable(nodes, overview.timeMs, columnsOf(resources, false));
  const sum = sums(nodes);
  const shares = resources.map(
    (resource) => `${RESOURCE_NAMES[resource].toLowerCase()} ${shareText(sum.full(resource))}`,
  );
  return [
    ...(nodes.length === 0 ? ['no nodes'] : [paint('bold', headings), ...rows, '']),
    `${counted(nodes.length, 'node')}, ${thousands(sum.ready)} ready, ${shares.join(', ')}; ${counted(sum.pods, 'pod')}, ${waitingText(overview)}`,
    priceLine(sum).join('; '),
  ];
}

/** A screenful. `nodes` are all of them; those from `from` on are shown as far as there is room. */
export function screenLines(overview: Overview, nodes: readonly NodeView[], options: ScreenOptions): string[] {
  const { columns, rows, paint, note } = options;
  const header = headerLines(overview, nodes, options).map((line) => fit(line, columns));
  const table = fittingTable(overview, nodes, options);
  const body = table === undefined ? narrowRows(overview, nodes, options) : wideRows(table, nodes, options);
  const footer = fit(footerText(nodes.length, body.shown, options), columns);
  return [
    ...(note === undefined ? [] : [paint('yellow', fit(note, columns))]),
    ...header.map((line, index) => (index === 0 ? paint('bold', line) : line)),
    ...body.lines,
    paint('dim', footer),
  ].slice(0, rows);
}

function headerLines(overview: Overview, nodes: readonly NodeView[], { resources, columns }: ScreenOptions): string[] {
  const sum = sums(nodes);
  const longest = Math.max(...resources.map((resource) => RESOURCE_NAMES[resource].length));
  const width = Math.min(40, columns - longest - 7);
  return [
    `${overview.cluster}: ${counted(nodes.length, 'node')}, ${thousands(sum.ready)} ready`,
    `${counted(sum.pods, 'pod')}, ${waitingText(overview)}`,
    ...resources.map((resource) => {
      const full = sum.full(resource);
      const filled = Math.min(width, Math.round((percentOf(full) * width) / 100));
      const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
      return `${RESOURCE_NAMES[resource].padEnd(longest)} ${bar} ${shareText(full).padStart(4)}`;
    }),
    ...priceLine(sum),
    '',
  ];
}

interface Body {
  readonly lines: readonly string[];
  /** How many nodes they show. */
  readonly shown: number;
}

/** Lines that are left for nodes. */
function room({ rows, resources, note }: ScreenOptions, nodes: readonly NodeView[]): number {
  const unpriced = nodes.some(({ pricePerHour }) => pricePerHour === undefined) ? 1 : 0;
  return Math.max(0, rows - (4 + resources.length + unpriced) - (note === undefined ? 0 : 1) - 1);
}

/** The table with as much as fits: with bars, without, with fewer columns. Undefined where even that is too wide. */
function fittingTable(
  { timeMs }: Overview,
  nodes: readonly NodeView[],
  { columns, resources }: ScreenOptions,
): readonly string[] | undefined {
  const plain = columnsOf(resources, false);
  const choices = [
    columnsOf(resources, true),
    ...[0, 1, 2, 3].map((count) => plain.filter(({ heading }) => !DISPENSABLE.slice(0, count).includes(heading))),
  ];
  // Widths are those of all nodes, so that nothing jumps when one scrolls.
  for (const choice of choices) {
    const table = nodeTable(nodes, timeMs, choice);
    if (table.every((line) => line.length <= columns)) return table;
  }
  return undefined;
}

function wideRows(table: readonly string[], nodes: readonly NodeView[], options: ScreenOptions): Body {
  const { from, paint } = options;
  const shown = nodes.slice(from, from + Math.max(0, room(options, nodes) - 1));
  const [headings = ''] = table;
  const lines = table.slice(1 + from, 1 + from + shown.length);
  return {
    lines: [paint('dim', headings), ...lines.map((line, index) => paintState(line, shown[index], paint))],
    shown: shown.length,
  };
}

/** Two lines a node: what it is, and how it is. */
function narrowRows({ timeMs }: Overview, nodes: readonly NodeView[], options: ScreenOptions): Body {
  const { columns, from, paint, resources } = options;
  const shown = nodes.slice(from, from + Math.floor(room(options, nodes) / 2));
  const lines = shown.flatMap((node) => {
    const state = node.state === 'ready' ? '' : `${node.state} `;
    const facts = [
      ...resources.map((resource) => `${resource === 'cpu' ? 'cpu' : 'mem'} ${shareText(node[resource])}`),
      counted(podCount(node), 'pod'),
      nodePrice(node),
      ageText(timeMs - node.sinceMs),
    ];
    return [
      paintState(
        fit(`${shortName(node)} ${state}${node.instanceType} ${node.capacityType}`.trimEnd(), columns),
        node,
        paint,
      ),
      fit(`  ${facts.join(' ')}`, columns),
    ];
  });
  return { lines, shown: shown.length };
}

function paintState(line: string, node: NodeView | undefined, paint: TableOptions['paint']): string {
  if (node === undefined || node.state === 'ready') return line;
  return paint(node.state === 'draining' || node.state === 'not-ready' ? 'yellow' : 'green', line);
}

function footerText(nodeCount: number, shown: number, { from }: ScreenOptions): string {
  const rest = nodeCount - shown;
  const where =
    rest === 0
      ? ''
      : `${thousands(from + 1)}-${thousands(from + shown)} of ${thousands(nodeCount)}, up and down scroll; `;
  return `${where}q quits`;
}

/** At most so many columns; what is cut says so. */
function fit(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}
