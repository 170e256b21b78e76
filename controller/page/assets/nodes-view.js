// The nodes: how many in which state, all of them as tiles that are as full as they are, and one by one in a table.
import { breakable, byId, element, KeyedList, setAttribute, setText } from './dom.js';
import { cores, duration, gib, percent, podsText, price, thousands } from './format.js';

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./model.js').NodeView} NodeView */

/** @typedef {Record<'state' | 'instance' | 'cost' | 'cpu' | 'memory' | 'pods' | 'age' | 'button', HTMLElement> & { written: string, canAct: boolean }} RowParts */

/** @type {readonly (readonly [state: NodeView['state'], text: string])[]} */
const STATES = [
  ['planned', 'planned'],
  ['launching', 'launching'],
  ['registering', 'registering'],
  ['ready', 'ready'],
  ['draining', 'draining'],
  ['not-ready', 'not ready'],
];
const STATE_TEXTS = new Map(STATES);

/** Workloads that are named in a row; the rest is counted. */
const NAMED_WORKLOADS = 3;

/** What the table's parts are, said again: their layout is not that of a table (page.css says why). @type {readonly (readonly [selector: string, role: string])[]} */
const ROLES = [
  ['table.nodes', 'table'],
  ['.nodes > :is(thead, tbody)', 'rowgroup'],
  ['.nodes > thead > tr', 'row'],
  ['.nodes > thead th', 'columnheader'],
];

/** Rows that are added, and rows that are written anew, in one frame: many at once would hold up the next one. */
const ROWS_A_FRAME = 30;

/** More nodes than this have smaller tiles. */
const MOST_LARGE_TILES = 60;

/** The view. */
export class NodesView {
  #nowMs = 0;
  #canAct = false;
  #interrupt;
  #rowCount = 0;
  /** Rows that may still be written in this frame; below zero there are more. */
  #writesLeft = 0;
  /** @type {WeakMap<HTMLElement, RowParts>} */
  #cells = new WeakMap();
  /** What each row was drawn from: rows of nodes that have not changed keep all but their age. @type {WeakMap<HTMLElement, NodeView>} */
  #drawn = new WeakMap();

  /** @param {(node: string) => void} interrupt */
  constructor(interrupt) {
    this.#interrupt = interrupt;
    for (const [selector, role] of ROLES) {
      for (const part of document.querySelectorAll(selector)) part.setAttribute('role', role);
    }
  }

