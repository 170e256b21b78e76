// `npm run e2e:pack`: packs the tarball, installs it into an empty folder outside the checkout and solves there, as
// somebody does who has nothing else. Not part of `npm test`: it builds, runs npm and may ask the registry for Node.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { on, once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const rootDirectory = fileURLToPath(new URL('../', import.meta.url));

/** One npm command may take this long: installing brings a Node binary of about 50 MB. */
const COMMAND_TIMEOUT_MS = 240_000;

const scratch = mkdtempSync(join(tmpdir(), 'dovetail-pack-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** Without the checkout's own Node and without npm's settings of the script that runs this test. */
const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))),
  PATH: (process.env.PATH ?? '')
    .split(delimiter)
    .filter((path) => !path.startsWith(rootDirectory) && !path.includes('node_modules'))
    .join(delimiter),
};

function run(
  command: string,
  args: readonly string[],
  cwd: string,
): { status: number | null; out: string; error: string } {
  const result = spawnSync(command, [...args], {
    cwd,
    env: environment,
    encoding: 'utf8',
    timeout: COMMAND_TIMEOUT_MS,
  });
  if (result.error !== undefined) throw result.error;
  return { status: result.status, out: result.stdout, error: result.stderr };
}

const dovetail = (...args: string[]): ReturnType<typeof run> =>
  run('npx', ['--no-install', 'dovetail', ...args], scratch);

before(() => {
  const packed = run('npm', ['pack', '--pack-destination', scratch], rootDirectory);
  assert.equal(packed.status, 0, packed.error);
  const [tarball] = readdirSync(scratch).filter((file) => file.endsWith('.tgz'));
  assert.ok(tarball !== undefined, packed.out);
  const installed = run(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', join(scratch, tarball)],
    scratch,
  );
  assert.equal(installed.status, 0, installed.error);
});

test('the tarball brings nothing but itself and Node', () => {
  const packages = readdirSync(join(scratch, 'node_modules')).filter((name) => !name.startsWith('.'));
  assert.deepEqual(
    packages.filter((name) => !name.startsWith('node-')),
    ['dovetail'],
  );
});

test('the tarball carries a bundle, the licences of what is in it and no sources', () => {
  const installed = join(scratch, 'node_modules/dovetail');
  for (const path of ['bin/dovetail.js', 'dist/main.js', 'dist/main.js.map', 'LICENSE', 'NOTICE', 'README.md']) {
    assert.ok(existsSync(join(installed, path)), `${path} is missing`);
  }
  for (const path of ['cli', 'engine', 'server', 'bench', 'e2e', 'examples']) {
    assert.ok(!existsSync(join(installed, path)), `${path} is there`);
  }
  const licences = readFileSync(join(installed, 'dist/THIRD_PARTY_LICENSES.txt'), 'utf8');
  for (const name of ['@grpc/grpc-js', 'piscina', '@bufbuild/protobuf']) assert.ok(licences.includes(name), name);
});

test('the installed command says its version', () => {
  const { version } = JSON.parse(readFileSync(join(rootDirectory, 'package.json'), 'utf8')) as { version: string };
  const { status, out, error } = dovetail('--version');
  assert.equal(status, 0, error);
  assert.equal(out.trim(), version);
});

test('the installed command started by another Node finds its own, and passes on the signal to end', async () => {
  const entry = join(scratch, 'node_modules/dovetail/bin/dovetail.js');
  // The Node of the machine, whichever that is: the checkout's own is not on the PATH.
  const ports = ['--grpc-port', '0', '--http-port', '0', '--health-port', '0', '--metrics-port', '0'];
  const child = spawn('node', [entry, 'serve', ...ports], { cwd: scratch, env: environment });
  try {
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const signal = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
    for await (const [chunk] of on(child.stdout, 'data', { signal, close: ['end'] }) as AsyncIterable<[Buffer]>) {
      text += chunk.toString();
      if (text.includes('Ctrl-C ends it.')) break;
    }
    assert.match(text, /Ctrl-C ends it/);
    const exited = once(child, 'exit', { signal });
    child.kill('SIGTERM');
    const [code] = await exited;
    assert.equal(code, 0, text);
    assert.match(text, /ending/);
  } finally {
    child.kill('SIGKILL');
  }
});

/** Two pods of one core: one large node costs less than two small ones. */
const PROBLEM = {
  name: 'packed',
  nodePools: [
    {
      apiVersion: 'karpenter.sh/v1',
      kind: 'NodePool',
      metadata: { name: 'default' },
      spec: {
        template: {
          spec: {
            nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
            requirements: [],
          },
        },
      },
    },
  ],
  instanceTypes: [
    ['small', '1', '4Gi', 0.1],
    ['large', '2', '8Gi', 0.15],
  ].map(([name, cpu, memory, price]) => ({
    name,
    labels: { 'node.kubernetes.io/instance-type': name, 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' },
    capacity: { cpu, memory, pods: '110' },
    overhead: {},
    offerings: [{ zone: 'z1', capacityType: 'on-demand', price, available: true }],
  })),
  pods: ['a', 'b'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '1', memory: '1Gi' } } }] },
  })),
};

test('the installed command solves a problem file with its own workers', () => {
  writeFileSync(join(scratch, 'problem.json'), JSON.stringify(PROBLEM));
  const { status, out, error } = dovetail('solve', '--problem', 'problem.json', '-o', 'json');
  assert.equal(status, 0, error);
  const plan = JSON.parse(out) as {
    nodes: { instanceType: string; nodePool: string; pods: string[] }[];
    unscheduled: unknown[];
    cost: number;
  };
  assert.deepEqual(
    plan.nodes.map(({ instanceType, nodePool, pods }) => ({ instanceType, nodePool, pods: [...pods].sort() })),
    [{ instanceType: 'large', nodePool: 'default', pods: ['a', 'b'] }],
  );
  assert.equal(plan.cost, 0.15);
  assert.deepEqual(plan.unscheduled, []);
});

const MANIFEST = `
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: default}
spec:
  template:
    spec:
      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}
      requirements:
        - {key: node.kubernetes.io/instance-type, operator: In, values: [m5.large]}
        - {key: karpenter.sh/capacity-type, operator: In, values: [on-demand]}
---
apiVersion: karpenter.k8s.aws/v1
kind: EC2NodeClass
metadata: {name: default}
spec: {amiFamily: AL2023}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: web, resources: {requests: {cpu: "1", memory: 1Gi}}}
`;

test('the installed command solves manifests over the embedded catalogue', () => {
  writeFileSync(join(scratch, 'manifests.yaml'), MANIFEST);
  const { status, out, error } = dovetail('solve', '-f', 'manifests.yaml', '-o', 'json');
  assert.equal(status, 0, error);
  const plan = JSON.parse(out) as { nodes: { instanceType: string }[]; cost: number };
  // One core does not fit twice into the 1930m that AL2023 leaves of an m5.large: three nodes at its list price.
  assert.deepEqual(
    plan.nodes.map((node) => node.instanceType),
    ['m5.large', 'm5.large', 'm5.large'],
  );
  assert.equal(plan.cost, 0.288);
});
