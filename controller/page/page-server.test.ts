// The page's server as a browser and as somebody else asks it: files, the stream, actions, and what is refused.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { NodeView, Overview } from '../overview/index.ts';
import {
  ActionError,
  type ActionsState,
  type PageActions,
  type PageMessage,
  type RunningPage,
  startPage,
} from './index.ts';

function node(id: string, state: NodeView['state']): NodeView {
  const fullness = { used: 0, of: 0 };
  const place = { pool: 'default', instanceType: 'c7a.large', zone: 'us-east-1a', capacityType: 'spot' };
  return {
    id,
    state,
    ...place,
    isEstimate: false,
    sinceMs: 0,
    cpu: fullness,
    memory: fullness,
    pods: [],
    isExpected: true,
  };
}

function overview(change: Partial<Overview> = {}): Overview {
  const fullness = { used: 0, of: 0 };
  const counts = { nodes: 0, ready: 0, running: 0, waiting: 0, withoutPrice: 0 };
  return {
    cluster: 'test',
    timeMs: 1,
    isSynced: true,
    totals: { ...counts, pricePerHour: 0, hasEstimates: false, cpu: fullness, memory: fullness },
    workloads: [],
    waiting: [],
    nodes: [],
    decisions: [],
    ...change,
  };
}

const STATE: ActionsState = {
  zones: [{ zone: 'us-east-1a', isExhausted: false }],
  deployments: [{ namespace: 'default', name: 'web', replicas: 5 }],
  maxReplicas: 2_000,
  misfits: 0,
  quickerBy: 10,
};

/** Actions that note what they were asked for. */
function noted(calls: unknown[][]): PageActions {
  const note =
    (name: string) =>
    async (...args: unknown[]): Promise<void> => {
      if (args.includes('nobody')) throw new ActionError('there is no nobody');
      calls.push([name, ...args]);
    };
  return {
    state: () => STATE,
    scale: note('scale'),
    interrupt: note('interrupt'),
    setZone: note('setZone'),
    addMisfit: note('addMisfit'),
    removeMisfits: note('removeMisfits'),
  };
}

interface Shown {
  overview: Overview;
}

async function openPage(t: TestContext, shown: Shown, actions?: PageActions): Promise<RunningPage> {
  const page = await startPage({
    port: 0,
    show: () => ({ overview: shown.overview, happenings: [] }),
    ...(actions === undefined ? {} : { actions }),
  });
  t.after(() => page.close());
  return page;
}

