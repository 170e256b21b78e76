// The cluster in one line, with the lower bound on its price.
import { boundAbout, boundMore, boundSummary } from './bound-text.js';
import { byId, element, KeyedList, setText } from './dom.js';
import { cores, counted, gib, monthly, percent, price, thousands } from './format.js';

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./model.js').BoundView} BoundView */
/** @typedef {{ readonly name: string, readonly value: string, readonly more: string }} Figure */

/** The view. */
export class TotalsView {
  /** @type {KeyedList<Figure>} */
  #figures = new KeyedList(
    byId('totals'),
    ({ name }) =>
      element(
        'div',
        { 'data-figure': name },
        element('dt', {}, name),
        element('dd', { class: 'value' }),
        element('dd', { class: 'more' }),
      ),
    (shown, { value, more }) => {
      setText(/** @type {Element} */ (shown.querySelector('.value')), value);
      setText(/** @type {Element} */ (shown.querySelector('.more')), more);
    },
  );

  /** @param {Model} model */
  draw({ totals, bound }) {
    if (totals === undefined) return;
    this.#drawBound(totals.pricePerHour, bound);
    const { nodes, ready, running, waiting, pricePerHour, hasEstimates, withoutPrice, cpu, memory } = totals;
    const unpriced = withoutPrice === 0 ? '' : `, ${counted(withoutPrice, 'node')} without a price`;
    /** @type {Figure[]} */
    const figures = [
      {
        name: 'Pods',
        value: `${thousands(running)}`,
        more: waiting === 0 ? 'run, none waits' : `run, ${thousands(waiting)} ${waiting === 1 ? 'waits' : 'wait'}`,
      },
      { name: 'Nodes', value: thousands(nodes), more: nodes === ready ? 'all ready' : `${thousands(ready)} ready` },
      {
        name: 'Per hour',
        value: price(pricePerHour, hasEstimates),
        more: `${hasEstimates ? '~ with estimates' : 'listed prices'}${unpriced}`,
      },
      { name: 'Per month', value: monthly(pricePerHour, hasEstimates), more: 'of 730 hours' },
      ...boundFigure(pricePerHour, bound),
      { name: 'CPU', value: `${percent(cpu)} %`, more: `${cores(cpu.used)} of ${cores(cpu.of)} cores` },
      { name: 'Memory', value: `${percent(memory)} %`, more: `${gib(memory.used)} of ${gib(memory.of)}` },
    ];
    this.#figures.show(figures, ({ name }) => name);
  }
  /**
   * @param {number} pricePerHour
   * @param {BoundView | undefined} bound
   */
  #drawBound(pricePerHour, bound) {
    byId('bound').hidden = bound === undefined;
    if (bound === undefined) return;
    setText(byId('bound-summary'), boundSummary(bound, pricePerHour));
    setText(byId('bound-about'), boundAbout(bound));
  }
}

/**
 * @param {number} pricePerHour
 * @param {BoundView | undefined} bound
 * @returns {Figure[]}
 */
function boundFigure(pricePerHour, bound) {
  if (bound === undefined) return [];
  const name = 'Lower bound per hour';
  if (bound.kind === 'missing') return [{ name, value: '–', more: 'not proven yet' }];
  return [{ name, value: price(bound.pricePerHour, bound.hasEstimates), more: boundMore(bound, pricePerHour) }];
}
