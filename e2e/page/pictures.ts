// Screenshots of the page: kept for whoever wants to look, under .cache/page; and the README's picture.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Viewport } from './browser.ts';

const FOLDER = fileURLToPath(new URL('../../.cache/page/', import.meta.url));

/** The README's picture. */
export const PICTURE = fileURLToPath(new URL('../../docs/page.webp', import.meta.url));

/** What a picture in a README may weigh. */
export const MOST_PICTURE_BYTES = 200 * 1024;

/** Windows in which the page is looked at. */
export const VIEWPORTS: readonly Viewport[] = [
  { width: 390, height: 844, scheme: 'light' },
  { width: 390, height: 844, scheme: 'dark' },
  { width: 1_280, height: 900, scheme: 'light' },
  { width: 1_280, height: 900, scheme: 'dark' },
  { width: 1_920, height: 1_080, scheme: 'light' },
  { width: 1_920, height: 1_080, scheme: 'dark' },
];

/** Keeps a picture of what is seen. */
export async function keepPicture(browser: Browser, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}${name}.png`, await browser.screenshot());
}

/** Takes a picture in each window, and calls `look` in each. */
export async function takePictures(
  browser: Browser,
  name: string,
  look: (viewport: Viewport) => Promise<void>,
): Promise<void> {
  for (const viewport of VIEWPORTS) {
    const { width, scheme } = viewport;
    await browser.show(viewport);
    await browser.evaluate('window.scrollTo(0, 0)');
    await keepPicture(browser, `${name}-${width}-${scheme}`);
    await look(viewport);
  }
}
