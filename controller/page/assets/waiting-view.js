// Pods that wait, and why.
import { byId, element, KeyedList, setAttribute, setText } from './dom.js';
import { duration, thousands } from './format.js';

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./model.js').WaitingView} Waiting */

/** @type {Readonly<Record<Waiting['kind'], string>>} */
const KINDS = {
  new: 'new',
  planning: 'to be planned',
  planned: 'node on its way',
  'left-out': 'left out',
  held: 'held back',
};

/** The view. */
export class WaitingView {
  #nowMs = 0;
  /** @type {KeyedList<Waiting>} */
  #list = new KeyedList(
    byId('waiting'),
    () =>
      element(
        'li',
        {},
        element('strong', { class: 'pods' }),
        ' ',
        element('span', { class: 'tag' }),
        ' ',
        element('span', { class: 'why' }),
        ' ',
        element('span', { class: 'quiet since' }),
      ),
    (row, { workload, count, kind, why, sinceMs }) => {
      setAttribute(row, 'data-kind', kind);
      const [pods, tag, reason, since] = row.children;
      if (pods === undefined || tag === undefined || reason === undefined || since === undefined) return;
      setText(pods, `${thousands(count)} × ${workload}`);
      setText(tag, KINDS[kind]);
      setText(reason, why);
      setText(since, `for ${duration(this.#nowMs - sinceMs)}`);
    },
  );

  /** @param {Model} model */
  draw({ waiting, nowMs, isSynced }) {
    this.#nowMs = nowMs;
    const count = waiting.reduce((sum, one) => sum + one.count, 0);
    setText(byId('waiting-count'), count === 0 ? '' : thousands(count));
    byId('waiting-none').hidden = count > 0 || !isSynced;
    this.#list.show(waiting, ({ namespace, workload, kind, why }) => `${namespace} ${workload} ${kind} ${why}`);
  }
}
