// What people may try, where they may: each button asks the server, which says what came of it.
import { byId, element, KeyedList, setAttribute, setText } from './dom.js';
import { thousands } from './format.js';

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./model.js').ActionsState} ActionsState */

const PRESETS = [0, 5, 100, 1_000, 2_000];

/** The view. */
export class ActionsView {
  #form = /** @type {HTMLFormElement} */ (byId('scale'));
  #deployment = /** @type {HTMLSelectElement} */ (byId('scale-deployment'));
  #replicas = /** @type {HTMLInputElement} */ (byId('scale-replicas'));
  #maxReplicas = 0;
  #isFilled = false;
  /** @type {ReadonlyMap<string, number>} */
  #nodesByZone = new Map();

  /** @type {KeyedList<ActionsState['zones'][number]>} */
  #zones = new KeyedList(
    byId('zones'),
    ({ zone }) => {
      const button = element('button', { type: 'button', class: 'zone' });
      button.addEventListener('click', () =>
        this.run('zone', { zone, isExhausted: button.getAttribute('aria-pressed') === 'true' }),
      );
      return button;
    },
    (button, { zone, isExhausted }) => {
      setAttribute(button, 'aria-pressed', String(!isExhausted));
      const nodes = this.#nodesByZone.get(zone) ?? 0;
      setText(button, `${zone}${isExhausted ? ' is out' : ''}${nodes === 0 ? '' : ` (${thousands(nodes)})`}`);
      setAttribute(button, 'title', isExhausted ? `Let ${zone} sell again` : `Let ${zone} run out of instances`);
    },
  );

  /** @type {KeyedList<ActionsState['deployments'][number]>} */
  #deployments = new KeyedList(
    this.#deployment,
    ({ namespace, name }) => element('option', { value: `${namespace}/${name}` }, name),
    () => undefined,
  );

  constructor() {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#scale(this.#replicas.valueAsNumber);
    });
    byId('add-misfit').addEventListener('click', () => this.run('add-misfit', {}));
    byId('remove-misfits').addEventListener('click', () => this.run('remove-misfits', {}));
    for (const preset of PRESETS) {
      const button = element(
        'button',
        { type: 'button', class: 'small', 'data-preset': String(preset) },
        thousands(preset),
      );
      button.addEventListener('click', () => {
        this.#replicas.value = String(preset);
        this.#scale(preset);
      });
      byId('scale-presets').append(button);
    }
  }

  /** @param {Model} model */
  draw({ actions, nodes }) {
    byId('actions').hidden = actions === null;
    if (actions === null) return;
    const { deployments, zones, maxReplicas, misfits } = actions;
    this.#maxReplicas = maxReplicas;
    setAttribute(this.#replicas, 'max', String(maxReplicas));
    /** @type {Map<string, number>} */
    const byZone = new Map();
    for (const { zone } of nodes) byZone.set(zone, (byZone.get(zone) ?? 0) + 1);
    this.#nodesByZone = byZone;
    this.#zones.show(zones, ({ zone }) => zone);
    this.#deployments.show(deployments, ({ namespace, name }) => `${namespace}/${name}`);
    this.#form.hidden = deployments.length === 0;
    byId('remove-misfits').hidden = misfits === 0;
    if (!this.#isFilled && deployments[0] !== undefined) {
      this.#isFilled = true;
      this.#replicas.value = String(deployments[0].replicas);
    }
  }

  /**
   * Asks the server to do something and says what came of it.
   * @param {string} action
   * @param {object} body
   */
  async run(action, body) {
    const said = byId('said');
    try {
      const answer = await fetch(`/actions/${action}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const { message } = await answer.json();
      said.dataset.tone = answer.ok ? 'good' : 'bad';
      setText(said, answer.ok ? '' : message);
    } catch {
      said.dataset.tone = 'bad';
      setText(said, 'Nobody answers: is the demo still running?');
    }
  }

  /** @param {number} replicas */
  #scale(replicas) {
    const said = byId('said');
    if (!Number.isInteger(replicas) || replicas < 0 || replicas > this.#maxReplicas) {
      said.dataset.tone = 'bad';
      setText(said, `Write a whole number from 0 to ${thousands(this.#maxReplicas)}.`);
      this.#replicas.focus();
      return;
    }
    const [namespace = '', name = ''] = this.#deployment.value.split('/');
    void this.run('scale', { namespace, name, replicas });
  }
}
