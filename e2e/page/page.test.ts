// `npm run e2e:page`: the demo's page in a real browser, with a mouse and with keys. What is shown is held against the
// cluster's state, and whatever the browser complains of fails the test in which it did.
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Browser } from './browser.ts';
import { assertNamed, assertReadable } from './checks.ts';
import { DemoProcess } from './demo-process.ts';
import { startForeignPage } from './foreign-page.ts';
import { keepPicture, MOST_PICTURE_BYTES, PICTURE, takePictures } from './pictures.ts';
import { assertShows, read } from './shown.ts';

const INFLATE = { namespace: 'default', name: 'inflate' };
const FOREIGN_NAME = 'elsewhere.example';
const PLAIN = { width: 1_280, height: 900, scheme: 'light' } as const;

let demo: DemoProcess;
let browser: Browser;
before(async () => {
  demo = await DemoProcess.start();
  browser = await Browser.open([FOREIGN_NAME]);
  await browser.show(PLAIN);
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});
beforeEach(async () => {
  if ((await browser.evaluate('location.origin')) !== demo.url) await openPage();
});
afterEach(() => {
  assert.deepEqual(browser.complaints.splice(0), [], 'the console is not clean');
});

async function openPage(): Promise<void> {
  await browser.go(demo.url);
  await browser.until('the page is live', `document.getElementById('link').dataset.link === 'live'`);
}

/** News of a plan travels for a moment. */
function untilPlanSays(text: string): Promise<void> {
  const newest = `document.querySelector('#decisions > details').textContent`;
  return browser.until(`the newest plan says ${text}`, `${newest}.includes(${JSON.stringify(text)})`);
}

test('five pods: the node, its price, its fullness and the reasons are shown as they are', async () => {
  await demo.untilRunning(5);
  await demo.until('reasons are there', ({ overview }) => overview.decisions[0]?.reasons === 'given');
  const { seen, shown } = await assertShows(browser, demo);
  const [decided] = shown.overview.decisions[0]?.nodes ?? [];
  assert.equal(seen.nodes.length, 1);
  assert.match(seen.newestPlan, /^Plan 1 5 pods on 1 new node, ~\$0\.\d{4}\/h/);
  assert.ok(decided?.why !== undefined);
  await untilPlanSays(decided.why.slice(1));
  // What would have been next comes before what is cheaper and no use.
  const differences = decided.notChosen.map(({ difference }) => difference);
  assert.ok((differences[0] ?? -1) >= 0, JSON.stringify(differences));
  for (const { instanceType } of decided.notChosen) await untilPlanSays(instanceType);
  const newestLine = `document.querySelector('#log > li').textContent`;
  await browser.until('the log says that they run', `${newestLine}.slice(9) === '5 pods of deployment/inflate run'`);
});

test('the price stands beside what these pods cost at least, in words that can be unfolded', async () => {
  const { overview } = await demo.until(
    'a bound is proven',
    ({ overview: { bound } }) => bound?.kind === 'proven' && bound.isOfNow && bound.podCount === 5,
  );
  const { bound, totals } = overview;
  assert.ok(bound?.kind === 'proven' && bound.isConverged && bound.hasEstimates);
  assert.ok(bound.pricePerHour > 0.5 * totals.pricePerHour && bound.pricePerHour <= totals.pricePerHour);
  await assertShows(browser, demo);
  const summary = `document.getElementById('bound-summary')`;
  const least = `no nodes to be had run these 5 pods for less than ~$${bound.pricePerHour.toFixed(4)} an hour`;
  assert.match(await browser.evaluate<string>(`${summary}.textContent`), /^Proven at \d\d:\d\d:\d\d: /);
  assert.ok((await browser.evaluate<string>(`${summary}.textContent`)).includes(least));
  await browser.evaluate(`${summary}.focus()`);
  await browser.key('Enter');
  await browser.until('it is unfolded', `document.getElementById('bound-about').checkVisibility()`);
  await assertReadable(browser, PLAIN);
  // The next one begins where the keys begin on a page that was just opened.
  await openPage();
});

test('every width shows five pods readably, light and dark', async () => {
  await takePictures(browser, '5-pods', (viewport) => assertReadable(browser, viewport));
  await browser.show(PLAIN);
  assert.ok((await assertNamed(browser)) > 20);
});