  /** @type {KeyedList<readonly [state: NodeView['state'], count: number]>} */
  #legend = new KeyedList(
    byId('legend'),
    ([state]) => element('li', { 'data-state': state }, element('b', {}), ` ${STATE_TEXTS.get(state) ?? state}`),
    (shown, [, count]) => setText(/** @type {Element} */ (shown.firstElementChild), thousands(count)),
  );

  /** @type {KeyedList<NodeView>} */
  #tiles = new KeyedList(
    byId('fleet'),
    ({ id }) => {
      const tile = element('span', { class: 'tile' });
      tile.addEventListener('click', () => this.#rows.get(id)?.scrollIntoView({ block: 'center', behavior: 'smooth' }));
      return tile;
    },
    (tile, node) => {
      if (this.#drawn.get(tile) === node) return;
      this.#drawn.set(tile, node);
      setAttribute(tile, 'data-state', node.state);
      setAttribute(tile, 'data-capacity', node.capacityType);
      tile.style.setProperty('--fill', `${Math.min(100, percent(node.cpu))}%`);
      tile.title = `${node.instanceType} ${node.capacityType}, ${node.zone}, ${STATE_TEXTS.get(node.state)}, CPU ${percent(node.cpu)} %`;
    },
  );

  /** @type {KeyedList<NodeView>} */
  #rows = new KeyedList(
    byId('nodes'),
    ({ id }) => this.#createRow(id),
    (row, node) => this.#updateRow(row, node),
  );

  /**
   * True where more is to be drawn in the next frame.
   * @param {Model} model
   */
  draw({ nodes, nowMs, isSynced, actions }) {
    this.#nowMs = nowMs;
    this.#canAct = actions !== null;
    const counts = new Map(STATES.map(([state]) => [state, 0]));
    for (const { state } of nodes) counts.set(state, (counts.get(state) ?? 0) + 1);
    setText(byId('nodes-count'), nodes.length === 0 ? '' : thousands(nodes.length));
    byId('nodes-none').hidden = nodes.length > 0 || !isSynced;
    byId('shapes').hidden = nodes.length === 0;
    this.#legend.show(
      [...counts].filter(([, count]) => count > 0),
      ([state]) => state,
    );
    byId('fleet').classList.toggle('crowd', nodes.length > MOST_LARGE_TILES);
    this.#tiles.show(nodes, ({ id }) => id);
    this.#writesLeft = ROWS_A_FRAME;
    this.#rowCount = Math.min(nodes.length, this.#rowCount + ROWS_A_FRAME);
    this.#rows.show(nodes.slice(0, this.#rowCount), ({ id }) => id);
    return this.#rowCount < nodes.length || this.#writesLeft < 0;
  }

  /** @param {string} id */
  #createRow(id) {
    const button = element('button', { type: 'button', class: 'small' }, 'Interrupt');
    button.addEventListener('click', () => this.#interrupt(id));
    return element(
      'tr',
      { 'data-node': id, role: 'row' },
      element('td', { role: 'cell', class: 'state' }, element('span', { class: 'tag' })),
      element(
        'th',
        { scope: 'row', role: 'rowheader', class: 'instance' },
        element('span', { class: 'type' }),
        element('span', { class: 'place quiet' }),
      ),
      element('td', { role: 'cell', class: 'number price' }),
      element('td', { role: 'cell', class: 'cpu' }, bar()),
      element('td', { role: 'cell', class: 'memory' }, bar()),
      element('td', { role: 'cell', class: 'pods' }),
      element('td', { role: 'cell', class: 'number age' }),
      element('td', { role: 'cell', class: 'act' }, button),
    );
  }

  /**
   * The parts of a row, looked for once.
   * @param {HTMLElement} row
   */
  #cellsOf(row) {
    let cells = this.#cells.get(row);
    if (cells === undefined) {
      const cell = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (row.querySelector(selector));
      cells = {
        state: cell('.tag'),
        instance: cell('.instance'),
        cost: cell('.price'),
        cpu: cell('.cpu'),
        memory: cell('.memory'),
        pods: cell('.pods'),
        age: cell('.age'),
        button: cell('button'),
        written: '',
        canAct: false,
      };
      this.#cells.set(row, cells);
    }
    return cells;
  }

  /**
   * @param {HTMLElement} row
   * @param {NodeView} node
   */
  #updateRow(row, node) {
    const cells = this.#cellsOf(row);
    const age = duration(this.#nowMs - node.sinceMs);
    // What is written is remembered: to read it back from hundreds of rows takes longer than all the rest.
    if (cells.written !== age) setText(cells.age, age);
    cells.written = age;
    if (this.#drawn.get(row) === node && cells.canAct === this.#canAct) return;
    this.#writesLeft -= 1;
    if (this.#writesLeft < 0) return;
    cells.canAct = this.#canAct;
    const { state, instance, cost, cpu, memory, pods, button } = cells;
    button.hidden =
      !this.#canAct || node.capacityType !== 'spot' || node.instanceId === undefined || node.state === 'draining';
    this.#drawn.set(row, node);
    setAttribute(row, 'data-state', node.state);
    setText(state, STATE_TEXTS.get(node.state) ?? node.state);
    const [type, place] = instance.children;
    if (type) setText(type, `${node.instanceType || 'any type'} ${node.capacityType}`);
    if (place) {
      setText(place, [node.zone, shortName(node)].filter((text) => text !== '').join(' · '));
      setAttribute(place, 'title', node.nodeName ?? node.id);
    }
    setText(cost, node.pricePerHour === undefined ? '?' : price(node.pricePerHour, node.isEstimate));
    fill(cpu, 'CPU', percent(node.cpu), `${cores(node.cpu.used)} of ${cores(node.cpu.of)} cores`);
    fill(memory, 'Memory', percent(node.memory), `${gib(node.memory.used)} of ${gib(node.memory.of)}`);
    const podsOfRow = rowPods(node);
    if (pods.textContent !== podsOfRow) pods.replaceChildren(...breakable(podsOfRow));
    setAttribute(button, 'aria-label', `Interrupt ${node.instanceType} ${node.id}`);
  }
}

/**
 * A node's name up to its domain, which says nothing that the zone does not say.
 * @param {NodeView} node
 */
function shortName({ nodeName, id }) {
  return (nodeName ?? id).split('.', 1)[0] ?? '';
}

/** @param {NodeView} node */
function rowPods({ pods, isExpected }) {
  if (pods.length === 0) return isExpected ? '' : 'none';
  const rest = pods.slice(NAMED_WORKLOADS).reduce((sum, { count }) => sum + count, 0);
  const named = podsText(pods.slice(0, NAMED_WORKLOADS));
  return `${isExpected ? 'for ' : ''}${named}${rest > 0 ? `, ${thousands(rest)} others` : ''}`;
}

function bar() {
  return element(
    'span',
    { class: 'meter', role: 'meter', 'aria-valuemin': '0', 'aria-valuemax': '100' },
    element('span', { class: 'amount' }),
  );
}

/**
 * @param {HTMLElement} cell
 * @param {string} name
 * @param {number} share
 * @param {string} amount
 */
function fill(cell, name, share, amount) {
  const meter = /** @type {HTMLElement} */ (cell.firstElementChild);
  meter.style.setProperty('--fill', `${Math.min(100, share)}%`);
  setAttribute(meter, 'aria-valuenow', String(Math.min(100, share)));
  setAttribute(meter, 'aria-valuetext', `${share} %, ${amount}`);
  setAttribute(meter, 'aria-label', name);
  setAttribute(meter, 'title', amount);
  setText(/** @type {Element} */ (meter.firstElementChild), `${share} %`);
}
