// What must hold of the page however wide it is: nothing sticks out, everything can be read, every control has a name.
import assert from 'node:assert/strict';
import type { Browser, Viewport } from './browser.ts';

/** The least contrast of text and what is behind it (WCAG AA). */
const LEAST_CONTRAST = 4.5;

/** Texts with too little contrast, as "1.20 text". Colours of any notation are read by painting them. */
const FAINT_TEXTS = `(() => {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const known = new Map();
  const rgba = (colour) => {
    if (!known.has(colour)) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      known.set(colour, [...context.getImageData(0, 0, 1, 1).data]);
    }
    return known.get(colour);
  };
  const light = ([red, green, blue]) => [red, green, blue].map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text !== null; text = walker.nextNode()) {
    const element = text.parentElement;
    if (text.data.trim() === '' || element.closest('.meter, noscript') !== null || !element.checkVisibility()) continue;
    const [one, other] = [light(rgba(getComputedStyle(element).color)), light(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < ${LEAST_CONTRAST}) faint.push(contrast.toFixed(2) + ' ' + text.data);
  }
  return faint;
})()`;

/** Elements that stick out of the window, or of their section, on the right, as "tag.class". */
const STICKING_OUT = `(() => {
  const width = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll('body *')].filter((element) =>
    element.checkVisibility() && element.closest('.hidden, .skip, noscript') === null &&
    element.getBoundingClientRect().right > Math.min(width, element.closest('section')?.getBoundingClientRect().right ?? width) + 0.5);
  return [...(document.documentElement.scrollWidth > width ? ['the document'] : []),
    ...out.map((element) => element.tagName.toLowerCase() + '.' + element.className)];
})()`;

/** Words in the nodes' table that are broken in their middle, as "type: text". A line ends at spaces, slashes and dashes. */
const BROKEN_CELLS = `[...document.querySelectorAll('#nodes .type, #nodes .price, #nodes .tag, #nodes .age')]
  .filter((element) => element.getClientRects().length > 1)
  .map((element) => element.className + ': ' + element.textContent)`;

/** Holds the page to what must hold in this window. */
export async function assertReadable(browser: Browser, { width, scheme }: Viewport): Promise<void> {
  const where = `at ${width} px, ${scheme}`;
  assert.deepEqual(await browser.evaluate<string[]>(STICKING_OUT), [], `sticks out ${where}`);
  assert.deepEqual(await browser.evaluate<string[]>(FAINT_TEXTS), [], `is hard to read ${where}`);
  assert.deepEqual(await browser.evaluate<string[]>(BROKEN_CELLS), [], `is broken ${where}`);
}

interface AccessibleNode {
  readonly ignored?: boolean;
  readonly role?: { readonly value?: string };
  readonly name?: { readonly value?: string };
}

const NAMED_ROLES = new Set(['button', 'textbox', 'spinbutton', 'combobox', 'link', 'region', 'meter', 'table']);

/** Holds everything that has to have a name for those who hear the page to having one. Answers how many there are. */
export async function assertNamed(browser: Browser): Promise<number> {
  const { nodes } = (await browser.call('Accessibility.getFullAXTree')) as {
    readonly nodes: readonly AccessibleNode[];
  };
  const named = nodes.filter(({ ignored, role }) => ignored !== true && NAMED_ROLES.has(role?.value ?? ''));
  const nameless = named.filter(({ name }) => (name?.value ?? '') === '').map(({ role }) => role?.value);
  assert.deepEqual(nameless, []);
  return named.length;
}
