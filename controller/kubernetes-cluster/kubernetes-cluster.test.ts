// The adapter on a server of our own that answers what no healthy API server does: refusals, silence, cut connections. What
// healthy ones answer is in the contract, which runs on a real one.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { systemClock } from '../clock/index.ts';
import { type ApiObject, ClusterError, type ClusterErrorCode, KINDS } from '../ports/index.ts';
import type { ClusterAccess } from './access.ts';
import { KubernetesCluster } from './kubernetes-cluster.ts';
import type { CallReport } from './transport.ts';

const pod: ApiObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name: 'a', resourceVersion: '1' },
};
const SECRET = 'very-secret-token';

interface Scene {
  readonly cluster: KubernetesCluster;
  readonly requests: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }[];
  readonly reports: CallReport[];
  /** How often credentials were asked for anew. */
  readonly renewals: () => number;
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that answers by `answer`, and an adapter on it. */
async function serve(
  answer: (response: ServerResponse, request: IncomingMessage, count: number) => void,
  options: { readonly callTimeoutMs?: number; readonly path?: string } = {},
): Promise<Scene> {
  const requests: Scene['requests'] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      requests.push({ method, url, headers, body: Buffer.concat(chunks).toString('utf8') });
      answer(response, request, requests.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let renewalCount = 0;
  const access: ClusterAccess = {
    server: new URL(`http://127.0.0.1:${port}${options.path ?? ''}`),
    namespace: undefined,
    credentials: async (anew) => {
      if (anew === true) renewalCount += 1;
      return { headers: { authorization: `Bearer ${SECRET}-${renewalCount}` }, tls: {} };
    },
  };
  const reports: CallReport[] = [];
  const cluster = new KubernetesCluster(access, {
    clock: systemClock(),
    limit: { qps: 1_000, burst: 1_000 },
    userAgent: 'test-agent',
    fieldManager: 'test-manager',
    observe: (report) => void reports.push(report),
    ...(options.callTimeoutMs === undefined ? {} : { callTimeoutMs: options.callTimeoutMs }),
  });
  closing.push(() => {
    cluster.close();
    server.close();
    server.closeAllConnections();
  });
  return { cluster, requests, reports, renewals: () => renewalCount };
}

const json = (response: ServerResponse, value: unknown, code = 200): void => {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};

async function failsWith(code: ClusterErrorCode, message: RegExp, call: () => Promise<unknown>): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof ClusterError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(SECRET));
    return true;
  });
}

async function readAll(events: AsyncIterable<unknown>): Promise<unknown[]> {
  const read: unknown[] = [];
  for await (const event of events) read.push(event);
  return read;
}

test('requests carry credentials, who asks, and the server’s own prefix', async () => {
  const { cluster, requests } = await serve((response) => json(response, pod), { path: '/prefix/' });
  await cluster.get(KINDS.pods, { namespace: 'default', name: 'a' });
  assert.equal(requests[0]?.url, '/prefix/api/v1/namespaces/default/pods/a');
  assert.equal(requests[0]?.headers.authorization, `Bearer ${SECRET}-0`);
  assert.equal(requests[0]?.headers['user-agent'], 'test-agent');
});

test('writes name the owner of the fields that they set', async () => {
  const { cluster, requests } = await serve((response) => json(response, pod));
  const name = { namespace: 'default', name: 'a' };
  await cluster.create(KINDS.pods, pod);
  await cluster.replace(KINDS.pods, pod, { subresource: 'status' });
  await cluster.patch(KINDS.pods, name, { type: 'merge', body: {} });
  await cluster.patch(KINDS.pods, name, { type: 'apply', body: pod, fieldManager: 'other', force: true });
  assert.deepEqual(
    requests.map(({ method, url }) => `${method} ${url}`),
    [
      'POST /api/v1/namespaces/default/pods?fieldManager=test-manager',
      'PUT /api/v1/namespaces/default/pods/a/status?fieldManager=test-manager',
      'PATCH /api/v1/namespaces/default/pods/a?fieldManager=test-manager',
      'PATCH /api/v1/namespaces/default/pods/a?fieldManager=other&force=true',
    ],
  );
});

test('a replace without a version is refused before it is sent', async () => {
  const { cluster, requests } = await serve((response) => json(response, pod));
  await assert.rejects(
    () => cluster.replace(KINDS.pods, { metadata: { namespace: 'default', name: 'a' } }),
    /replace Pod default\/a: the object has no resource version/,
  );
  assert.equal(requests.length, 0);
});

test('a call that is refused for its credentials is made once more with new ones', async () => {
  const scene = await serve((response, _request, count) =>
    json(response, count === 1 ? { code: 401 } : pod, count === 1 ? 401 : 201),
  );
  await scene.cluster.create(KINDS.pods, pod);
  assert.deepEqual(
    scene.requests.map(({ headers }) => headers.authorization),
    [`Bearer ${SECRET}-0`, `Bearer ${SECRET}-1`],
  );
  assert.equal(scene.renewals(), 1);
});

test('new credentials that are refused as well are an error', async () => {
  const { cluster, requests } = await serve((response) => json(response, { message: 'who?' }, 401));
  await failsWith('Unauthorized', /create Pod a: who\? \(HTTP 401\)/, () => cluster.create(KINDS.pods, pod));
  assert.equal(requests.length, 2);
});

