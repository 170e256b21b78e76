// The page with a crowd: 2,000 pods on 200 nodes. What it shows is held against the state, and how smoothly it draws while
// they come is measured and printed; what is judged is that it keeps answering, and keeps a processor for itself only for a
// small part of the time.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Browser } from './browser.ts';
import { assertReadable } from './checks.ts';
import { DemoProcess } from './demo-process.ts';
import { takePictures } from './pictures.ts';
import { assertShows } from './shown.ts';

const POD_COUNT = 2_000;
const LEAST_NODE_COUNT = 200;

let demo: DemoProcess;
let browser: Browser;
before(async () => {
  demo = await DemoProcess.start(['-f', fileURLToPath(new URL('crowd.yaml', import.meta.url))]);
  browser = await Browser.open();
  await browser.show({ width: 1_280, height: 900, scheme: 'light' });
  await browser.go(demo.url);
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** Notes the time of every frame, and how long the page's own work kept the browser from anything else. */
const WATCH_FRAMES = `{
  window.frames_ = [];
  window.longTasks_ = [];
  const note = (ms) => { window.frames_.push(ms); requestAnimationFrame(note); };
  requestAnimationFrame(note);
  new PerformanceObserver((list) => window.longTasks_.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: 'longtask' });
}`;

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** Milliseconds that the page has kept a processor busy since it was opened, by what it did. */
async function busyMs(): Promise<Record<string, number>> {
  const { metrics } = (await browser.call('Performance.getMetrics')) as {
    readonly metrics: readonly { readonly name: string; readonly value: number }[];
  };
  return Object.fromEntries(metrics.map(({ name, value }) => [name, 1_000 * value]));
}

let lastBusy: Record<string, number> = {};

/** Of the time in which a crowd comes the page's own work may take this share: a page that draws everything anew takes more. */
const MOST_WORK_SHARE = 0.4;

/**
 * Prints what has been measured since it was printed last, and answers which share of the time the page has worked. On a busy
 * machine frames wait for others, too; work does not.
 */
async function printFrames(what: string): Promise<number> {
  const busy = await busyMs();
  const spent = (name: string): number => Math.round((busy[name] ?? 0) - (lastBusy[name] ?? 0));

  const times = await browser.evaluate<number[]>('window.frames_.splice(0)');
  const tasks = await browser.evaluate<number[]>('window.longTasks_.splice(0)');
  const steps = times.slice(1).map((ms, index) => ms - (times[index] ?? ms));
  const sorted = steps.toSorted((a, b) => a - b);
  const [median, most] = [quantile(sorted, 0.5), sorted.at(-1) ?? 0];
  const longest = tasks.length === 0 ? 'none' : `${tasks.length}, the longest ${Math.max(...tasks)} ms`;
  console.log(
    `${what}: ${steps.length} frames, median ${median.toFixed(1)} ms, p95 ${quantile(sorted, 0.95).toFixed(1)} ms, ` +
      `p99 ${quantile(sorted, 0.99).toFixed(1)} ms, longest ${most.toFixed(1)} ms; tasks over 50 ms: ${longest}; ` +
      `work ${spent('TaskDuration')} ms (script ${spent('ScriptDuration')}, style ${spent('RecalcStyleDuration')}, ` +
      `layout ${spent('LayoutDuration')})`,
  );
  lastBusy = busy;
  return spent('TaskDuration') / Math.max(1, (times.at(-1) ?? 0) - (times[0] ?? 0));
}

test('2,000 pods come onto 200 nodes, and the page shows every one of them while it goes on drawing', async () => {
  await browser.call('Performance.enable', { timeDomain: 'threadTicks' });
  lastBusy = await busyMs();
  await browser.evaluate(WATCH_FRAMES);
  await demo.act('scale', { namespace: 'default', name: 'crowd', replicas: POD_COUNT });
  await demo.untilRunning(POD_COUNT);
  const { seen } = await assertShows(browser, demo);
  assert.ok(seen.nodes.length >= LEAST_NODE_COUNT, `${seen.nodes.length} nodes`);
  const share = await printFrames('while 2,000 pods come');
  assert.ok(share < MOST_WORK_SHARE, `the page works for ${(100 * share).toFixed(0)} % of the time`);
  await browser.evaluate(`new Promise((done) => {
    let step = 0;
    const scroll = () => { window.scrollBy(0, 60); step += 1; if (step < 200) requestAnimationFrame(scroll); else done(); };
    requestAnimationFrame(scroll);
  })`);
  await printFrames('while it is scrolled');
});

test('every width shows 2,000 pods readably, light and dark', async () => {
  await takePictures(browser, '2000-pods', (viewport) => assertReadable(browser, viewport));
  assert.deepEqual(browser.complaints, [], 'the console is not clean');
});

test('2,000 pods go again, and so does what was shown of them', async () => {
  await browser.show({ width: 1_280, height: 900, scheme: 'light' });
  await browser.evaluate('window.frames_.splice(0), window.longTasks_.splice(0)');
  lastBusy = await busyMs();
  await demo.act('scale', { namespace: 'default', name: 'crowd', replicas: 0 });
  await demo.until('no pod runs', ({ overview }) => overview.totals.running === 0 && overview.workloads.length === 0);
  await assertShows(browser, demo);
  await printFrames('while 2,000 pods go');
  assert.deepEqual(browser.complaints, [], 'the console is not clean');
});
