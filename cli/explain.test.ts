// `dovetail explain` as a client of a real service: manifests in, text out (testdata/explain, rewritten by
// UPDATE_GOLDEN=1; the figures are those of the embedded catalogue), names, forms of output and exit codes.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { parse as parseYaml } from 'yaml';
import { CapacityType, OfferingService } from '../proto/index.ts';
import { startServer } from '../server/index.ts';
import { ROOT, runHere } from './testing.ts';
import { TEXT_WIDTH } from './text-layout.ts';

const FOLDER = join(ROOT, 'cli/testdata/explain');
const POOL_AND_CLASS = join(ROOT, 'examples/mission/01-default-nodepool-and-nodeclass.yaml');
const INFLATE = join(ROOT, 'examples/mission/02-inflate-deployment.yaml');
const MISSION = ['-f', POOL_AND_CLASS, '-f', INFLATE, '--scale', 'deployment/inflate=5'];

/** Region in which all spot capacity has been reported as gone. */
const WITHOUT_SPOT = 'us-west-2';

let engine: string[] = [];
let server: Awaited<ReturnType<typeof startServer>>;

before(async () => {
  server = await startServer({ grpc: { host: '127.0.0.1', port: 0 }, http: false, health: false, workerCount: 1 });
  engine = ['--engine-address', server.grpcAddress];
  const transport = createGrpcTransport({ baseUrl: `http://${server.grpcAddress}` });
  await createClient(OfferingService, transport).reportUnavailable({
    catalogue: { catalogue: { case: 'identity', value: { region: WITHOUT_SPOT } } },
    offerings: [{ capacityType: CapacityType.SPOT }],
    ttlMs: 3_600_000,
  });
});

after(() => server?.close());

const golden = (name: string): string => join(FOLDER, name);
const situations = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

describe('an explanation for people', () => {
  for (const name of situations) {
    const [why = ''] = readFileSync(golden(name), 'utf8').split('\n');
    test(`${name}: ${why.replace('# ', '')}`, async () => {
      const region = name === 'spot-gone.yaml' ? ['--region', WITHOUT_SPOT] : [];
      const { out, exitCode, err } = await runHere(['explain', '-f', golden(name), ...region, ...engine]);
      assert.equal(exitCode, 1, err);
      const path = golden(name.replace('.yaml', '.txt'));
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, out);
      assert.equal(out, readFileSync(path, 'utf8'));
      const longest = out.split('\n').filter((line) => line.length > TEXT_WIDTH);
      assert.deepEqual(longest, []);
    });
  }

  test('every golden belongs to a situation', () => {
    for (const name of readdirSync(FOLDER)) assert.ok(existsSync(golden(name.replace(/\.txt$/, '.yaml'))), name);
  });
});

describe('what is explained', () => {
  test('without names every pod left out, and one line of why for each row of nodes', async () => {
    const { out, exitCode } = await runHere(['explain', ...MISSION, ...engine]);
    assert.equal(exitCode, 0);
    assert.match(out, /^NEW NODES\n {2}nodes? 1( to \d)?: .*\n {4}the cheapest of [\d,]+ offerings/);
    assert.doesNotMatch(out, /NO PLACE/);
  });

  for (const written of ['inflate', 'deployment/inflate', 'deploy/inflate', 'default/deployment/inflate']) {
    test(`the pods of a workload by ${written}`, async () => {
      const { out, exitCode } = await runHere(['explain', ...MISSION, written, ...engine]);
      assert.equal(exitCode, 0);
      assert.match(out, /^PLACED 5 deployment\/inflate\n.*\n {2}5 pods of the kind on new node/);
    });
  }

  test('one pod by its name', async () => {
    const args = ['explain', '-f', golden('misspelt.yaml'), 'pod/key', ...engine];
    const { out, exitCode } = await runHere(args);
    assert.equal(exitCode, 1);
    assert.match(out, /NO PLACE 1 pod\/key/);
    assert.doesNotMatch(out, /pod\/value/);
  });

  test('a planned node by its number, with what lost and what else there would be', async () => {
    const { out, exitCode } = await runHere(['explain', ...MISSION, '--node', '1', ...engine]);
    assert.equal(exitCode, 0);
    for (const part of [
      /^node/,
      /RESOURCE +PODS +DAEMONSETS +OF +FULL/,
      /NOT CHOSEN/,
      /OTHERWISE/,
      /capacity on-demand/,
    ]) {
      assert.match(out, part);
    }
    assert.deepEqual(
      out.split('\n').filter((line) => line.length > TEXT_WIDTH),
      [],
    );
  });

  test('a node that is there by its name', async () => {
    const { out } = await runHere([
      'explain',
      '-f',
      golden('nodes-that-are-there.yaml'),
      '--node',
      'tainted',
      ...engine,
    ]);
    assert.match(out, /tainted: taint dedicated=ml/);
    assert.doesNotMatch(out, /^ {4}small: /m);
  });
});

