// Runs tasks inside a worker: opens catalogues, copies prices, calls the engine. It keeps nothing between tasks but
// opened catalogues and replicas of sessions' states, which are bounded, and starts no timers: between tasks the thread
// sleeps.
import {
  type Catalogue,
  copyPriceTable,
  createPriceSnapshot,
  describeType,
  type EnginePlan,
  explain,
  matchOfferings,
  openCatalogue,
  type PriceSnapshot,
  rankOfferings,
  solve,
} from '../../engine/index.ts';
import type { WorkerTimes } from '../call-context/index.ts';
import { LIMITS } from '../limits.ts';
import { ReplicaStore } from '../replica/index.ts';
import type {
  ExplainAnswer,
  ExplainTask,
  ListAnswer,
  ListTask,
  PostedTask,
  RankAnswer,
  RankTask,
  SessionPlanAnswer,
  SessionPlanTask,
  SolveAnswer,
  SolveTask,
  TaskCatalogue,
  TaskOutcome,
  WorkerAnswer,
  WorkerTask,
} from './task.ts';

/** How prices are copied out of shared memory; the engine's way keeps the table's lock. */
export type CopyPrices = (table: SharedArrayBuffer, into: PriceSnapshot) => PriceSnapshot;

interface OpenedCatalogue {
  readonly catalogue: Catalogue;
  /** Filled anew by each task that needs prices. */
  readonly prices: PriceSnapshot;
}

/** What a worker keeps between tasks. */
interface Kept {
  readonly opened: Map<string, OpenedCatalogue>;
  readonly replicas: ReplicaStore;
}

/** When the steps before the engine's were done, by performance.now. */
interface Laps {
  openedMs: number;
  pricedMs: number;
}

/** The function that a worker file exports: one task in, its outcome out. It never throws. */
export function createTaskHandler(copyPrices: CopyPrices = copyPriceTable): (posted: PostedTask) => TaskOutcome {
  const kept: Kept = { opened: new Map(), replicas: new ReplicaStore() };
  return (posted) => {
    const startMs = performance.now();
    const runUs = (): number => Math.round((performance.now() - startMs) * 1000);
    const stop = new Int32Array(posted.stopFlag);
    try {
      if (Atomics.load(stop, 0) !== 0) return { kind: 'stopped', runUs: runUs() };
      const laps: Laps = { openedMs: startMs, pricedMs: startMs };
      const answer = runTask(posted.task, kept, copyPrices, stop, startMs, laps);
      return Atomics.load(stop, 0) === 0
        ? { kind: 'answer', answer, runUs: runUs(), times: timesOf(startMs, laps) }
        : { kind: 'stopped', runUs: runUs() };
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { kind: 'thrown', text, runUs: runUs() };
    }
  };
}

function runTask(
  task: WorkerTask,
  { opened, replicas }: Kept,
  copyPrices: CopyPrices,
  stop: Int32Array,
  startMs: number,
  laps: Laps,
): WorkerAnswer {
  if (task.kind === 'ping') return { kind: 'ping' };
  const { catalogue, prices } = open(opened, task.catalogue);
  laps.openedMs = performance.now();
  copyPrices(task.catalogue.priceTable, prices);
  laps.pricedMs = performance.now();
  switch (task.kind) {
    case 'solve':
      return runSolve(task, catalogue, prices, stop, startMs);
    case 'session-plan':
      return runSessionPlan(task, catalogue, prices, replicas, stop, startMs);
    case 'explain':
      return runExplain(task, catalogue, prices, stop, startMs);
    case 'rank':
      return runRank(task, catalogue, prices);
    case 'list':
      return runList(task, catalogue, prices);
  }
}

function timesOf(startMs: number, { openedMs, pricedMs }: Laps): WorkerTimes {
  const endMs = performance.now();
  const us = (ms: number): number => Math.round(ms * 1000);
  return {
    startedEpochMs: performance.timeOrigin + startMs,
    openUs: us(openedMs - startMs),
    pricesUs: us(pricedMs - openedMs),
    engineUs: us(endMs - pricedMs),
  };
}

function runSolve(
  task: SolveTask,
  catalogue: Catalogue,
  prices: PriceSnapshot,
  stop: Int32Array,
  startMs: number,
): SolveAnswer {
  const plan = solve(catalogue, prices, task.problem, interruptOf(task, stop, startMs), interruptBoundOf(stop));
  return { kind: 'solve', epoch: prices.epoch, plan };
}

function runSessionPlan(
  task: SessionPlanTask,
  catalogue: Catalogue,
  prices: PriceSnapshot,
  replicas: ReplicaStore,
  stop: Int32Array,
  startMs: number,
): SessionPlanAnswer {
  const { problem, shapeOfGroup } = replicas.open(task.state).problem(task.pending, task.options);
  const interrupt = interruptOf(task, stop, startMs);
  const { bound, ...plan } = solve(catalogue, prices, problem, interrupt, interruptBoundOf(stop));
  // Nodes are named by their place in a list of those that the plan names: what goes back is small.
  const named = new NodeNumbers();
  const existing = plan.existing.map((assignment) => ({ ...assignment, nodeIndex: named.of(assignment.nodeIndex) }));
  const charges = bound?.charges.map((charge) => ({ ...charge, nodeIndices: charge.nodeIndices.map(named.of) })) ?? [];
  return {
    kind: 'session-plan',
    epoch: prices.epoch,
    plan: { ...plan, existing, ...(bound === undefined ? {} : { bound: { ...bound, charges } }) },
    poolNames: problem.pools.map(({ name }) => name),
    nodeNames: named.indices.map((nodeIndex) => problem.nodes[nodeIndex]?.name ?? ''),
    shapeOfGroup,
    shapeCount: problem.shapes.length,
  };
}