test('a server that does not answer in time is Timeout, for calls and for the opening of watches', async () => {
  const { cluster } = await serve(() => {}, { callTimeoutMs: 30 });
  await failsWith('Timeout', /list pods: no answer in 30 ms/, () => cluster.list(KINDS.pods, {}));
  await failsWith('Timeout', /watch pods: no answer in 30 ms/, () =>
    readAll(cluster.watch(KINDS.pods, { resourceVersion: '1' })),
  );
});

test('an open watch has no deadline', async () => {
  const event = { type: 'ADDED', object: pod };
  const { cluster } = await serve(
    (response) => {
      response.writeHead(200).flushHeaders();
      setTimeout(() => response.end(`${JSON.stringify(event)}\n`), 120);
    },
    { callTimeoutMs: 40 },
  );
  assert.deepEqual(await readAll(cluster.watch(KINDS.pods, { resourceVersion: '1' })), [event]);
});

test('an answer or a stream that is cut in the middle is Unavailable', async () => {
  const { cluster } = await serve((response) => {
    response.writeHead(200, { 'content-length': 1_000 });
    response.write('{"items":');
    setTimeout(() => response.destroy(), 10);
  });
  await failsWith('Unavailable', /^list pods: /, () => cluster.list(KINDS.pods, {}));
  await failsWith('Unavailable', /^watch pods: /, () => readAll(cluster.watch(KINDS.pods, { resourceVersion: '1' })));
});

test('a server that is not there is Unavailable, and observers hear of it', async () => {
  const { cluster, reports } = await serve((response) => response.destroy());
  await failsWith('Unavailable', /^evict Pod default\/a: /, () => cluster.evict({ namespace: 'default', name: 'a' }));
  assert.deepEqual(
    reports.map(({ method, status }) => [method, status]),
    [['POST', 0]],
  );
});

test('observers hear of every answer', async () => {
  const { cluster, reports } = await serve((response) =>
    json(response, { items: [], metadata: { resourceVersion: '5' } }),
  );
  await cluster.list(KINDS.pods, {});
  assert.deepEqual(
    reports.map(({ method, status }) => [method, status]),
    [['GET', 200]],
  );
  assert.ok((reports[0]?.seconds ?? -1) >= 0);
});

test('what is not JSON is an error of the server, in an answer and in a watch', async () => {
  const { cluster } = await serve((response) => response.end('<html>\n'));
  await failsWith('InternalError', /get Pod default\/a: the answer is not JSON/, () =>
    cluster.get(KINDS.pods, { namespace: 'default', name: 'a' }),
  );
  await failsWith('InternalError', /watch pods: an event is not JSON/, () =>
    readAll(cluster.watch(KINDS.pods, { resourceVersion: '1' })),
  );
});

test('a 410 is Gone whether it is the answer to a watch or an event in it', async () => {
  const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
  const { cluster } = await serve((response, _request, count) => {
    if (count === 1) json(response, status, 410);
    else response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
  });
  for (const _ of ['status', 'event']) {
    await failsWith('Gone', /watch pods: too old \(HTTP 410\)/, () =>
      readAll(cluster.watch(KINDS.pods, { resourceVersion: '1' })),
    );
  }
});

test('a watch that is left closes its connection', async () => {
  let hasClosed = false;
  const { cluster } = await serve((response) => {
    response.once('close', () => {
      hasClosed = true;
    });
    response.write(`${JSON.stringify({ type: 'ADDED', object: pod })}\n`);
  });
  for await (const _ of cluster.watch(KINDS.pods, { resourceVersion: '1' })) break;
  while (!hasClosed) await new Promise((resolve) => setTimeout(resolve, 5));
});

test('a call in flight that is aborted rejects with the reason', async () => {
  const abort = new AbortController();
  const reason = new Error('enough');
  const { cluster } = await serve(() => abort.abort(reason));
  await assert.rejects(
    () => cluster.create(KINDS.pods, pod, abort.signal),
    (error) => error === reason,
  );
});

test('a deletion says what it is given and nothing else', async () => {
  const { cluster, requests } = await serve((response) => json(response, { kind: 'Status' }));
  const name = { name: 'n' };
  await cluster.delete(KINDS.nodes, name);
  await cluster.delete(KINDS.nodes, name, { uid: 'u', gracePeriodSeconds: 0, propagationPolicy: 'Foreground' });
  await cluster.evict({ namespace: 'default', name: 'a' }, { uid: 'u', gracePeriodSeconds: 4 });
  assert.deepEqual(
    requests.map(({ body }) => JSON.parse(body) as unknown),
    [
      { kind: 'DeleteOptions', apiVersion: 'v1' },
      {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        preconditions: { uid: 'u' },
        gracePeriodSeconds: 0,
        propagationPolicy: 'Foreground',
      },
      {
        kind: 'Eviction',
        apiVersion: 'policy/v1',
        metadata: { namespace: 'default', name: 'a' },
        deleteOptions: { preconditions: { uid: 'u' }, gracePeriodSeconds: 4 },
      },
    ],
  );
});