test('a node can be read in every state, also in those that pass too quickly to be seen', async () => {
  const row = `document.querySelector('#nodes > tr').dataset.state`;
  for (const scheme of ['light', 'dark'] as const) {
    await browser.show({ ...PLAIN, scheme });
    for (const state of ['planned', 'launching', 'registering', 'draining', 'not-ready', 'ready']) {
      await browser.evaluate(`${row} = '${state}'`);
      await assertReadable(browser, { ...PLAIN, scheme });
    }
  }
  await browser.show(PLAIN);
});

test('by keys alone the deployment is scaled to 100, and its pods get nodes', async () => {
  await browser.evaluate('document.activeElement.blur()');
  const focused = () =>
    browser.evaluate<string>(
      'document.activeElement.id || document.activeElement.textContent || document.activeElement.className',
    );
  const visited: string[] = [];
  while (visited.at(-1) !== 'scale-replicas') {
    await browser.key('Tab');
    visited.push(await focused());
    assert.ok(visited.length < 20, `the number can't be reached by Tab: ${visited.join(', ')}`);
  }
  assert.match(visited[0] ?? '', /To the nodes/, 'the first stop skips what comes first');
  assert.notEqual(await browser.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none');
  await browser.write('100');
  await browser.key('Enter');
  await demo.until('the deployment is scaled', ({ actions }) => actions?.deployments[0]?.replicas === 100);
  await demo.untilRunning(100);
  await assertShows(browser, demo);
});

test('numbers that can not be are refused in words, and nothing changes', async () => {
  for (const wrong of ['-1', '1000000000', '2001', '0.5', '']) {
    await browser.click('#scale-replicas');
    await browser.write(wrong);
    await browser.click('#scale [type=submit]');
    await browser.until(
      'it is refused',
      `document.getElementById('said').textContent.startsWith('Write a whole number from 0 to 2,000')`,
    );
    await browser.evaluate(`document.getElementById('said').textContent = ''`);
  }
  const { actions } = await demo.state();
  assert.equal(actions?.deployments[0]?.replicas, 100);
});

test('a pod that fits nowhere is shown with why and with what would let it in, until it is removed', async () => {
  await browser.click('#add-misfit');
  const { overview } = await demo.until(
    'it is left out',
    ({ overview: { waiting, decisions } }) => waiting[0]?.kind === 'left-out' && decisions[0]?.reasons === 'given',
  );
  const { seen } = await assertShows(browser, demo);
  assert.deepEqual(seen.waiting, ['1 × pod/too-large-1']);
  const [leftOut] = overview.decisions[0]?.leftOut ?? [];
  assert.ok(leftOut?.change !== undefined);
  await untilPlanSays(leftOut.change);
  await takePictures(browser, '100-pods', (viewport) => assertReadable(browser, viewport));
  await browser.show(PLAIN);
  await browser.click('#remove-misfits');
  await demo.untilRunning(100);
  await assertShows(browser, demo);
});

test('a spot node that is taken back is emptied and replaced', async () => {
  const { overview } = await demo.state();
  const node = overview.nodes.find(({ capacityType }) => capacityType === 'spot');
  assert.ok(node !== undefined);
  await browser.click(`[data-node="${node.id}"] button`);
  await browser.until(
    'the node is draining',
    `document.querySelector('[data-node="${node.id}"]').dataset.state === 'draining'`,
  );
  await demo.until('the node is gone', (shown) => shown.overview.nodes.every(({ id }) => id !== node.id));
  await demo.untilRunning(100);
  await assertShows(browser, demo);
});

test('a zone that is out of stock gets no nodes until it sells again', async () => {
  const zone = (await demo.state()).overview.nodes.at(-1)?.zone ?? '';
  const button = `document.evaluate("//div[@id='zones']/button[starts-with(., '${zone}')]", document).iterateNext()`;
  await browser.evaluate(`${button}.focus()`);
  await browser.key(' ');
  await browser.until('the zone is out', `${button}.getAttribute('aria-pressed') === 'false'`);
  const known = new Set((await demo.state()).overview.nodes.map(({ id }) => id));
  await browser.click('#scale-replicas');
  await browser.write('200');
  await browser.click('#scale [type=submit]');
  await demo.untilRunning(200);
  const { shown } = await assertShows(browser, demo);
  const added = shown.overview.nodes.filter(({ id }) => !known.has(id));
  assert.ok(added.length > 0 && added.every((node) => node.zone !== zone), JSON.stringify(added));
  await browser.evaluate(`${button}.focus()`);
  await browser.key('Enter');
  await browser.until('the zone sells', `${button}.getAttribute('aria-pressed') === 'true'`);
});

test('the README opens with a picture of the page', async () => {
  await demo.act('add-misfit');
  await browser.click('#scale-replicas');
  await browser.write('240');
  await browser.key('Enter');
  await demo.until('nodes are on their way', ({ overview }) => overview.totals.ready < overview.totals.nodes);
  await demo.until('reasons are there', ({ overview }) => overview.decisions[0]?.reasons === 'given');
  await browser.show({ width: 1_280, height: 960, scheme: 'light', pixelsPerPoint: 1.5 });
  await browser.evaluate('document.activeElement.blur(), window.scrollTo(0, 0)');
  await pause(500);
  const picture = await browser.screenshot('webp');
  assert.ok(picture.length < MOST_PICTURE_BYTES, `${picture.length} bytes`);
  await keepPicture(browser, 'readme');
  if (process.env.UPDATE_PICTURE === '1') writeFileSync(PICTURE, picture);
  assert.ok(statSync(PICTURE).size < MOST_PICTURE_BYTES);
  await browser.show(PLAIN);
  await demo.act('remove-misfits');
  await demo.untilRunning(240);
});

test('other sites, and other names of this machine, are refused', async (t) => {
  const foreign = await startForeignPage();
  t.after(() => foreign.close());
  const before = await demo.state();
  // The browser says so itself wherever it is refused.
  for (const target of [demo.url, `http://${FOREIGN_NAME}:${demo.port}`]) {
    await browser.go(foreign.url);
    await browser.until('the foreign page is there', `document.title === 'elsewhere'`);
    assert.deepEqual(await browser.evaluate(`attempts(${JSON.stringify(target)})`), {
      state: 'refused',
      stream: 'refused',
      action: 'refused',
      plainAction: 'refused',
    });
  }
  await browser.go(`http://${FOREIGN_NAME}:${demo.port}/`);
  await browser.until(
    'it is refused',
    `document.body.innerText.includes('the page is asked for as 127.0.0.1:${demo.port}')`,
  );
  const { actions } = await demo.state();
  assert.deepEqual(actions, before.actions);
  // What was refused is complained of until that page is left.
  await openPage();
  browser.complaints.splice(0);
});

test('a demo that does not answer is called stale after five seconds, and live when it answers again', async () => {
  const link = `document.getElementById('link').dataset.link`;
  demo.hold(true);
  try {
    await browser.until('the page is stale', `${link} === 'stale' && !document.getElementById('stale').hidden`);
    assert.match(
      await browser.evaluate(`document.getElementById('stale').textContent`),
      /^What is shown is of \d\d:\d\d:\d\d/,
    );
  } finally {
    demo.hold(false);
  }
  await browser.until('the page is live', `${link} === 'live' && document.getElementById('stale').hidden`);
  await assertShows(browser, demo);
});

/** Opens the stream and goes after the first bytes of it. */
function lookAndLeave(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(`${url}/stream`, (response) => {
      response.once('data', () => {
        response.destroy();
        resolve();
      });
    }).on('error', reject);
  });
}

