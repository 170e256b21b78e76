// The page of a controller, with caches of its own beside those of the controller that it looks at: what it shows is what
// happens, and nobody can act there.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startCaches } from '../../controller/main/index.ts';
import type { Shown } from '../../controller/page/index.ts';
import { KINDS } from '../../controller/ports/index.ts';
import { type ControllerPage, openControllerPage } from '../controller-page.ts';
import {
  AMD64,
  createPool,
  deploymentObject,
  poolObject,
  Run,
  runningPods,
  startSettledEngine,
} from './testing/index.ts';

const engine = await startSettledEngine();
after(() => engine.close());

const NO_LOG = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

function openPage(run: Run, signal: AbortSignal, port = 0): Promise<ControllerPage> {
  const { cluster, cloud, clock } = run;
  const caches = startCaches({ cluster, clock, random: () => 0.5, log: NO_LOG }, signal);
  return openControllerPage({
    clusterName: 'live',
    caches,
    cloud,
    clock,
    engine: engine.unsettled,
    settings: {},
    log: NO_LOG,
    port,
  });
}

test('the page of a controller shows its nodes and plans with their reasons, and takes no orders', async (t) => {
  const run = Run.open(t, engine);
  const end = new AbortController();
  t.after(() => end.abort());
  const page = await openPage(run, end.signal);
  t.after(() => page.close());
  run.startController({ onPlanned: (note) => page.notePlan(note) });
  await createPool(run, poolObject('default', AMD64));
  await run.cluster.create(KINDS.deployments, deploymentObject('inflate', 5));
  await run.until('five pods run', () => runningPods(run, 'inflate').length === 5);
  const shown = async () => (await (await fetch(`${page.url}/state`)).json()) as Shown;
  const { overview, happenings, actions } = await shown();
  assert.equal(overview.cluster, 'live');
  assert.equal(actions, undefined);
  assert.deepEqual(
    overview.nodes.map(({ state, instanceType, pricePerHour }) => [state, instanceType, pricePerHour]),
    [['ready', 'm7i.xlarge', 0.08]],
  );
  assert.equal(overview.totals.running, 5);
  assert.match(overview.decisions[0]?.nodes[0]?.why ?? '', /cheapest/);
  assert.ok(
    happenings.some(({ text }) => text.startsWith('plan 1 ')),
    JSON.stringify(happenings),
  );
  const headers = { 'content-type': 'application/json' };
  const refused = await fetch(`${page.url}/actions/scale`, { method: 'POST', headers, body: '{}' });
  assert.equal(refused.status, 404);
  assert.match(await refused.text(), /actions are there in the demo only/);
});

test('a port that is taken is named with its flag', async (t) => {
  const run = Run.open(t, engine);
  const end = new AbortController();
  t.after(() => end.abort());
  const page = await openPage(run, end.signal);
  t.after(() => page.close());
  const second = openPage(run, end.signal, Number(new URL(page.url).port));
  await assert.rejects(second, {
    exitCode: 2,
    message: /127\.0\.0\.1:\d+: another program listens there.*--page-port/,
  });
});
