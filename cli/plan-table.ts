// A plan as a table for people. Pure: text in, text out; colours come from the painter that is handed in. Nodes that are
// alike in everything shown share a row with their number.
import { capacityTypeName, dollars, rankedOfferings, reportExtras } from '../controller/kubernetes/index.ts';
import { HOURS_PER_MONTH } from '../controller/overview/index.ts';
import {
  type PlacedPods,
  type Plan,
  type PlanBound,
  type PlannedNode,
  PriceSource,
  type RankedOffering,
  type Resources,
  type SolveRequest,
} from '../proto/index.ts';
import type { Style } from './console.ts';

/** What the table is made of. */
export interface TableInput {
  readonly request: SolveRequest;
  readonly plan: Plan;
  /** By `namespace/pod name`: what people call the pod's workload. */
  readonly workloadByPod: ReadonlyMap<string, string>;
  readonly paint: (style: Style, text: string) => string;
}

/** How many alternatives and workloads a row names before it counts the rest. */
const NAMED_ALTERNATIVES = 3;
const NAMED_WORKLOADS = 3;

const ESTIMATE_MARK = '~';

const HEADINGS = [
  'NODES',
  'POOL',
  'TYPE',
  'ZONE',
  'CAPACITY',
  '$/HOUR',
  'CPU',
  'MEMORY',
  'PODS',
  'WORKLOADS',
  'ALTERNATIVES',
];
const RIGHT_ALIGNED = new Set(['NODES', '$/HOUR', 'CPU', 'MEMORY', 'PODS']);

/** The whole text of the table, with a newline at its end. */
export function planTable(input: TableInput): string {
  const { plan, paint } = input;
  const sections: string[] = [];
  if (plan.nodes.length > 0) sections.push(nodeTable(input));
  if (plan.existing.length > 0) sections.push(existingList(input));
  if (plan.nodes.some(({ relaxedMinValues }) => relaxedMinValues.length > 0)) sections.push(relaxedList(input));
  if (plan.unplaced.length > 0) sections.push(unplacedList(input));
  const bound = plan.bound === undefined ? '' : `${boundText(plan, plan.bound)}\n`;
  const estimates = plan.containsEstimatedPrices ? estimateNote() : '';
  sections.push(`${paint('bold', totals(plan))}\n${extrasText(plan)}${bound}${estimates}`);
  return sections.join('\n');
}

/** "Counted beside it: ~$0.0110 an hour for volumes; charges of $0.05 for nodes": what else the plan was chosen by. */
function extrasText({ totalExtras }: Plan): string {
  const extras = reportExtras(totalExtras);
  if (extras === undefined) return '';
  const parts = [
    { amount: extras.nodeClass, text: `${ESTIMATE_MARK}$${moneyText(extras.nodeClass)} an hour for volumes` },
    { amount: extras.nodeCharge, text: `charges of $${moneyText(extras.nodeCharge)} for nodes` },
    {
      amount: extras.flexibilityCharge,
      text: `$${moneyText(extras.flexibilityCharge)} for few ways to launch on spot`,
    },
  ];
  const shown = parts.filter(({ amount }) => amount > 0).map(({ text }) => text);
  return `Counted beside it: ${shown.join(', ')} (docs/packing.md says what counts).\n`;
}

function estimateNote(): string {
  return `${ESTIMATE_MARK} marks estimated prices: no source of the catalogue has them (docs/catalogue.md tells the rules).\n`;
}

