// What only HTTP/2 has: one connection for many calls, servers that say goodbye, and connections that are dead unnoticed.
import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiObject, ClusterError, KINDS } from '../ports/index.ts';
import { type OwnResponse, type OwnServer, type OwnServerOptions, startOwnServer } from './testing/own-server.ts';

const NAME = { namespace: 'default', name: 'a' };
const pod: ApiObject = { apiVersion: 'v1', kind: 'Pod', metadata: { ...NAME, resourceVersion: '1' } };
const answerPod = (response: OwnResponse): void => void response.end(JSON.stringify(pod));

const started: OwnServer[] = [];
afterEach(() => {
  for (const server of started.splice(0)) server.close();
});

async function serve(
  answer: Parameters<typeof startOwnServer>[0],
  options: Pick<OwnServerOptions, 'pingIntervalMs' | 'relay'> = {},
): Promise<OwnServer> {
  const server = await startOwnServer(answer, { wire: 'HTTP/2', ...options });
  started.push(server);
  return server;
}

test('calls share two connections, and watches have one to themselves', async () => {
  const { cluster, sockets } = await serve((response, count) =>
    count <= 50 ? answerPod(response) : response.write(' '),
  );
  await Promise.all(Array.from({ length: 50 }, () => cluster.get(KINDS.pods, NAME)));
  assert.equal(sockets.length, 2);
  const abort = new AbortController();
  const watching = Array.from({ length: 5 }, async () => {
    for await (const _ of cluster.watch(KINDS.pods, { resourceVersion: '1' }, abort.signal));
  });
  while (sockets.length < 3) await sleep(5);
  abort.abort(new Error('enough'));
  await Promise.allSettled(watching);
  assert.equal(sockets.length, 3);
});

test('a server that says goodbye is called over a new connection, and what was under way ends well', async () => {
  const { cluster, sessions } = await serve((response, count) => {
    if (count !== 1) answerPod(response);
    else {
      sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR);
      setTimeout(() => answerPod(response), 50);
    }
  });
  const first = cluster.create(KINDS.pods, pod);
  while (sessions[0] === undefined) await sleep(5);
  await sleep(20);
  for (let call = 0; call < 4; call += 1) await cluster.create(KINDS.pods, pod);
  await first;
  assert.equal(sessions.length, 3);
});

test('a write that the server refused to begin with is sent again; one that it began is not', async () => {
  const refused = await serve((response, count) => {
    if (count > 1) answerPod(response);
    else response.stream?.close(constants.NGHTTP2_REFUSED_STREAM);
  });
  await refused.cluster.create(KINDS.pods, pod);
  assert.equal(refused.requests.length, 2);
  const broken = await serve((response) => {
    response.stream?.close(constants.NGHTTP2_INTERNAL_ERROR);
  });
  await assert.rejects(
    () => broken.cluster.create(KINDS.pods, pod),
    (error) => error instanceof ClusterError && error.code === 'Unavailable',
  );
  assert.equal(broken.requests.length, 1);
});

test('a connection whose other side is silent to pings is given up, and what waits on it fails', async () => {
  const relayed: Socket[] = [];
  const relay = async (port: number): Promise<number> => {
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      relayed.push(near, far);
      near.on('data', (chunk) => far.write(chunk));
      far.on('data', (chunk) => near.write(chunk));
      for (const socket of [near, far]) socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    server.unref();
    return (server.address() as AddressInfo).port;
  };
  // Once the watch is open the relay passes nothing on any more, as a cable does that was cut.
  const cutCable = (): void => {
    for (const socket of relayed) socket.pause();
  };
  const { cluster } = await serve((response) => response.write(`${JSON.stringify({ type: 'ADDED', object: pod })}\n`), {
    pingIntervalMs: 50,
    relay,
  });
  await assert.rejects(
    async () => {
      for await (const _ of cluster.watch(KINDS.pods, { resourceVersion: '1' })) cutCable();
    },
    (error) => error instanceof ClusterError && error.code === 'Unavailable' && /dead|ended/.test(error.message),
  );
  for (const socket of relayed) socket.destroy();
});

test('a connection that answers pings stays, and one that nobody uses is closed', async () => {
  let pingCount = 0;
  const { cluster, sockets } = await serve(
    (response, count) => {
      const session = response.stream?.session;
      if (count > 1) answerPod(response);
      else {
        session?.on('ping', () => {
          pingCount += 1;
          if (pingCount === 5) answerPod(response);
        });
      }
    },
    { pingIntervalMs: 100 },
  );
  await cluster.get(KINDS.pods, NAME);
  assert.equal(sockets.length, 1);
  const [socket] = sockets;
  while (socket?.destroyed !== true) await sleep(5);
  // Those that close a connection for being quiet send no ping.
  assert.equal(pingCount, 5);
  await cluster.get(KINDS.pods, NAME);
});
