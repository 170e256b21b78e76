// What happened, newest first for the eye; who listens hears what is new.
import { byId, element } from './dom.js';
import { clockTime } from './format.js';

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./model.js').Happening} Happening */

const MOST_LINES = 100;

/** The view. */
export class LogView {
  #log = byId('log');
  /** The last line that is shown. @type {Happening | undefined} */
  #last;

  /** @param {Model} model */
  draw({ happenings }) {
    const from = this.#last === undefined ? -1 : happenings.lastIndexOf(this.#last);
    // After a lost connection the lines are told anew.
    if (this.#last !== undefined && from < 0) this.#log.replaceChildren();
    for (const happening of happenings.slice(from + 1)) this.#log.prepend(lineOf(happening));
    while (this.#log.childElementCount > MOST_LINES) this.#log.lastElementChild?.remove();
    this.#last = happenings.at(-1);
  }
}

/** @param {Happening} happening */
function lineOf({ timeMs, text, tone }) {
  return element('li', { 'data-tone': tone }, element('time', { class: 'quiet' }, clockTime(timeMs)), ` ${text}`);
}
