// One page that looks on: the whole at first, then what has changed since, as server-sent events. One that reads slowly gets
// fewer and larger messages, so that nothing piles up for it.
import type { ServerResponse } from 'node:http';
import { LIMITS } from './limits.ts';
import { changeMessage, type PageMessage, type Shown, wholeMessage } from './messages.ts';

/** Follows what is shown until the other side goes or `stop` is called. */
export class PageStream {
  readonly #response: ServerResponse;
  readonly #show: () => Shown;
  readonly #timer: NodeJS.Timeout;
  #told: Shown;
  #toldMs = 0;

  constructor(response: ServerResponse, show: () => Shown) {
    this.#response = response;
    this.#show = show;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    // How long a browser waits before it comes back.
    response.write('retry: 1000\n\n');
    this.#told = show();
    this.#say(wholeMessage(this.#told));
    this.#timer = setInterval(() => this.#look(), LIMITS.changeMs);
    response.once('close', () => this.stop());
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#response.end();
  }

  #look(): void {
    if (this.#response.writableNeedDrain) return;
    const now = this.#show();
    const change = changeMessage(this.#told, now);
    if (change !== undefined) {
      this.#told = now;
      this.#say(change);
    } else if (performance.now() - this.#toldMs >= LIMITS.beatMs)
      this.#say({ isWhole: false, timeMs: now.overview.timeMs });
  }

  #say(message: PageMessage): void {
    this.#toldMs = performance.now();
    this.#response.write(`data: ${JSON.stringify(message)}\n\n`);
  }
}
