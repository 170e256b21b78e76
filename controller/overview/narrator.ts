// What happens in a cluster, in sentences: it looks at the overview now and then and says what has changed since it looked
// last. It speaks of crowds, so that 2,000 pods make a handful of lines.
import type { DecidedNodes, Decision, NodeState, NodeView, Overview } from './overview.ts';
import { countText, podsText, priceText } from './texts.ts';

/** One thing that happened. */
export interface Happening {
  /** By the cluster's clock, milliseconds since 1970. */
  readonly timeMs: number;
  readonly text: string;
  /** How it is meant: news, a success, a trouble, a reason. */
  readonly tone: 'news' | 'good' | 'bad' | 'why';
}

/** More nodes than this that do the same at once are told of as a crowd. */
const NAMED_NODES = 3;

/** Kinds of nodes of a plan that are told of one by one. */
const NAMED_KINDS = 4;

/** The least time between two lines about pods that have begun to run, while more are to come. */
const RUNNING_EVERY_MS = 2_000;

interface WorkloadMemory {
  waiting: number;
  running: number;
  toldMs: number;
}

/** The narrator. */
export class Narrator {
  readonly #nodes = new Map<string, NodeView>();
  readonly #workloads = new Map<string, WorkloadMemory>();
  #decisionNumber = 0;
  readonly #unexplained = new Set<number>();

  /** What has happened since the last call, in the order in which it makes sense. */
  tell(overview: Overview): Happening[] {
    const { timeMs } = overview;
    const lines = [...this.#waiting(overview), ...this.#decisions(overview), ...this.#nodeSteps(overview)];
    return [...lines, ...this.#running(overview)].map((line) => ({ timeMs, ...line }));
  }

  #memoryOf(key: string): WorkloadMemory {
    let memory = this.#workloads.get(key);
    if (memory === undefined) {
      memory = { waiting: 0, running: 0, toldMs: Number.NEGATIVE_INFINITY };
      this.#workloads.set(key, memory);
    }
    return memory;
  }

  *#waiting({ workloads }: Overview): Generator<Omit<Happening, 'timeMs'>> {
    for (const { namespace, workload, waiting } of workloads) {
      const memory = this.#memoryOf(`${namespace} ${workload}`);
      if (waiting > memory.waiting) {
        yield {
          tone: 'news',
          text: `${countText(waiting, 'pod')} of ${workload} ${waiting === 1 ? 'waits' : 'wait'} for a node`,
        };
      }
      memory.waiting = waiting;
    }
  }

  *#decisions({ decisions }: Overview): Generator<Omit<Happening, 'timeMs'>> {
    for (const decision of decisions.toReversed()) {
      if (decision.number > this.#decisionNumber) {
        this.#decisionNumber = decision.number;
        this.#unexplained.add(decision.number);
        yield* decisionLines(decision);
      }
      if (decision.reasons !== 'waiting' && this.#unexplained.delete(decision.number)) yield* reasonLines(decision);
    }
  }

  *#nodeSteps({ nodes }: Overview): Generator<Omit<Happening, 'timeMs'>> {
    const steps = new Map<NodeState | 'gone', NodeView[]>();
    const add = (step: NodeState | 'gone', node: NodeView): void => {
      const list = steps.get(step);
      if (list === undefined) steps.set(step, [node]);
      else list.push(node);
    };
    const seen = new Set<string>();
    for (const node of nodes) {
      seen.add(node.id);
      if (this.#nodes.get(node.id)?.state !== node.state) add(node.state, node);
      this.#nodes.set(node.id, node);
    }
    for (const [id, node] of this.#nodes) {
      if (seen.has(id)) continue;
      add('gone', node);
      this.#nodes.delete(id);
    }
    for (const [step, list] of steps) yield* stepLines(step, list);
  }

  *#running({ workloads, timeMs }: Overview): Generator<Omit<Happening, 'timeMs'>> {
    const seen = new Set<string>();
    for (const { namespace, workload, running, starting, waiting } of workloads) {
      const key = `${namespace} ${workload}`;
      seen.add(key);
      const memory = this.#memoryOf(key);
      const allRun = starting === 0 && waiting === 0;
      if (running === memory.running || (!allRun && timeMs - memory.toldMs < RUNNING_EVERY_MS)) continue;
      memory.running = running;
      memory.toldMs = timeMs;
      const wanted = running + starting + waiting;
      const text = allRun
        ? `${countText(running, 'pod')} of ${workload} run`
        : `${running} of ${countText(wanted, 'pod')} of ${workload} run`;
      yield { tone: allRun ? 'good' : 'news', text: running === 1 ? text.replace(/run$/, 'runs') : text };
    }
    for (const [key, memory] of this.#workloads) {
      if (seen.has(key)) continue;
      if (memory.running > 0) yield { tone: 'news', text: `all pods of ${key.split(' ')[1]} are gone` };
      this.#workloads.delete(key);
    }
  }
}

