// Plans: what was ordered for whom, why that type and not the next ones, and what was left out.
import { byId, element, KeyedList } from './dom.js';
import { clockTime, counted, podsText, price } from './format.js';

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./model.js').Decision} Decision */
/** @typedef {Decision['nodes'][number]} DecidedNodes */

/** Kinds of nodes of one plan that are shown; the rest is counted. */
const SHOWN_KINDS = 8;

/** The view. */
export class DecisionsView {
  /** A decision is replaced and never changed. @type {WeakMap<HTMLElement, Decision>} */
  #drawn = new WeakMap();
  #newest = 0;

  /** @type {KeyedList<Decision>} */
  #list = new KeyedList(
    byId('decisions'),
    ({ number }) => element('details', { class: 'decision', 'data-decision': String(number) }),
    (shown, decision) => {
      if (this.#drawn.get(shown) === decision) return;
      this.#drawn.set(shown, decision);
      shown.replaceChildren(summaryOf(decision), ...bodyOf(decision));
    },
  );

  /** @param {Model} model */
  draw({ decisions }) {
    byId('decisions-none').hidden = decisions.length > 0;
    this.#list.show(decisions, ({ number }) => String(number));
    const newest = decisions[0]?.number ?? 0;
    if (newest === this.#newest) return;
    // The newest one is open, and the one that was opened for being the newest closes.
    for (const number of [this.#newest, newest]) {
      const details = /** @type {HTMLDetailsElement | undefined} */ (this.#list.get(String(number)));
      if (details !== undefined) details.open = number === newest;
    }
    this.#newest = newest;
  }
}

/** @param {Decision} decision */
function summaryOf({ number, timeMs, podCount, nodes, leftOut, pricePerHour, hasEstimates, solveMs }) {
  const nodeCount = nodes.reduce((sum, { count }) => sum + count, 0);
  const left = leftOut.reduce((sum, { count }) => sum + count, 0);
  const parts = [
    ...(nodeCount === 0
      ? []
      : [`${counted(podCount, 'pod')} on ${counted(nodeCount, 'new node')}, ${price(pricePerHour, hasEstimates)}/h`]),
    ...(left === 0 ? [] : [`${counted(left, 'pod')} left out`]),
  ];
  return element(
    'summary',
    {},
    element('b', {}, `Plan ${number}`),
    ` ${parts.join('; ')} `,
    element('span', { class: 'quiet' }, `${clockTime(timeMs)}, ${solveMs.toFixed(1)} ms`),
  );
}

/** @param {Decision} decision */
function bodyOf({ nodes, leftOut, onExisting, reasons }) {
  const shown = nodes.slice(0, SHOWN_KINDS);
  const rest = nodes.slice(SHOWN_KINDS).reduce((sum, { count }) => sum + count, 0);
  return [
    ...shown.flatMap((kind) => kindOf(kind, reasons)),
    ...(rest > 0 ? [element('p', { class: 'quiet' }, `and ${counted(rest, 'more node')}`)] : []),
    ...(onExisting > 0
      ? [element('p', {}, `${counted(onExisting, 'pod')} go onto nodes that are there or on their way.`)]
      : []),
    ...leftOut.map(({ count, workload, why, change }) =>
      element(
        'p',
        { class: 'left-out' },
        element('strong', {}, `Left out: ${counted(count, 'pod')} of ${workload}. `),
        `${why}. `,
        ...(change === undefined ? [] : [element('span', { class: 'change' }, `To let them in: ${change}.`)]),
      ),
    ),
  ];
}

/**
 * @param {DecidedNodes} kind
 * @param {Decision['reasons']} reasons
 */
function kindOf(kind, reasons) {
  const { count, instanceType, capacityType, zone, pricePerHour, isEstimate, pods, typeCount, why, notChosen } = kind;
  const many = count === 1 ? '' : `${count} × `;
  const each = count === 1 ? '' : ' each';
  const heading = element(
    'p',
    { class: 'chosen' },
    element('strong', {}, `${many}${instanceType} ${capacityType}`),
    ` in ${zone}, ${price(pricePerHour, isEstimate)}/h${each}, for ${podsText(pods)}${each}`,
    ...(typeCount > 1 ? [element('span', { class: 'quiet' }, ` · or another of ${typeCount} types`)] : []),
  );
  if (why === undefined) {
    const text =
      reasons === 'waiting'
        ? 'Why is being worked out.'
        : 'Prices or capacity have changed since: the reasons of this plan can not be had any more.';
    return [heading, element('p', { class: 'quiet' }, text)];
  }
  return [
    heading,
    element('p', { class: 'why' }, `${why.charAt(0).toUpperCase()}${why.slice(1)}.`),
    ...losers(notChosen, zone),
  ];
}

/**
 * @param {DecidedNodes['notChosen']} notChosen
 * @param {string} chosenZone
 */
function losers(notChosen, chosenZone) {
  if (notChosen.length === 0) return [];
  const [next, cheaper] = [
    notChosen.filter(({ difference }) => difference >= 0),
    notChosen.filter(({ difference }) => difference < 0),
  ];
  return [
    element(
      'table',
      { class: 'losers' },
      element(
        'caption',
        { class: 'hidden' },
        'The nearest types that were not chosen: the next ones, then cheaper ones',
      ),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...['Not chosen', '$/hour', 'Difference', 'Because'].map((text) => element('th', { scope: 'col' }, text)),
        ),
      ),
      ...loserRows('Next in price', next, chosenZone),
      ...loserRows('Cheaper, and no use', cheaper, chosenZone),
    ),
  ];
}

/**
 * @param {string} heading
 * @param {DecidedNodes['notChosen']} types
 * @param {string} chosenZone
 */
function loserRows(heading, types, chosenZone) {
  if (types.length === 0) return [];
  return [
    element(
      'tbody',
      {},
      element('tr', {}, element('th', { scope: 'rowgroup', colspan: '4', class: 'quiet' }, heading)),
      ...types.map(({ instanceType, capacityType, zone, pricePerHour, isEstimate, difference, why }) =>
        element(
          'tr',
          {},
          element(
            'th',
            { scope: 'row' },
            `${instanceType} ${capacityType}`,
            ...(zone === chosenZone ? [] : [element('span', { class: 'quiet zone-name' }, ` ${zone}`)]),
          ),
          element('td', { class: 'number' }, price(pricePerHour, isEstimate)),
          element('td', { class: 'number' }, `${difference < 0 ? '' : '+'}${price(difference, false)}`),
          element('td', {}, why),
        ),
      ),
    ),
  ];
}