test('browsers that go in the middle of the stream, and crowds asked for ten times a second, do no harm', async () => {
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(Array.from({ length: 10 }, () => lookAndLeave(demo.url)));
  }
  const answers: number[] = [];
  for (let turn = 0; turn < 30; turn += 1) {
    const { status } = await demo.act('scale', { ...INFLATE, replicas: turn % 2 === 0 ? 2_000 : 0 });
    answers.push(status);
    await pause(100);
  }
  assert.deepEqual([...new Set(answers)], [200]);
  await demo.act('scale', { ...INFLATE, replicas: 5 });
  await demo.untilRunning(5);
  await assertShows(browser, demo);
});

test('the page finds a demo again that was stopped and started, and shows its cluster in place of the old one', async () => {
  const { port } = demo;
  await demo.stop();
  await browser.until('the page is stale', `document.getElementById('link').dataset.link === 'stale'`);
  await browser.click('#add-misfit');
  await browser.until('nobody answers', `document.getElementById('said').textContent.startsWith('Nobody answers')`);
  demo = await DemoProcess.start([], port);
  await demo.untilRunning(5);
  await browser.until('the page is live', `document.getElementById('link').dataset.link === 'live'`);
  const { shown } = await assertShows(browser, demo);
  assert.deepEqual(
    (await read(browser)).nodes.map(({ id }) => id),
    shown.overview.nodes.map(({ id }) => id),
  );
  // A browser tells of every connection that was refused meanwhile, and of nothing else.
  const complaints = browser.complaints.splice(0);
  assert.ok(complaints.length > 0 && complaints.every((text) => text.includes('ERR_')), complaints.join('\n'));
});