/** Numbers nodes in the order in which they are first asked about. */
class NodeNumbers {
  readonly indices: number[] = [];
  readonly #numbers = new Map<number, number>();

  readonly of = (nodeIndex: number): number => {
    const known = this.#numbers.get(nodeIndex);
    if (known !== undefined) return known;
    this.#numbers.set(nodeIndex, this.indices.length);
    return this.indices.push(nodeIndex) - 1;
  };
}

function runExplain(
  task: ExplainTask,
  catalogue: Catalogue,
  prices: PriceSnapshot,
  stop: Int32Array,
  startMs: number,
): ExplainAnswer {
  const { problem, query } = task;
  const interrupt = interruptOf(task, stop, startMs);
  const plan = solve(catalogue, prices, problem, interrupt, interruptBoundOf(stop));
  const nodes = query.plannedNodes === 'all' ? 'all' : kindsOf(plan, query.plannedNodes);
  const { shapes, existingNodes } = query;
  const asked = { shapes, nodes, ...(existingNodes === undefined ? {} : { existingNodes }) } as const;
  const explanation = explain(catalogue, prices, problem, plan, asked, interrupt, LIMITS.explainWorkUnits);
  return { kind: 'explain', epoch: prices.epoch, plan, explanation };
}

/** The kinds, each once, of planned nodes that are counted one by one. */
function kindsOf(plan: EnginePlan, places: readonly number[]): number[] {
  const kinds: number[] = [];
  plan.nodes.forEach(({ nodeCount }, kind) => {
    for (let copy = 0; copy < nodeCount; copy++) kinds.push(kind);
  });
  return [...new Set(places.flatMap((place) => kinds[place] ?? []))].sort((left, right) => left - right);
}

/** Whether the caller has gone or the time is up. */
function interruptOf({ timeLimitMs }: { readonly timeLimitMs: number }, stop: Int32Array, startMs: number) {
  return (): boolean => Atomics.load(stop, 0) !== 0 || (timeLimitMs > 0 && performance.now() - startMs >= timeLimitMs);
}

/** Whether the caller has gone or the time for the bound is up; that begins when it is first asked. */
function interruptBoundOf(stop: Int32Array): () => boolean {
  let startMs: number | undefined;
  return () => {
    const nowMs = performance.now();
    startMs ??= nowMs;
    return Atomics.load(stop, 0) !== 0 || nowMs - startMs >= LIMITS.boundTimeMs;
  };
}

function runRank(task: RankTask, catalogue: Catalogue, prices: PriceSnapshot): RankAnswer {
  const { offerings, reasons } = rankOfferings(catalogue, prices, {
    requirements: task.requirements,
    requests: task.requests,
    ...(task.nodeClass === undefined ? {} : { nodeClass: task.nodeClass }),
    maxInstanceTypes: task.maxInstanceTypes,
    minValuesPolicy: task.minValuesPolicy,
  });
  return { kind: 'rank', epoch: prices.epoch, offerings, reasons };
}

function runList(task: ListTask, catalogue: Catalogue, prices: PriceSnapshot): ListAnswer {
  const matching = matchOfferings(catalogue, task.requirements, task.nodeClass);
  const listed: number[] = [];
  let next = task.start;
  for (; next < catalogue.offeringCount && listed.length < task.pageSize; next++) {
    if (hasBit(matching, next)) listed.push(next);
  }
  while (next < catalogue.offeringCount && !hasBit(matching, next)) next += 1;
  const typeIndices = new Set(listed.map((offering) => catalogue.offering(offering).typeIndex));
  return {
    kind: 'list',
    epoch: prices.epoch,
    offeringIndex: Uint32Array.from(listed),
    priceNanoUsdPerHour: Float64Array.from(listed, (offering) => prices.priceNanoUsdPerHour[offering] ?? Number.NaN),
    priceSource: Uint8Array.from(listed, (offering) => prices.source[offering] ?? 0),
    available: Uint8Array.from(listed, (offering) => prices.available[offering] ?? 0),
    types: Array.from(typeIndices, (typeIndex) => describeType(catalogue, typeIndex, task.nodeClass)),
    nextStart: next < catalogue.offeringCount ? next : -1,
  };
}

function hasBit(bits: Uint32Array, position: number): boolean {
  return (((bits[position >>> 5] ?? 0) >>> (position & 31)) & 1) === 1;
}

/** The catalogue opened before, or now. The one unused for longest goes when there are too many. */
function open(opened: Map<string, OpenedCatalogue>, { digest, buffer }: TaskCatalogue): OpenedCatalogue {
  let entry = opened.get(digest);
  if (entry === undefined) {
    const catalogue = openCatalogue(buffer);
    entry = { catalogue, prices: createPriceSnapshot(catalogue.offeringCount) };
  } else opened.delete(digest);
  opened.set(digest, entry);
  if (opened.size > LIMITS.openCataloguesPerWorkerCount) {
    const [oldest] = opened.keys();
    if (oldest !== undefined) opened.delete(oldest);
  }
  return entry;
}
