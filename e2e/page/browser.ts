// A headless Chromium that a test drives over its own protocol (CDP): no driver in between, nothing that is not needed here.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Names under which distributions install it. */
const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const START_TIMEOUT_MS = 60_000;
const CALL_TIMEOUT_MS = 60_000;

const KEYS = {
  Enter: { code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' },
  Tab: { code: 'Tab', windowsVirtualKeyCode: 9 },
  ' ': { code: 'Space', windowsVirtualKeyCode: 32, text: ' ' },
} as const;

/** A window as a person may have it. */
export interface Viewport {
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
  /** 1 by default. */
  readonly pixelsPerPoint?: number;
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

interface Caller {
  readonly resolve: (result: Record<string, unknown>) => void;
  readonly reject: (error: Error) => void;
}

/** Where the browser is; the error says how to get it. */
export function findChromium(): string {
  const folders = (process.env.PATH ?? '').split(':');
  const found = [
    ...(process.env.CHROMIUM === undefined ? [] : [process.env.CHROMIUM]),
    ...PROGRAMS.flatMap((name) => folders.map((folder) => join(folder, name))),
  ].find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(
      'there is no Chromium: on Debian and Ubuntu `apt-get install chromium` brings it, or name one in CHROMIUM=/path/to/chromium',
    );
  }
  return found;
}

/** One page of one browser. */
export class Browser {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #callers = new Map<number, Caller>();
  #callCount = 0;
  /** What the page and the browser complained of. */
  readonly complaints: string[] = [];

  private constructor(child: ChildProcess, folder: string, socket: WebSocket) {
    this.#child = child;
    this.#folder = folder;
    this.#socket = socket;
    socket.addEventListener('message', (event) => this.#hear(JSON.parse(String(event.data)) as Answer));
    socket.addEventListener('close', () => {
      for (const { reject } of this.#callers.values()) reject(new Error('the browser has gone'));
    });
  }

  /** `names` are hosts that lead to this machine, for this browser only. */
  static async open(names: readonly string[] = []): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), 'dovetail-browser-'));
    const args = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--no-first-run',
      '--hide-scrollbars',
      '--remote-debugging-port=0',
      `--user-data-dir=${folder}`,
      `--host-resolver-rules=${names.map((name) => `MAP ${name} 127.0.0.1`).join(',')}`,
      'about:blank',
    ];
    const child = spawn(findChromium(), args, { stdio: 'ignore', detached: true });
    const socket = await connect(folder, child);
    const browser = new Browser(child, folder, socket);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await browser.call(`${domain}.enable`);
    return browser;
  }

  /** One call of the protocol. */
  call(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    this.#callCount += 1;
    const id = this.#callCount;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer of the browser`)), CALL_TIMEOUT_MS);
      const end = (): void => {
        clearTimeout(timer);
        this.#callers.delete(id);
      };
      this.#callers.set(id, {
        resolve: (result) => {
          end();
          resolve(result);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  async show({ width, height, scheme, pixelsPerPoint = 1 }: Viewport): Promise<void> {
    const window = { width, height, deviceScaleFactor: pixelsPerPoint, mobile: false };
    await this.call('Emulation.setDeviceMetricsOverride', window);
    await this.call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  }

  async go(url: string): Promise<void> {
    await this.call('Page.navigate', { url });
    await this.until(`${url} is loaded`, `document.readyState === 'complete'`);
  }

  /** What an expression comes to in the page; promises are waited for. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value: Value }).value;
  }

  /** Waits until an expression holds in the page. */
  async until(what: string, expression: string, limitMs = 60_000): Promise<void> {
    const endMs = performance.now() + limitMs;
    while (!(await this.evaluate<boolean>(`Boolean(${expression})`))) {
      if (performance.now() > endMs) {
        throw new Error(`${what}: not within ${limitMs} ms\n${await this.evaluate<string>('document.body.innerText')}`);
      }
      await pause(50);
    }
  }

  /** A picture of what is seen, once it has been drawn; WebP as small as a README wants it. */
  async screenshot(format: 'png' | 'webp' = 'png'): Promise<Buffer> {
    await this.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    const { data } = await this.call('Page.captureScreenshot', {
      format,
      ...(format === 'webp' ? { quality: 82 } : {}),
    });
    return Buffer.from(String(data), 'base64');
  }

  /** Presses a key and lets it go. */
  async key(name: keyof typeof KEYS): Promise<void> {
    const fields = { key: name, ...KEYS[name] };
    await this.call('Input.dispatchKeyEvent', { type: 'keyDown', ...fields });
    await this.call('Input.dispatchKeyEvent', { type: 'keyUp', ...fields });
  }

  /** Writes into what has the focus, in place of what is there. */
  async write(text: string): Promise<void> {
    await this.evaluate('document.activeElement.select()');
    await this.call('Input.insertText', { text });
  }

  /** Clicks on the middle of the first element that a selector finds, as a mouse does. */
  async click(selector: string): Promise<void> {
    const [x, y] = await this.evaluate<[number, number]>(`(() => {
      const found = document.querySelector(${JSON.stringify(selector)});
      if (found === null) throw new Error('there is nothing to click on: ' + ${JSON.stringify(selector)});
      found.scrollIntoView({ block: 'center', behavior: 'instant' });
      const { x, y, width, height } = found.getBoundingClientRect();
      return [x + width / 2, y + height / 2];
    })()`);
    const button = { x, y, button: 'left', clickCount: 1 };
    await this.call('Input.dispatchMouseEvent', { type: 'mousePressed', ...button });
    await this.call('Input.dispatchMouseEvent', { type: 'mouseReleased', ...button });
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#socket.close();
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #hear({ id, method, params, result, error }: Answer): void {
    if (id !== undefined) {
      const caller = this.#callers.get(id);
      if (error === undefined) caller?.resolve(result ?? {});
      else caller?.reject(new Error(error.message));
      return;
    }
    if (method === 'Runtime.exceptionThrown') this.complaints.push(`exception: ${JSON.stringify(params)}`);
    if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(String(params?.type))) {
      this.complaints.push(`console: ${JSON.stringify(params?.args)}`);
    }
    const entry = (params?.entry ?? {}) as { readonly level?: string; readonly text?: string; readonly url?: string };
    if (method === 'Log.entryAdded' && (entry.level === 'error' || entry.level === 'warning')) {
      this.complaints.push(`log: ${entry.text} ${entry.url ?? ''}`);
    }
  }
}

/** The browser writes where it listens into its own folder; the first page is what it began with. */
async function connect(folder: string, child: ChildProcess): Promise<WebSocket> {
  const portFile = join(folder, 'DevToolsActivePort');
  const endMs = performance.now() + START_TIMEOUT_MS;
  let isOver = false;
  child.once('exit', () => {
    isOver = true;
  });
  while (!existsSync(portFile) || !readFileSync(portFile, 'utf8').includes('\n')) {
    if (isOver) throw new Error('start Chromium: it ended at once');
    if (performance.now() > endMs) throw new Error('start Chromium: it does not say where it listens');
    await pause(50);
  }
  const [port = ''] = readFileSync(portFile, 'utf8').split('\n');
  const pages = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    readonly type: string;
    readonly webSocketDebuggerUrl: string;
  }[];
  const page = pages.find(({ type }) => type === 'page');
  if (page === undefined) throw new Error('start Chromium: it has no page');
  const socket = new WebSocket(page.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('connect to Chromium: refused')), { once: true });
  });
  return socket;
}
