// `solve --context` against an API server that answers as Kubernetes does for lists: pages, kinds it does not have,
// kinds that may not be read. Nothing but GET reaches it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { PlanReport } from '../controller/kubernetes/index.ts';
import { startServer } from '../server/index.ts';
import { runHere } from './testing.ts';

const UNSCHEDULABLE = { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] };
const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d', controller: true };

function pod(name: string, spec: object, status: object) {
  return {
    metadata: {
      name,
      namespace: 'shop',
      labels: { 'pod-template-hash': '5d' },
      ownerReferences: [owner],
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1', memory: '1Gi' } } }], ...spec },
    status,
  };
}

const LISTS: Readonly<Record<string, readonly object[]>> = {
  '/apis/karpenter.sh/v1/nodepools': [
    {
      metadata: { name: 'default' },
      spec: {
        template: {
          spec: { requirements: [{ key: 'karpenter.sh/capacity-type', operator: 'In', values: ['on-demand'] }] },
        },
      },
    },
  ],
  '/apis/karpenter.k8s.aws/v1/ec2nodeclasses': [
    { metadata: { name: 'default' }, spec: {}, status: { subnets: [{ id: 's', zone: 'us-east-1b' }] } },
  ],
  '/api/v1/nodes': [
    {
      metadata: { name: 'ip-1', labels: {} },
      status: { allocatable: { cpu: '1', memory: '4Gi', pods: '10' }, capacity: { cpu: '2' } },
    },
  ],
  '/api/v1/pods': [
    pod('web-5d-a', {}, UNSCHEDULABLE),
    pod('web-5d-b', {}, UNSCHEDULABLE),
    pod('web-5d-new', {}, {}),
    pod('web-5d-runs', { nodeName: 'ip-1' }, { phase: 'Running' }),
  ],
  '/apis/apps/v1/daemonsets': [],
  '/apis/apps/v1/deployments': [
    {
      metadata: { name: 'web', namespace: 'shop' },
      spec: { replicas: 4, template: { spec: { containers: [{ resources: { requests: { cpu: '1' } } }] } } },
    },
  ],
};

describe('a live cluster', () => {
  const asked: string[] = [];
  let api: Server;
  let service: Awaited<ReturnType<typeof startServer>>;
  let folder = '';
  let engine: string[] = [];
  const previous = process.env.KUBECONFIG;

  before(async () => {
    api = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://api');
      asked.push(`${request.method} ${url.pathname}`);
      response.setHeader('content-type', 'application/json');
      const answer = (status: number, body: object) => {
        response.writeHead(status);
        response.end(JSON.stringify(body));
      };
      if (request.headers.authorization !== 'Bearer secret')
        return answer(401, { kind: 'Status', message: 'Unauthorized' });
      if (url.pathname.includes('priorityclasses'))
        return answer(403, { kind: 'Status', message: 'priorityclasses is forbidden' });
      const items = LISTS[url.pathname];
      if (items === undefined) return answer(404, { kind: 'Status', message: 'not found' });
      // Two objects a page, however many are asked for.
      const from = Number(url.searchParams.get('continue') ?? 0);
      const next = from + 2 < items.length ? String(from + 2) : '';
      return answer(200, { metadata: { continue: next }, items: items.slice(from, from + 2) });
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    const { port } = api.address() as AddressInfo;
    folder = mkdtempSync(join(tmpdir(), 'dovetail-test-'));
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [
        { name: 'reader', user: { token: 'secret' } },
        { name: 'stranger', user: { token: 'wrong' } },
      ],
      contexts: [
        { name: 'test', context: { cluster: 'c', user: 'reader' } },
        { name: 'locked', context: { cluster: 'c', user: 'stranger' } },
      ],
      'current-context': 'locked',
    };
    writeFileSync(join(folder, 'config'), JSON.stringify(kubeconfig));
    process.env.KUBECONFIG = join(folder, 'config');
    service = await startServer({ grpc: { host: '127.0.0.1', port: 0 }, http: false, health: false, workerCount: 1 });
    engine = ['--engine-address', service.grpcAddress];
  });

  after(async () => {
    if (previous === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = previous;
    await service?.close();
    api?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is read page by page: pods that the scheduler gave up on get a place, in the zones of its subnets', async () => {
    const { exitCode, out, err } = await runHere(['solve', '--context', 'test', '-o', 'json', ...engine]);
    assert.equal(exitCode, 0, err);
    const plan = JSON.parse(out) as PlanReport;
    assert.deepEqual(plan.nodes.flatMap(({ pods }) => pods).sort(), ['web-5d-a', 'web-5d-b']);
    assert.ok(plan.nodes.every(({ zone, capacityType }) => zone === 'us-east-1b' && capacityType === 'on-demand'));
    assert.match(err, /PriorityClass .*403 priorityclasses is forbidden; planning goes on without them/);
  });

  test('is asked for whatever decides about volumes and namespaces', async () => {
    asked.length = 0;
    await runHere(['solve', '--context', 'test', ...engine]);
    const kinds = new Set(asked.map((line) => line.split('/').at(-1)));
    for (const kind of ['persistentvolumeclaims', 'persistentvolumes', 'storageclasses', 'csinodes', 'namespaces']) {
      assert.ok(kinds.has(kind), kind);
    }
  });

  test('is only ever read', async () => {
    asked.length = 0;
    await runHere(['solve', '--context', 'test', ...engine]);
    assert.ok(asked.length > 10);
    assert.ok(asked.every((line) => line.startsWith('GET ')));
  });

  test('can be tried with more replicas: pods that are there count among them', async () => {
    const scale = ['--scale', 'deployment/web=6'];
    const { out } = await runHere(['solve', '--context', 'test', ...scale, '-o', 'json', ...engine]);
    // Four pods of six are there; two of these wait, two more are made.
    assert.equal((JSON.parse(out) as PlanReport).nodes.flatMap(({ pods }) => pods).length, 4);
  });

  test('shows workloads by their Deployment', async () => {
    const { out } = await runHere(['solve', '--context', 'test', ...engine]);
    assert.match(out, /1 deployment\/web/);
  });

  test('that the kubeconfig does not have is named with those it has', async () => {
    const { exitCode, err } = await runHere(['solve', '--context', 'other', ...engine]);
    assert.equal(exitCode, 2);
    assert.match(err, /--context other: the kubeconfig has test, locked/);
  });

  test('that refuses the credentials ends with 3 and its words', async () => {
    const { exitCode, err } = await runHere(['solve', '--context', 'locked', ...engine]);
    assert.equal(exitCode, 3);
    assert.match(err, /list NodePool at 127\.0\.0\.1:\d+: 401 Unauthorized/);
  });
});
