// A terminal that is drawn anew whenever something has changed, on the terminal's other page, so that what was there before
// is there again afterwards.
import type { CommandConsole } from '../console.ts';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_REST_OF_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

const LEAST_COLUMNS = 20;
const LEAST_ROWS = 6;

/** The screen. */
export class TopScreen {
  readonly #out: CommandConsole['out'];
  #drawn = '';

  constructor({ out }: CommandConsole) {
    this.#out = out;
    out.write(ENTER);
  }

  get size(): { readonly columns: number; readonly rows: number } {
    const { columns = 80, rows = 24 } = this.#out;
    return { columns: Math.max(LEAST_COLUMNS, columns), rows: Math.max(LEAST_ROWS, rows) };
  }

  /** Draws lines, none of them wider than the screen. */
  draw(lines: readonly string[]): void {
    const { columns, rows } = this.size;
    const text = `${HOME}${lines.map((line) => `${line}${CLEAR_REST_OF_LINE}`).join('\r\n')}${CLEAR_BELOW}`;
    // A terminal of another size has lost what was drawn.
    const drawn = `${columns}x${rows}${text}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#out.write(text);
  }

  end(): void {
    this.#out.write(LEAVE);
  }
}
