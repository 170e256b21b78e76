// Starting and stopping: addresses, sockets, health before, while and after the server serves.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Code } from '@connectrpc/connect';
import { Client, credentials } from '@grpc/grpc-js';
import { type Effort, OfferingService, SchedulerService } from '../proto/index.ts';
import { type FinishedCall, StartupError } from './index.ts';
import { allClients, grpcClient, podsRequest, rawGrpcCall, startTestServer, TEST_WORKERS } from './testing/index.ts';

const { solve } = SchedulerService.method;

describe('a server', () => {
  it('refuses to listen where others reach it without protection', async () => {
    await assert.rejects(startTestServer({ grpc: { host: '0.0.0.0', port: 0 } }), StartupError);
    await assert.rejects(startTestServer({ http: { host: '0.0.0.0', port: 0 } }), StartupError);
  });

  it('refuses a number of workers that it cannot have', async () => {
    for (const workerCount of [0, -1, 1.5, 100_000])
      await assert.rejects(startTestServer({ workerCount }), StartupError);
  });

  it('says which address is taken, and leaves nothing behind', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as { port: number };
    for (const taken of ['grpc', 'http', 'health'] as const) {
      await assert.rejects(
        startTestServer({ [taken]: { host: '127.0.0.1', port } }),
        (error) => error instanceof StartupError && error.message.includes(String(port)),
      );
    }
    blocker.close();
  });

  it('serves gRPC on a Unix socket, alone', async (test) => {
    const directory = mkdtempSync(join(tmpdir(), 'dovetail-'));
    const server = await startTestServer({
      grpc: { socketPath: join(directory, 'engine.sock') },
      http: false,
      health: false,
    });
    test.after(async () => {
      await server.close();
      rmSync(directory, { recursive: true });
    });
    assert.equal(server.grpcAddress, `unix:${join(directory, 'engine.sock')}`);
    assert.equal(server.httpAddress, undefined);
    const client = grpcClient(server);
    const { plan } = await client.call(solve, podsRequest(1));
    assert.equal(plan?.nodes.length, 1);
    client.close();
  });

  it('tells its observer of every call, answered or not, whatever the protocol', async (test) => {
    const calls: FinishedCall[] = [];
    const server = await startTestServer({ onCallFinished: (call) => calls.push(call) });
    test.after(() => server.close());
    for (const client of allClients(server)) {
      await client.call(solve, podsRequest(1));
      await assert.rejects(client.call(solve, { options: { effort: 9 as Effort } }));
      client.close();
    }
    assert.deepEqual(
      calls.map(({ method, protocol, errorCode }) => [method, protocol, errorCode]),
      ['grpc', 'connect', 'connect'].flatMap((protocol) => [
        ['dovetail.v1.SchedulerService/Solve', protocol, undefined],
        ['dovetail.v1.SchedulerService/Solve', protocol, Code.InvalidArgument],
      ]),
    );
  });

  it('answers health on its own port and says that it does not know other paths', async (test) => {
    const server = await startTestServer();
    test.after(() => server.close());
    for (const [path, status] of [
      ['healthz', 200],
      ['readyz', 200],
      ['other', 404],
    ] as const) {
      assert.equal((await fetch(`http://${server.healthAddress}/${path}`)).status, status);
    }
  });

  it('lets a call in flight end when it closes, and closes once', async () => {
    const server = await startTestServer({ workerFile: TEST_WORKERS.spinning });
    const client = grpcClient(server);
    const spin = (ms: number) => ({ nodePools: [{ name: 'default' }], options: { seed: ms } });
    await client.call(solve, spin(1));
    const call = client.call(solve, spin(1_500));
    await sleep(500);
    const [{ stats }] = await Promise.all([call, server.close(), server.close()]);
    assert.ok(Number(stats?.solveUs) >= 1_500_000);
    await assert.rejects(client.call(solve, spin(1), { timeoutMs: 1_000 }));
    client.close();
  });

  it('answers the health service of gRPC for the whole and for each service', async (test) => {
    const server = await startTestServer();
    const client = new Client(server.grpcAddress, credentials.createInsecure());
    test.after(async () => {
      client.close();
      await server.close();
    });
    const check = { parent: { typeName: 'grpc.health.v1.Health' }, name: 'Check' } as Parameters<typeof rawGrpcCall>[1];
    for (const service of ['', SchedulerService.typeName, OfferingService.typeName]) {
      // HealthCheckRequest.service is field 1, HealthCheckResponse.status is field 1 and SERVING is 1.
      const request = Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);
      assert.deepEqual([...(await rawGrpcCall(client, check, request))], [0x08, 0x01]);
    }
    await assert.rejects(rawGrpcCall(client, check, Buffer.from([0x0a, 1, 0x78])), /unknown/i);
  });
});
