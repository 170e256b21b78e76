// What the page knows: it takes messages of the stream in and forgets what is gone.

/** @typedef {import('../messages.ts').PageMessage} PageMessage */
/** @typedef {import('../../overview/index.ts').NodeView} NodeView */
/** @typedef {import('../../overview/index.ts').Decision} Decision */
/** @typedef {import('../../overview/index.ts').Happening} Happening */
/** @typedef {import('../../overview/index.ts').WaitingView} WaitingView */
/** @typedef {import('../../overview/index.ts').WorkloadView} WorkloadView */
/** @typedef {import('../../overview/index.ts').Totals} Totals */
/** @typedef {import('../../overview/index.ts').BoundView} BoundView */
/** @typedef {import('../messages.ts').ActionsState} ActionsState */

const MOST_DECISIONS = 12;
const MOST_HAPPENINGS = 200;

/** The model. */
export class Model {
  cluster = '';
  isSynced = false;
  /** @type {Totals | undefined} */
  totals;
  /** Absent where nobody asks for one. @type {BoundView | undefined} */
  bound;
  /** @type {readonly WorkloadView[]} */
  workloads = [];
  /** @type {readonly WaitingView[]} */
  waiting = [];
  /** In the order in which they were ordered. @type {NodeView[]} */
  nodes = [];
  /** Newest first. @type {Decision[]} */
  decisions = [];
  /** Oldest first. @type {Happening[]} */
  happenings = [];
  /** @type {ActionsState | null} */
  actions = null;
  /** The cluster's clock less this browser's. */
  clockOffsetMs = 0;

  /** The time by the cluster's clock. */
  get nowMs() {
    return Date.now() + this.clockOffsetMs;
  }

  /** @param {PageMessage} message */
  take(message) {
    if (message.isWhole) {
      this.nodes = [];
      this.decisions = [];
      this.happenings = [];
      this.bound = undefined;
    }
    this.clockOffsetMs = message.timeMs - Date.now();
    this.cluster = message.cluster ?? this.cluster;
    this.isSynced = message.isSynced ?? this.isSynced;
    this.totals = message.totals ?? this.totals;
    this.bound = message.bound ?? this.bound;
    this.workloads = message.workloads ?? this.workloads;
    this.waiting = message.waiting ?? this.waiting;
    if (message.actions !== undefined) this.actions = message.actions;
    this.#takeNodes(message);
    this.#takeDecisions(message.decisions ?? []);
    this.happenings = [...this.happenings, ...(message.happenings ?? [])].slice(-MOST_HAPPENINGS);
  }

  /** @param {PageMessage} message */
  #takeNodes({ nodes = [], goneNodes = [] }) {
    if (nodes.length === 0 && goneNodes.length === 0) return;
    const known = new Map(this.nodes.map((node) => [node.id, node]));
    for (const id of goneNodes) known.delete(id);
    const hasNew = nodes.some(({ id }) => !known.has(id));
    for (const node of nodes) known.set(node.id, node);
    this.nodes = [...known.values()];
    if (hasNew) this.nodes.sort((a, b) => a.sinceMs - b.sinceMs || (a.id < b.id ? -1 : 1));
  }

  /** @param {readonly Decision[]} decisions */
  #takeDecisions(decisions) {
    if (decisions.length === 0) return;
    const known = new Map(this.decisions.map((decision) => [decision.number, decision]));
    for (const decision of decisions) known.set(decision.number, decision);
    this.decisions = [...known.values()].sort((a, b) => b.number - a.number).slice(0, MOST_DECISIONS);
  }
}