describe('forms of output', () => {
  test('JSON and YAML say the same, with every condition', async () => {
    const args = ['explain', '-f', golden('two-selectors.yaml'), ...engine];
    const json = JSON.parse((await runHere([...args, '-o', 'json'])).out);
    const yaml = parseYaml((await runHere([...args, '-o', 'yaml'])).out, { maxAliasCount: 0 });
    assert.deepEqual({ ...yaml, stats: undefined }, { ...json, stats: undefined });
    const [term] = json.pods[0].pools[0].terms;
    assert.ok(term.conditions.length > 8, String(term.conditions.length));
    assert.deepEqual(
      term.conflicts[0].conditions.map((index: number) => term.conditions[index].text),
      ['nodeSelector karpenter.k8s.aws/instance-family=m5', 'nodeSelector kubernetes.io/arch=arm64'],
    );
  });
});

test('the figures are those of counting the offerings that the service lists, one by one', async () => {
  const offerings = createClient(OfferingService, createGrpcTransport({ baseUrl: `http://${server.grpcAddress}` }));
  const counts = { catalogue: 0, offered: 0, family: 0, arm: 0, cpu: 0 };
  for (let pageToken = '', more = true; more; more = pageToken !== '') {
    const page = await offerings.listOfferings({ pageSize: 10_000, pageToken });
    const types = new Map(page.instanceTypes.map((type) => [type.name, type]));
    for (const { instanceType } of page.offerings) {
      const { labels = {}, allocatable } = types.get(instanceType) ?? {};
      counts.catalogue++;
      const category = labels['karpenter.k8s.aws/instance-category'] ?? '';
      if (!/^[cmr]$/.test(category) || Number(labels['karpenter.k8s.aws/instance-generation']) <= 2) continue;
      counts.offered++;
      if (labels['karpenter.k8s.aws/instance-family'] !== 'm5') counts.family++;
      if (labels['kubernetes.io/arch'] !== 'arm64') counts.arm++;
      if ((allocatable?.cpuMilli ?? 0n) < 1000n) counts.cpu++;
    }
    pageToken = page.nextPageToken;
  }
  const { out } = await runHere(['explain', '-f', golden('two-selectors.yaml'), '-o', 'json', ...engine]);
  const [pool] = JSON.parse(out).pods[0].pools;
  const removed = (text: RegExp): number =>
    pool.terms[0].conditions.find((fact: { text: string }) => text.test(fact.text)).removedAlone.offerings;
  assert.deepEqual(
    {
      catalogue: pool.catalogue.offerings,
      offered: pool.offered.offerings,
      family: removed(/family=m5/),
      arm: removed(/arch=arm64/),
      cpu: removed(/^1 cpu/),
    },
    { ...counts, catalogue: pool.catalogue.offerings },
  );
  // Types that the node class can't be launched on are not listed.
  assert.ok(counts.offered > 5_000 && counts.catalogue <= pool.catalogue.offerings, JSON.stringify(counts));
});

describe('bad input ends with 2 and says what to do', () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['nothing to read', [], /nothing to explain: give manifests with -f/],
    ['a pod that is not there', [...MISSION, 'inflat'], /inflat: the input has no pod .*did you mean inflate/],
    ['a workload that is not there', [...MISSION, 'deployment/inflatte'], /did you mean inflate\?/],
    [
      'a kind that is none',
      [...MISSION, 'service/inflate'],
      /service is no kind of pods or workloads; write pod\/inflate/,
    ],
    ['a name in too many parts', [...MISSION, 'a/b/c/d'], /write NAME, pod\/NAME/],
    ['a node beyond the plan', [...MISSION, '--node', '99'], /--node 99: the plan has \d new nodes?, numbered from 1/],
    ['node 0', [...MISSION, '--node', '0'], /numbered from 1/],
    ['a node that is not there', [...MISSION, '--node', 'nowhere'], /--node: the input has no node nowhere/],
    ['a region that is none', [...MISSION, '--region', 'mars-1'], /--region: .*mars-1/],
    ['a file that is not there', ['-f', 'nowhere.yaml'], /no such file/],
  ];
  for (const [name, args, message] of cases) {
    test(name, async () => {
      const { exitCode, err, out } = await runHere(['explain', ...args, ...engine]);
      assert.equal(exitCode, 2);
      assert.equal(out, '');
      assert.match(err, message);
    });
  }

  test('and a service that is not there with 3', async () => {
    const { exitCode, err } = await runHere(['explain', ...MISSION, '--engine-address', '127.0.0.1:1']);
    assert.equal(exitCode, 3);
    assert.match(err, /reach the service at 127.0.0.1:1/);
  });
});