function* decisionLines({
  number,
  nodes,
  leftOut,
  onExisting,
  solveMs,
}: Decision): Generator<Omit<Happening, 'timeMs'>> {
  const head = `plan ${number} (${solveMs.toFixed(1)} ms):`;
  for (const kind of nodes.slice(0, NAMED_KINDS)) {
    yield { tone: 'news', text: `${head} ${kindText(kind)}` };
  }
  if (nodes.length > NAMED_KINDS) {
    const rest = nodes.slice(NAMED_KINDS).reduce((sum, { count }) => sum + count, 0);
    yield { tone: 'news', text: `${head} ${countText(rest, 'more node')}` };
  }
  if (onExisting > 0) {
    yield { tone: 'news', text: `${head} ${countText(onExisting, 'pod')} on nodes that are there or on their way` };
  }
  for (const { why, ...pods } of leftOut) {
    yield { tone: 'bad', text: `${head} no place for ${podsText([pods])}: ${why}` };
  }
}

function* reasonLines({ number, nodes, leftOut }: Decision): Generator<Omit<Happening, 'timeMs'>> {
  for (const { why } of nodes.slice(0, NAMED_KINDS)) {
    if (why !== undefined) yield { tone: 'why', text: `plan ${number}, why: ${why}` };
  }
  for (const { change, workload } of leftOut) {
    if (change !== undefined) yield { tone: 'why', text: `plan ${number}, to let ${workload} in: ${change}` };
  }
}

function kindText({
  count,
  instanceType,
  capacityType,
  zone,
  pricePerHour,
  isEstimate,
  pods,
  typeCount,
}: DecidedNodes): string {
  const many = count === 1 ? '' : `${count} × `;
  const each = count === 1 ? '' : ' each';
  const others = typeCount > 1 ? ` (or another of ${typeCount} types)` : '';
  return (
    `${many}${instanceType} ${capacityType} in ${zone}, ${priceText(pricePerHour, isEstimate)} an hour${each}, ` +
    `for ${podsText(pods)}${each}${others}`
  );
}

const STEPS: Readonly<Record<NodeState | 'gone', readonly [one: string, many: string]>> = {
  planned: ['is ordered', 'are ordered'],
  launching: ['is starting', 'are starting'],
  registering: ['has joined the cluster', 'have joined the cluster'],
  ready: ['is ready', 'are ready'],
  draining: ['is being emptied', 'are being emptied'],
  'not-ready': ['is not ready any more', 'are not ready any more'],
  gone: ['is gone', 'are gone'],
};

function* stepLines(step: NodeState | 'gone', nodes: readonly NodeView[]): Generator<Omit<Happening, 'timeMs'>> {
  // What is ordered was told with its plan.
  if (step === 'planned') return;
  const tone = step === 'ready' ? 'good' : step === 'not-ready' ? 'bad' : 'news';
  const [one, many] = STEPS[step];
  if (nodes.length <= NAMED_NODES) {
    for (const node of nodes) yield { tone, text: `node ${node.id} ${one}: ${nodeText(node, step)}` };
    return;
  }
  const types = new Map<string, number>();
  for (const { instanceType } of nodes) types.set(instanceType, (types.get(instanceType) ?? 0) + 1);
  const named = [...types].map(([type, count]) => `${count} ${type}`).join(', ');
  yield { tone, text: `${countText(nodes.length, 'node')} ${many}: ${named}` };
}

function nodeText(
  { instanceType, capacityType, zone, nodeName, instanceId }: NodeView,
  step: NodeState | 'gone',
): string {
  if (step === 'launching') return `${instanceId ?? ''} ${instanceType} ${capacityType} in ${zone}`.trim();
  if (step === 'registering') return `${nodeName ?? ''}`;
  return `${instanceType} ${capacityType} in ${zone}`;
}
