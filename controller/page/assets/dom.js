// Small helpers for the document: make elements, and keep lists of them as a list of things is. Texts are set as texts, never
// as markup.

/**
 * An element with attributes and children. Attributes that are undefined are left out.
 * @param {string} tag
 * @param {Record<string, string | undefined>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * The element of an id that the page has.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`find element: there is none (id=${id})`);
  return found;
}

/**
 * Sets a text where it differs: the browser lays out nothing that has not changed.
 * @param {Element} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * A text that may go on in the next line after each slash. Its text content is the text.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function breakable(text) {
  return text.split(/(?<=\/)/).flatMap((part, index) => (index === 0 ? [part] : [element('wbr'), part]));
}

/**
 * Sets an attribute where it differs.
 * @param {Element} target
 * @param {string} name
 * @param {string} value
 */
export function setAttribute(target, name, value) {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/**
 * A list of elements that follows a list of things: each thing keeps its element as long as its key is there.
 * @template Thing
 */
export class KeyedList {
  /** @type {Map<string, HTMLElement>} */
  #elements = new Map();
  /** Keys in the order in which they are shown: while it stays, nothing is looked for in the document. @type {string[]} */
  #order = [];
  #parent;
  #create;
  #update;

  /**
   * @param {HTMLElement} parent
   * @param {(thing: Thing) => HTMLElement} create
   * @param {(element: HTMLElement, thing: Thing) => void} update
   */
  constructor(parent, create, update) {
    this.#parent = parent;
    this.#create = create;
    this.#update = update;
  }

  /**
   * @param {readonly Thing[]} things
   * @param {(thing: Thing) => string} keyOf
   */
  show(things, keyOf) {
    const keys = things.map(keyOf);
    if (keys.length !== this.#order.length || keys.some((key, index) => key !== this.#order[index])) {
      this.#arrange(things, keys);
    }
    things.forEach((thing, index) => {
      const shown = this.#elements.get(/** @type {string} */ (keys[index]));
      if (shown !== undefined) this.#update(shown, thing);
    });
  }

  /**
   * Puts the elements in order, makes those that lack, and takes away what is gone.
   * @param {readonly Thing[]} things
   * @param {string[]} keys
   */
  #arrange(things, keys) {
    const left = new Set(this.#elements.keys());
    /** @type {Element | null} */
    let next = this.#parent.firstElementChild;
    things.forEach((thing, index) => {
      const key = /** @type {string} */ (keys[index]);
      left.delete(key);
      let shown = this.#elements.get(key);
      if (shown === undefined) {
        shown = this.#create(thing);
        this.#elements.set(key, shown);
      }
      if (shown === next) next = next.nextElementSibling;
      else this.#parent.insertBefore(shown, next);
    });
    for (const key of left) {
      this.#elements.get(key)?.remove();
      this.#elements.delete(key);
    }
    this.#order = keys;
  }

  /** @param {string} key */
  get(key) {
    return this.#elements.get(key);
  }
}
