// The adapter on a server of our own that answers what no healthy API server does: refusals, silence, cut connections. What
// healthy ones answer is in the contract, which runs on a real one.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiObject, ClusterError, type ClusterErrorCode, KINDS } from '../ports/index.ts';
import {
  type OwnResponse,
  type OwnServer,
  type OwnServerOptions,
  SECRET,
  startOwnServer,
} from './testing/own-server.ts';

const NAME = { namespace: 'default', name: 'a' };
const pod: ApiObject = { apiVersion: 'v1', kind: 'Pod', metadata: { ...NAME, resourceVersion: '1' } };

const started: OwnServer[] = [];
afterEach(() => {
  for (const server of started.splice(0)) server.close();
});

async function serve(answer: Parameters<typeof startOwnServer>[0], options: OwnServerOptions): Promise<OwnServer> {
  const server = await startOwnServer(answer, options);
  started.push(server);
  return server;
}

function json(response: OwnResponse, value: unknown, code = 200): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

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

const watchAll = ({ cluster }: OwnServer) => readAll(cluster.watch(KINDS.pods, { resourceVersion: '1' }));

for (const wire of ['HTTP/1.1', 'HTTP/2', 'old TLS'] as const) {
  describe(`the adapter over ${wire}`, () => {
    test('requests carry credentials, who asks, and the server’s own prefix', async () => {
      const { cluster, requests } = await serve((response) => json(response, pod), { wire, path: '/prefix/' });
      await cluster.get(KINDS.pods, NAME);
      assert.equal(requests[0]?.url, '/prefix/api/v1/namespaces/default/pods/a');
      assert.equal(requests[0]?.headers.authorization, `Bearer ${SECRET}-0`);
      assert.equal(requests[0]?.headers['user-agent'], 'test-agent');
    });

    test('writes name the owner of the fields that they set', async () => {
      const { cluster, requests } = await serve((response) => json(response, pod), { wire });
      await cluster.create(KINDS.pods, pod);
      await cluster.replace(KINDS.pods, pod, { subresource: 'status' });
      await cluster.patch(KINDS.pods, NAME, { type: 'merge', body: {} });
      await cluster.patch(KINDS.pods, NAME, { type: 'apply', body: pod, fieldManager: 'other', force: true });
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

    test('a deletion and an eviction say what they are given and nothing else', async () => {
      const { cluster, requests } = await serve((response) => json(response, { kind: 'Status' }), { wire });
      await cluster.delete(KINDS.pods, NAME);
      await cluster.delete(KINDS.pods, NAME, { uid: 'u', gracePeriodSeconds: 0, propagationPolicy: 'Foreground' });
      await cluster.evict(NAME, { uid: 'u', gracePeriodSeconds: 4 });
      const about = { kind: 'DeleteOptions', apiVersion: 'v1' };
      assert.deepEqual(
        requests.map(({ body }) => JSON.parse(body) as unknown),
        [
          about,
          { ...about, preconditions: { uid: 'u' }, gracePeriodSeconds: 0, propagationPolicy: 'Foreground' },
          {
            kind: 'Eviction',
            apiVersion: 'policy/v1',
            metadata: NAME,
            deleteOptions: { preconditions: { uid: 'u' }, gracePeriodSeconds: 4 },
          },
        ],
      );
    });

    test('a replace without a version is refused before it is sent', async () => {
      const { cluster, requests } = await serve((response) => json(response, pod), { wire });
      await assert.rejects(
        () => cluster.replace(KINDS.pods, { metadata: NAME }),
        /replace Pod default\/a: the object has no resource version/,
      );
      assert.equal(requests.length, 0);
    });

    test('a call that is refused for its credentials is made once more with new ones', async () => {
      const { cluster, requests } = await serve(
        (response, count) => json(response, count === 1 ? { code: 401 } : pod, count === 1 ? 401 : 201),
        { wire },
      );
      await cluster.create(KINDS.pods, pod);
      assert.deepEqual(
        requests.map(({ headers }) => headers.authorization),
        [`Bearer ${SECRET}-0`, `Bearer ${SECRET}-1`],
      );
    });

    test('new credentials that are refused as well are an error', async () => {
      const { cluster, requests } = await serve((response) => json(response, { message: 'who?' }, 401), { wire });
      await failsWith('Unauthorized', /create Pod a: who\? \(HTTP 401\)/, () => cluster.create(KINDS.pods, pod));
      assert.equal(requests.length, 2);
    });

    test('what a refusal says about waiting is passed on', async () => {
      const { cluster } = await serve(
        (response) => {
          response.writeHead(429, { 'retry-after': '2' });
          response.end('slowly');
        },
        { wire },
      );
      await assert.rejects(
        () => cluster.list(KINDS.pods, {}),
        (error: ClusterError) => error.code === 'TooManyRequests' && error.retryAfterMs === 2_000,
      );
    });

    test('a server that does not answer in time is Timeout, for calls and for the opening of watches', async () => {
      const server = await serve(() => {}, { wire, callTimeoutMs: 300 });
      await failsWith('Timeout', /list pods: no answer in 300 ms/, () => server.cluster.list(KINDS.pods, {}));
      await failsWith('Timeout', /watch pods: no answer in 300 ms/, () => watchAll(server));
    });

    test('an open watch has no deadline', async () => {
      const event = { type: 'ADDED', object: pod };
      const server = await serve(
        (response) => {
          response.writeHead(200);
          response.write(' ');
          setTimeout(() => response.end(`${JSON.stringify(event)}\n`), 700);
        },
        { wire, callTimeoutMs: 300 },
      );
      assert.deepEqual(await watchAll(server), [event]);
    });

    test('an answer or a stream that is cut in the middle is Unavailable', async () => {
      const server: OwnServer = await serve(
        (response) => {
          response.writeHead(200, { 'content-length': '1000' });
          response.write('{"items":');
          setTimeout(() => {
            for (const socket of server.sockets) socket.destroy();
          }, 10);
        },
        { wire },
      );
      await failsWith('Unavailable', /^list pods: /, () => server.cluster.list(KINDS.pods, {}));
      await failsWith('Unavailable', /^watch pods: /, () => watchAll(server));
    });

    test('a server that hangs up without an answer is Unavailable, and observers hear of it', async () => {
      const { cluster, reports } = await serve((response) => response.socket?.destroy(), { wire });
      await failsWith('Unavailable', /^evict Pod default\/a: /, () => cluster.evict(NAME));
      assert.deepEqual(
        reports.map(({ method, status }) => [method, status]),
        [['POST', 0]],
      );
    });

    test('a server that is not there is Unavailable', async () => {
      const server = await serve(() => {}, { wire });
      server.close();
      await failsWith('Unavailable', /^list pods: /, () => server.cluster.list(KINDS.pods, {}));
    });

    test('observers hear of every answer', async () => {
      const list = { items: [], metadata: { resourceVersion: '5' } };
      const { cluster, reports } = await serve((response) => json(response, list), { wire });
      await cluster.list(KINDS.pods, {});
      assert.deepEqual(
        reports.map(({ method, status }) => [method, status]),
        [['GET', 200]],
      );
      assert.ok((reports[0]?.seconds ?? -1) >= 0);
    });

    test('what is not JSON, in an answer and in a watch, is told as that', async () => {
      const server = await serve((response) => response.end('<html>\n'), { wire });
      await failsWith('Unavailable', /get Pod default\/a: the answer is not JSON/, () =>
        server.cluster.get(KINDS.pods, NAME),
      );
      await failsWith('InternalError', /watch pods: an event is not JSON/, () => watchAll(server));
    });

    test('a 410 is Gone whether it is the answer to a watch or an event in it', async () => {
      const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };
      const server = await serve(
        (response, count) => {
          if (count === 1) json(response, status, 410);
          else response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
        },
        { wire },
      );
      for (const _ of ['status', 'event']) {
        await failsWith('Gone', /watch pods: too old \(HTTP 410\)/, () => watchAll(server));
      }
    });

    test('a watch that is left closes its stream', async () => {
      let hasClosed = false;
      const { cluster } = await serve(
        (response) => {
          response.once('close', () => {
            hasClosed = true;
          });
          response.write(`${JSON.stringify({ type: 'ADDED', object: pod })}\n`);
        },
        { wire },
      );
      for await (const _ of cluster.watch(KINDS.pods, { resourceVersion: '1' })) break;
      while (!hasClosed) await sleep(5);
    });

    test('a read in flight that is aborted rejects with the reason', async () => {
      const abort = new AbortController();
      const reason = new Error('enough');
      const { cluster } = await serve(() => abort.abort(reason), { wire });
      await assert.rejects(
        () => cluster.get(KINDS.pods, NAME, abort.signal),
        (error) => error === reason,
      );
    });

    test('a write that has been sent when its signal aborts answers what the server says', async () => {
      const abort = new AbortController();
      const { cluster } = await serve(
        (response, count) => {
          abort.abort(new Error('enough'));
          if (count === 1) json(response, pod);
          else json(response, { kind: 'Status', code: 409, reason: 'AlreadyExists', message: 'there is one' }, 409);
        },
        { wire },
      );
      assert.equal((await cluster.create(KINDS.pods, pod, abort.signal)).metadata.name, 'a');
      const second = new AbortController();
      const creating = cluster.create(KINDS.pods, pod, second.signal);
      await failsWith('AlreadyExists', /there is one/, () => creating);
    });

    test('a write that must not go out any more is kept back, and reads are not asked about', async () => {
      const refusal = new Error('not the leader');
      const { cluster, requests } = await serve((response) => json(response, pod), {
        wire,
        beforeWrite: () => {
          throw refusal;
        },
      });
      await cluster.get(KINDS.pods, NAME);
      for (const write of [
        () => cluster.create(KINDS.pods, pod),
        () => cluster.delete(KINDS.pods, NAME),
        () => cluster.evict(NAME),
      ]) {
        await assert.rejects(write, (error) => error === refusal);
      }
      assert.equal(requests.length, 1);
    });
  });
}