/** A request with headers that `fetch` does not let anybody set. */
function ask(
  url: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

function act(page: RunningPage, name: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${page.url}/actions/${name}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

test('the page is its own files, and nothing else of the machine can be read', async (t) => {
  const page = await openPage(t, { overview: overview() });
  const html = await fetch(page.url);
  assert.equal(html.status, 200);
  assert.match(html.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  const text = await html.text();
  const files = [...text.matchAll(/(?:src|href)="(\/[\w.-]+)"/g)].map((match) => match[1]);
  assert.ok(files.length >= 3);
  for (const file of files) assert.equal((await fetch(`${page.url}${file}`)).status, 200, file);
  assert.ok(!/https?:\/\//.test(text), 'nothing is loaded from elsewhere');
  for (const path of ['/tsconfig.json', '/../page-server.ts', '/%2e%2e/limits.ts', '/nothing']) {
    assert.equal((await ask(`${page.url}${path}`, {})).status, 404, path);
  }
  assert.match(page.url, /^http:\/\/127\.0\.0\.1:\d+$/);
});

test('requests under another name or of another site are refused', async (t) => {
  const page = await openPage(t, { overview: overview() }, noted([]));
  const { host, port } = new URL(page.url);
  for (const own of [host, `localhost:${port}`, `[::1]:${port}`]) {
    assert.equal((await ask(`${page.url}/state`, { host: own })).status, 200, own);
    assert.equal((await ask(`${page.url}/state`, { host: own, origin: `http://${own}` })).status, 200, own);
  }
  const foreign: Record<string, string>[] = [
    { host: 'evil.example' },
    { host: `evil.example:${port}` },
    { host: '127.0.0.1' },
    { host, origin: 'https://evil.example' },
    { host, origin: `https://${host}` },
    { host, origin: 'null' },
    { host, 'sec-fetch-site': 'cross-site' },
    { host, 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of foreign) {
    for (const path of ['/', '/state', '/stream']) {
      assert.equal((await ask(`${page.url}${path}`, headers)).status, 403, `${path} ${JSON.stringify(headers)}`);
    }
    const action = await ask(
      `${page.url}/actions/add-misfit`,
      { ...headers, 'content-type': 'application/json' },
      'POST',
    );
    assert.equal(action.status, 403);
  }
});

/** Reads messages of a stream one by one. */
async function* messages(url: string, signal: AbortSignal): AsyncGenerator<PageMessage> {
  const response = await fetch(`${url}/stream`, { signal });
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString('utf8');
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      if (event.startsWith('data: ')) yield JSON.parse(event.slice('data: '.length)) as PageMessage;
    }
  }
}

test('a stream begins with everything and goes on with what differs', async (t) => {
  const shown: Shown = { overview: overview({ nodes: [node('a', 'planned'), node('b', 'ready')] }) };
  const page = await openPage(t, shown);
  const end = new AbortController();
  t.after(() => end.abort());
  const stream = messages(page.url, end.signal);
  const { value: whole } = await stream.next();
  assert.equal(whole.isWhole, true);
  assert.equal(whole.cluster, 'test');
  assert.equal(whole.actions, null);
  assert.equal(whole.nodes.length, 2);
  shown.overview = overview({ timeMs: 2, nodes: [node('a', 'launching')] });
  const { value: change } = await stream.next();
  assert.deepEqual(change, { isWhole: false, timeMs: 2, nodes: [node('a', 'launching')], goneNodes: ['b'] });
  const { value: beat } = await stream.next();
  assert.deepEqual(beat, { isWhole: false, timeMs: 2 });
});

test('streams whose browsers have gone make room for others, and too many at once are told so', async (t) => {
  const page = await openPage(t, { overview: overview() });
  const end = new AbortController();
  t.after(() => end.abort());
  const open = Array.from({ length: 20 }, () => messages(page.url, end.signal));
  await Promise.all(open.map((stream) => stream.next()));
  const refused = await ask(`${page.url}/stream`, {});
  assert.equal(refused.status, 503);
  assert.match(refused.text, /20 pages look on already/);
  end.abort();
  const again = new AbortController();
  t.after(() => again.abort());
  for (;;) {
    const response = await fetch(`${page.url}/stream`, { signal: again.signal });
    if (response.status === 200) break;
    await response.body?.cancel();
  }
});

test('actions are read, checked and carried out, and what is wrong is said in words', async (t) => {
  const calls: unknown[][] = [];
  const page = await openPage(t, { overview: overview() }, noted(calls));
  const scale = { namespace: 'default', name: 'web' };
  for (const replicas of [-1, 1e9, 2_001, 0.5, '5', null, undefined]) {
    const answer = await act(page, 'scale', { ...scale, replicas });
    assert.equal(answer.status, 400);
    assert.deepEqual(await answer.json(), { message: 'replicas: write a whole number from 0 to 2,000' });
  }
  assert.deepEqual(calls, []);
  const done = [
    await act(page, 'scale', { ...scale, replicas: 2_000 }),
    await act(page, 'interrupt', { node: 'a' }),
    await act(page, 'zone', { zone: 'us-east-1a', isExhausted: true }),
    await act(page, 'add-misfit', {}),
    await act(page, 'remove-misfits', {}),
  ];
  assert.deepEqual(
    done.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
  assert.deepEqual(calls, [
    ['scale', 'default', 'web', 2_000],
    ['interrupt', 'a'],
    ['setZone', 'us-east-1a', true],
    ['addMisfit'],
    ['removeMisfits'],
  ]);
  const wrong: readonly (readonly [name: string, body: unknown, status: number, says: RegExp])[] = [
    ['interrupt', { node: 'nobody' }, 400, /there is no nobody/],
    ['interrupt', {}, 400, /node: write a name/],
    ['zone', { zone: 'us-east-1a' }, 400, /isExhausted: write true or false/],
    ['scale', [], 400, /no object/],
    ['scale', { filler: 'x'.repeat(5_000) }, 400, /longer than 4096 bytes/],
    ['dance', {}, 404, /there is no action dance/],
  ];
  for (const [name, body, status, says] of wrong) {
    const answer = await act(page, name, body);
    assert.equal(answer.status, status, name);
    assert.match(JSON.stringify(await answer.json()), says);
  }
  const plain = await fetch(`${page.url}/actions/add-misfit`, { method: 'POST', body: '{}' });
  assert.equal(plain.status, 405, 'a form of another site can send this type');
  assert.equal((await fetch(`${page.url}/actions/add-misfit`)).status, 405);
});

test('a page that may only look has no actions', async (t) => {
  const page = await openPage(t, { overview: overview() });
  const answer = await act(page, 'add-misfit', {});
  assert.equal(answer.status, 404);
  assert.match(JSON.stringify(await answer.json()), /changes nothing/);
  assert.equal((await fetch(`${page.url}/state`, { method: 'DELETE' })).status, 405);
});
