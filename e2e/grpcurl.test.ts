// A stock grpcurl against the service: it lists, describes and calls by reflection alone, without our protos. The tool is
// built once from its Go module and kept under .cache/; Go is needed for that.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type RunningServer, startServer } from '../server/index.ts';

const run = promisify(execFile);

const GRPCURL_VERSION = 'v1.9.4';
const binDirectory = fileURLToPath(new URL(`../.cache/grpcurl-${GRPCURL_VERSION}/`, import.meta.url));
const grpcurlPath = join(binDirectory, 'grpcurl');

/** Builds grpcurl unless that has been done before; takes a minute or two. */
function ensureGrpcurl(): void {
  if (existsSync(grpcurlPath)) return;
  mkdirSync(binDirectory, { recursive: true });
  try {
    execFileSync('go', ['install', `github.com/fullstorydev/grpcurl/cmd/grpcurl@${GRPCURL_VERSION}`], {
      env: { ...process.env, GOBIN: binDirectory },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  } catch (cause) {
    throw new Error(
      `build grpcurl: Go is needed for that; install Go 1.26 or newer from https://go.dev/dl and see that "go" is on the PATH`,
      { cause },
    );
  }
}

describe('a stock grpcurl', () => {
  let server: RunningServer;
  before(async () => {
    ensureGrpcurl();
    server = await startServer({ grpc: { host: '127.0.0.1', port: 0 }, http: false, health: false, workerCount: 1 });
  });
  after(() => server.close());

  /** What grpcurl prints; its arguments go around the address. */
  async function grpcurl(flags: readonly string[], ...words: readonly string[]): Promise<string> {
    const { stdout } = await run(grpcurlPath, ['-plaintext', ...flags, server.grpcAddress, ...words]);
    return stdout;
  }

  it('lists the services', async () => {
    const services = (await grpcurl([], 'list')).trim().split('\n');
    for (const name of ['dovetail.v1.OfferingService', 'dovetail.v1.SchedulerService', 'grpc.health.v1.Health']) {
      assert.ok(services.includes(name), `${name} in ${services.join(', ')}`);
    }
  });

  it('describes methods and messages', async () => {
    const service = await grpcurl([], 'describe', 'dovetail.v1.SchedulerService');
    assert.match(service, /rpc Solve \( \.dovetail\.v1\.SolveRequest \) returns \( \.dovetail\.v1\.SolveResponse \)/);
    const message = await grpcurl([], 'describe', 'dovetail.v1.PodShape');
    assert.match(message, /\.dovetail\.v1\.Resources requests = 3/);
  });

  it('solves over the embedded catalogue', async () => {
    const request = {
      nodeClasses: [{ name: 'default' }],
      nodePools: [{ name: 'default', nodeClass: 'default' }],
      podGroups: [{ shape: { requests: { cpuMilli: 1000, memoryBytes: 2 ** 30 } }, names: ['inflate-0', 'inflate-1'] }],
    };
    const answer = JSON.parse(await grpcurl(['-d', JSON.stringify(request)], 'dovetail.v1.SchedulerService/Solve')) as {
      plan: { nodes: { pods: { names: string[] }[] }[]; hash: string };
      stats: { podCount: number };
    };
    const placed = answer.plan.nodes.flatMap((node) => node.pods.flatMap((pods) => pods.names));
    assert.deepEqual(placed.sort(), ['inflate-0', 'inflate-1']);
    assert.match(answer.plan.hash, /^[0-9a-f]{64}$/);
    assert.equal(answer.stats.podCount, 2);
  });

  it('is told the field of a bad request', async () => {
    const request = JSON.stringify({ options: { effort: 9 } });
    await assert.rejects(grpcurl(['-d', request], 'dovetail.v1.SchedulerService/Solve'), (error) => {
      assert.match((error as { stderr: string }).stderr, /InvalidArgument[\s\S]*options\.effort/);
      return true;
    });
  });

  it('finds the service healthy, as a whole and one by one', async () => {
    for (const service of ['', 'dovetail.v1.SchedulerService', 'dovetail.v1.OfferingService']) {
      const answer = await grpcurl(['-d', JSON.stringify({ service })], 'grpc.health.v1.Health/Check');
      assert.deepEqual(JSON.parse(answer), { status: 'SERVING' });
    }
  });
});