function nodeTable(input: TableInput): string {
  const rows = new Map<string, { count: number; cells: string[] }>();
  for (const node of input.plan.nodes) {
    const cells = nodeCells(input, node);
    const key = cells.join('\u0000');
    const row = rows.get(key);
    if (row === undefined) rows.set(key, { count: 1, cells });
    else row.count += 1;
  }
  const body = [...rows.values()].map(({ count, cells }) => [String(count), ...cells]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...body.map((cells) => (cells[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return RIGHT_ALIGNED.has(HEADINGS[column] ?? '') ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return `${[input.paint('bold', line(HEADINGS)), ...body.map(line)].join('\n')}\n`;
}

function nodeCells({ plan, request, workloadByPod }: TableInput, node: PlannedNode): string[] {
  const ranked = rankedOfferings(plan, node.offeringList);
  const [best] = ranked;
  const podCount = node.pods.reduce((sum, { names }) => sum + names.length, 0);
  return [
    node.nodePool,
    best?.instanceType ?? '',
    best?.zone ?? '',
    best === undefined ? '' : capacityTypeName(best.capacityType),
    best === undefined ? '' : priceText(best),
    fullness(
      node,
      (resources) => resources?.cpuMilli,
      (milli) => (milli / 1000).toFixed(1),
    ),
    fullness(
      node,
      (resources) => resources?.memoryBytes,
      (bytes) => `${(bytes / 1024 ** 3).toFixed(1)}Gi`,
    ),
    String(podCount),
    workloadText(node.pods, request, workloadByPod),
    alternativesText(ranked),
  ];
}

/** A price with four digits, or as many as it takes to show that it is not nothing. */
function priceText(offering: RankedOffering): string {
  const price = dollars(offering.priceNanoUsdPerHour);
  const mark = offering.priceSource === PriceSource.ESTIMATED ? ESTIMATE_MARK : '';
  return `${mark}${moneyText(price)}`;
}

function moneyText(amount: number): string {
  return amount !== 0 && amount < 0.001 ? amount.toPrecision(2) : amount.toFixed(4);
}

/** "3.2/3.9 82%": what pods and daemonsets take of what the node holds. */
function fullness(
  node: PlannedNode,
  amountOf: (resources: Resources | undefined) => bigint | undefined,
  show: (amount: number) => string,
): string {
  const used = Number((amountOf(node.requests) ?? 0n) + (amountOf(node.daemonOverhead) ?? 0n));
  const room = Number(amountOf(node.allocatable) ?? 0n);
  const share = room === 0 ? 0 : Math.round((100 * used) / room);
  return `${show(used)}/${show(room)} ${String(share).padStart(3)}%`;
}

/** "3 deployment/web, 1 pod/one-off". */
export function workloadText(
  pods: readonly PlacedPods[],
  request: SolveRequest,
  workloadByPod: ReadonlyMap<string, string>,
): string {
  const counts = new Map<string, number>();
  for (const { group, names } of pods) {
    const namespace = namespaceOfGroup(request, group);
    for (const name of names) {
      const workload = workloadByPod.get(`${namespace}/${name}`) ?? `pod/${name}`;
      counts.set(workload, (counts.get(workload) ?? 0) + 1);
    }
  }
  const sorted = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const shown = sorted.slice(0, NAMED_WORKLOADS).map(([workload, count]) => `${count} ${workload}`);
  const rest = sorted.length - shown.length;
  return rest > 0 ? `${shown.join(', ')}, ${rest} more` : shown.join(', ');
}

function namespaceOfGroup(request: SolveRequest, group: number): string {
  const namespace = request.podGroups[group]?.shape?.namespace ?? '';
  return namespace === '' ? 'default' : namespace;
}

/** "11 types (c7a.large, m7a.large, r7a.large, ...), 44 offerings". */
function alternativesText(ranked: readonly RankedOffering[]): string {
  const others = ranked.slice(1);
  if (others.length === 0) return 'none';
  const types = [...new Set(others.map((offering) => offering.instanceType))];
  const named = types.slice(0, NAMED_ALTERNATIVES).join(', ');
  const more = types.length > NAMED_ALTERNATIVES ? ', ...' : '';
  return `${others.length} in ${counted(types.length, 'type')} (${named}${more})`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function existingList({ plan, request, workloadByPod, paint }: TableInput): string {
  const lines = plan.existing.map(({ node, pods }) => `  ${node}: ${workloadText(pods, request, workloadByPod)}`);
  return `${paint('bold', 'ON NODES THAT ARE THERE')}\n${lines.join('\n')}\n`;
}

/** minValues that nodes do not reach, each different shortfall once. */
function relaxedList({ plan, paint }: TableInput): string {
  const counts = new Map<string, number>();
  for (const { nodePool, relaxedMinValues } of plan.nodes) {
    for (const { key, wanted, left } of relaxedMinValues) {
      const text = `of pool ${nodePool}: ${left} of ${wanted} values of ${key}`;
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  const lines = [...counts].map(([text, count]) => `  ${counted(count, 'node')} ${text}`);
  return `${paint('bold', 'SHORT OF MINVALUES')}\n${lines.join('\n')}\n`;
}

/** Pods without a place by workload and reason, each reason on a line of its own. */
function unplacedList({ plan, request, workloadByPod, paint }: TableInput): string {
  const blocks = new Map<string, { pods: PlacedPods[]; reasons: string[] }>();
  for (const { pods, reasons } of plan.unplaced) {
    if (pods === undefined) continue;
    const lines = reasons.map(({ nodePool, message }) => (nodePool === '' ? message : `pool ${nodePool}: ${message}`));
    const block = blocks.get(lines.join('\n'));
    if (block === undefined) blocks.set(lines.join('\n'), { pods: [pods], reasons: lines });
    else block.pods.push(pods);
  }
  const text = [...blocks.values()].map(({ pods, reasons }) => {
    const heading = `  ${workloadText(pods, request, workloadByPod)}`;
    return [heading, ...reasons.map((reason) => `    ${reason}`)].join('\n');
  });
  return `${paint('red', 'WITHOUT A PLACE')}\n${text.join('\n')}\n`;
}

/**
 * "No plan for these pods costs less than $0.0320 an hour, proven: this one is 5.00 % above that"; where more than prices
 * counts, with what this one costs by that.
 */
function boundText(plan: Plan, bound: PlanBound): string {
  const { lowerBoundNanoUsdPerHour, gap, converged } = bound;
  const cost = plan.totalCostNanoUsdPerHour;
  const mark = plan.containsEstimatedPrices ? ESTIMATE_MARK : '';
  const money = (amount: bigint): string => `${mark}$${moneyText(dollars(amount))}`;
  const isPrice = cost === plan.totalPriceNanoUsdPerHour;
  const start = isPrice ? 'No plan' : 'With what counts beside prices, no plan';
  const share = gap === undefined ? '' : `${(100 * gap).toFixed(2)} % above that`;
  const above = gap === undefined ? '' : `: this one ${isPrice ? `is ${share}` : `costs ${money(cost)}, ${share}`}`;
  const cut = converged ? '' : ' (more may be provable: the work on it ran out)';
  return `${start} for these pods costs less than ${money(lowerBoundNanoUsdPerHour)} an hour, proven${above}${cut}`;
}

/** "5 pods on 5 new nodes: $0.03 an hour, $24.53 a month (730 h)". */
export function totals(plan: Plan): string {
  const count = (lists: readonly { readonly pods: readonly PlacedPods[] }[]) =>
    lists.reduce((sum, { pods }) => sum + pods.reduce((inner, { names }) => inner + names.length, 0), 0);
  const placed = count(plan.nodes) + count(plan.existing);
  const unplaced = plan.unplaced.reduce((sum, { pods }) => sum + (pods?.names.length ?? 0), 0);
  const hourly = dollars(plan.totalPriceNanoUsdPerHour);
  const mark = plan.containsEstimatedPrices && plan.nodes.length > 0 ? ESTIMATE_MARK : '';
  const left = unplaced === 0 ? '' : `; ${counted(unplaced, 'pod')} without a place`;
  return (
    `${counted(placed, 'pod')} on ${counted(plan.nodes.length, 'new node')}` +
    `${plan.existing.length === 0 ? '' : ` and ${counted(plan.existing.length, 'node')} that ${plan.existing.length === 1 ? 'is' : 'are'} there`}` +
    `${left}: ${mark}$${moneyText(hourly)} an hour, ${mark}$${(hourly * HOURS_PER_MONTH).toFixed(2)} a month (${HOURS_PER_MONTH} h)`
  );
}
