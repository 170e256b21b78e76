// `dovetail solve` as a client of a real service: what it sends, what it prints, how it ends.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parse as parseYaml } from 'yaml';
import type { PlanReport } from '../controller/kubernetes/index.ts';
import { type FinishedCall, startServer } from '../server/index.ts';
import { ROOT, runHere, runProcess } from './testing.ts';

const POOL_AND_CLASS = join(ROOT, 'examples/mission/01-default-nodepool-and-nodeclass.yaml');
const INFLATE = join(ROOT, 'examples/mission/02-inflate-deployment.yaml');
const FIVE = ['--scale', 'deployment/inflate=5'];

const calls: FinishedCall[] = [];
let engine: string[] = [];
let server: Awaited<ReturnType<typeof startServer>>;
let folder = '';

before(async () => {
  server = await startServer({
    grpc: { host: '127.0.0.1', port: 0 },
    http: false,
    health: false,
    workerCount: 1,
    onCallFinished: (call) => void calls.push(call),
  });
  engine = ['--engine-address', server.grpcAddress];
  folder = mkdtempSync(join(tmpdir(), 'dovetail-test-'));
});

after(async () => {
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  calls.length = 0;
});

/** Writes a file for a test; answers its path. */
function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A small problem of this project's own: two sizes, one pool. */
function problem(podCount: number, podCpu = '1'): object {
  const type = (name: string, cpu: string, price: number) => ({
    name,
    labels: { 'kubernetes.io/arch': 'amd64' },
    capacity: { cpu, memory: '64Gi', pods: '50' },
    overhead: {},
    offerings: [{ zone: 'north', capacityType: 'on-demand', price, available: true }],
  });
  return {
    name: 'sizes',
    nodePools: [{ metadata: { name: 'general' }, spec: { template: { spec: { requirements: [] } } } }],
    instanceTypes: [type('two', '2', 0.25), type('eight', '8', 0.75)],
    pods: Array.from({ length: podCount }, (_, index) => ({
      metadata: { name: `pod-${index}` },
      spec: { containers: [{ resources: { requests: { cpu: podCpu, memory: '1Gi' } } }] },
    })),
  };
}

describe('manifests', () => {
  test('the mission: five inflate pods have a place, and every price that is an estimate is marked', async () => {
    const { exitCode, out, err } = await runHere(['solve', '-f', POOL_AND_CLASS, '-f', INFLATE, ...FIVE, ...engine]);
    assert.equal(exitCode, 0, err);
    assert.match(out, /5 deployment\/inflate/);
    assert.match(out, /5 pods on \d new nodes?: ~\$\d+\.\d{4} an hour, ~\$\d+\.\d{2} a month \(730 h\)/);
    assert.match(err, /01-default-nodepool-and-nodeclass.yaml:44: EC2NodeClass default: .*every zone/);
  });

  test('one solve is one call of Solve and no other', async () => {
    await runHere(['solve', '-f', POOL_AND_CLASS, '-f', INFLATE, ...FIVE, ...engine]);
    assert.deepEqual(
      calls.map(({ method }) => method),
      ['dovetail.v1.SchedulerService/Solve'],
    );
  });

  test('the whole folder, with warnings for all that is left out', async () => {
    const { exitCode, err } = await runHere(['solve', '-f', join(ROOT, 'examples/mission'), ...FIVE, ...engine]);
    assert.equal(exitCode, 0, err);
    for (const expected of [
      /gpu-config is not in the input/,
      /06-stable.yaml:5: .*every instance type/,
      /07-.*has no kind/,
    ]) {
      assert.match(err, expected);
    }
  });

  test('the region decides the zones', async () => {
    const args = [
      'solve',
      '-f',
      POOL_AND_CLASS,
      '-f',
      INFLATE,
      ...FIVE,
      '--region',
      'us-west-2',
      '-o',
      'json',
      ...engine,
    ];
    const { out } = await runHere(args);
    const plan = JSON.parse(out) as PlanReport;
    assert.ok(plan.nodes.length > 0);
    for (const node of plan.nodes) {
      assert.ok([node, ...node.alternatives].every(({ zone }) => zone.startsWith('us-west-2')));
    }
  });

  test('minValues that can not be kept leave pods out, or are given up with BestEffort and shown', async () => {
    const wanted = 'operator: Exists\n          minValues: 3';
    const pool = readFileSync(POOL_AND_CLASS, 'utf8').replace(
      /( +)requirements:\n/,
      `$&$1  - key: topology.kubernetes.io/region\n$1    ${wanted.replaceAll(/^ +/gm, '$1    ')}\n`,
    );
    const args = ['solve', '-f', file('varied.yaml', pool), '-f', INFLATE, ...FIVE, ...engine];
    const strict = await runHere(args);
    assert.equal(strict.exitCode, 1, strict.err);
    assert.match(strict.out, /pool default asks for minValues 3 of topology.kubernetes.io\/region, .* leave 1/);
    const relaxed = await runHere([...args, '--min-values-policy', 'BestEffort']);
    assert.equal(relaxed.exitCode, 0, relaxed.err);
    assert.match(relaxed.out, /SHORT OF MINVALUES\n {2}\d nodes? of pool default: 1 of 3 values of topology/);
    const json = JSON.parse((await runHere([...args, '--min-values-policy', 'BestEffort', '-o', 'json'])).out);
    const shortfall = { key: 'topology.kubernetes.io/region', wanted: 3, left: 1 };
    assert.deepEqual((json as PlanReport).nodes[0]?.relaxedMinValues, [shortfall]);
    const wrong = await runHere([...args, '--min-values-policy', 'Loose']);
    assert.equal(wrong.exitCode, 2);
  });

  test('--objective and --node-charge decide what is counted, and the plan shows it apart from prices', async () => {
    const args = ['solve', '-f', POOL_AND_CLASS, '-f', INFLATE, ...FIVE, ...engine];
    const plan = async (...more: string[]) =>
      JSON.parse((await runHere([...args, '-o', 'json', ...more])).out) as PlanReport;
    const usual = await plan();
    assert.equal(usual.extras?.nodeCharge, usual.nodes.length * 0.01);
    assert.deepEqual(usual.nodes[0]?.extras?.nodeCharge, 0.01);
    assert.ok((usual.extras?.nodeClass ?? 0) > 0);
    const prices = await plan('--objective', 'list-price');
    assert.equal(prices.extras, undefined);
    assert.ok(prices.cost <= usual.cost);
    const charged = await plan('--node-charge', '5');
    assert.equal(charged.nodes.length, 1);
    const table = await runHere(args);
    assert.match(table.out, /Counted beside it: ~\$0\.\d+ an hour for volumes, charges of \$0\.\d+ for nodes/);
    for (const wrong of [
      ['--objective', 'cheap'],
      ['--node-charge', '-1'],
      ['--node-charge', '1001'],
    ]) {
      assert.equal((await runHere([...args, ...wrong])).exitCode, 2);
    }
  });

  test('standard input is read as well as files, YAML or JSON', async () => {
    const both = `${readFileSync(POOL_AND_CLASS, 'utf8')}\n---\n${readFileSync(INFLATE, 'utf8')}`;
    const fromInput = await runHere(['solve', '-f', '-', ...FIVE, '-o', 'json', ...engine], both);
    const fromFiles = await runHere(['solve', '-f', POOL_AND_CLASS, '-f', INFLATE, ...FIVE, '-o', 'json', ...engine]);
    assert.equal((JSON.parse(fromInput.out) as PlanReport).hash, (JSON.parse(fromFiles.out) as PlanReport).hash);
  });

  test('JSON and YAML say the same, each pod once', async () => {
    const args = ['solve', '-f', POOL_AND_CLASS, '-f', INFLATE, ...FIVE, ...engine];
    const json = JSON.parse((await runHere([...args, '-o', 'json'])).out) as PlanReport;
    const yaml = parseYaml((await runHere([...args, '-o', 'yaml'])).out, { maxAliasCount: 0 }) as PlanReport;
    const { timings: _, ...rest } = yaml;
    const { timings: __, ...expected } = json;
    assert.deepEqual(rest, expected);
    const pods = json.nodes.flatMap((node) => node.pods);
    assert.equal(new Set(pods).size, 5);
    assert.equal(pods.length, 5);
    const sum = json.nodes.reduce((total, { price }) => total + price, 0);
    assert.ok(Math.abs(sum - json.cost) < 1e-9);
  });

  test('pods without a place end with 1 and the reason of each pool', async () => {
    const text = readFileSync(INFLATE, 'utf8').replace(/ +tolerations:[\s\S]*?NoSchedule\n/, '');
    const path = file('untolerant.yaml', text);
    const { exitCode, out } = await runHere(['solve', '-f', POOL_AND_CLASS, '-f', path, ...FIVE, ...engine]);
    assert.equal(exitCode, 1);
    assert.match(out, /WITHOUT A PLACE\n {2}5 deployment\/inflate\n {4}pool default: .*workload-type/);
  });

  test('a service of its own gives the same plan and leaves nothing behind', async (context) => {
    // A folder of its own: other tests make and remove theirs at the same time.
    const scratch = mkdtempSync(join(tmpdir(), 'solve-test-'));
    const earlier = process.env.TMPDIR;
    process.env.TMPDIR = scratch;
    context.after(() => {
      if (earlier === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = earlier;
      rmSync(scratch, { recursive: true });
    });
    const own = await runHere(['solve', '-f', POOL_AND_CLASS, '-f', INFLATE, ...FIVE, '-o', 'json']);
    const other = await runHere(['solve', '-f', POOL_AND_CLASS, '-f', INFLATE, ...FIVE, '-o', 'json', ...engine]);
    assert.equal((JSON.parse(own.out) as PlanReport).hash, (JSON.parse(other.out) as PlanReport).hash);
    assert.deepEqual(readdirSync(scratch), []);
  });
});

describe('input that is wrong ends with 2 and says where', () => {
  const rows: readonly (readonly [what: string, text: string, expected: RegExp])[] = [
    [
      'a quantity',
      'kind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - resources:\n      requests:\n        cpu: one\n',
      /wrong\.yaml:7: Pod p: spec\.containers\[0\]\.resources\.requests\.cpu: "one" is not a quantity: write/,
    ],
    ['YAML', 'kind: Pod\nspec: [\n', /wrong\.yaml:\d: is neither YAML nor JSON/],
    [
      'an operator',
      'kind: NodePool\nmetadata: {name: p}\nspec: {template: {spec: {requirements: [{key: a, operator: Is}]}}}\n',
      /wrong\.yaml:3: NodePool p: .*is "Is": use one of In/,
    ],
    [
      'a name',
      'kind: Deployment\nspec: {}\n',
      /wrong\.yaml:1: Deployment \(without a name\): metadata\.name: is missing/,
    ],
  ];
  for (const [what, text, expected] of rows) {
    test(what, async () => {
      const { exitCode, out, err } = await runHere([
        'solve',
        '-f',
        POOL_AND_CLASS,
        '-f',
        file('wrong.yaml', text),
        ...engine,
      ]);
      assert.equal(exitCode, 2);
      assert.match(err, expected);
      assert.equal(out, '');
      assert.equal(calls.length, 0);
    });
  }

  test('what only the service can know is shown at the object behind it', async () => {
    const text = `kind: Pod\nmetadata: {name: ${'p'.repeat(300)}}\nspec: {containers: []}\n`;
    const { exitCode, err } = await runHere(['solve', '-f', POOL_AND_CLASS, '-f', file('long.yaml', text), ...engine]);
    assert.equal(exitCode, 2);
    assert.match(err, /long\.yaml:1: Pod p+: pod_groups\[0\]\.names\[0\]/);
  });

  const argumentRows: readonly (readonly [args: readonly string[], expected: RegExp])[] = [
    [[], /nothing to solve: give manifests with -f/],
    [['-f', 'no-such-file.yaml'], /no-such-file\.yaml: there is no such file or folder/],
    [['-f', POOL_AND_CLASS, '--region', 'mars'], /--region: no catalogue of region mars; use one of .*us-east-1/],
    [['-f', POOL_AND_CLASS, '--scale', 'inflate=5'], /--scale inflate=5: write KIND\/NAME=REPLICAS/],
    [['-f', POOL_AND_CLASS, '--scale', 'deployment/inflate=5'], /--scale: deployment\/inflate is not in the input/],
    [['-f', POOL_AND_CLASS, '-o', 'xml'], /Allowed choices are table, json, yaml/],
    [['-f', POOL_AND_CLASS, '--deadline', 'soon'], /time from 1ms to 60m, like 500ms, 60s or 2m/],
    [['-f', POOL_AND_CLASS, '--deadline', '61m'], /time from 1ms to 60m/],
    [['-f', POOL_AND_CLASS, '--effort', 'great'], /Allowed choices are fast, balanced, best/],
    [['-f', POOL_AND_CLASS, '--work', '0'], /whole number from 1/],
    [['-f', POOL_AND_CLASS, '--problem', 'x'], /--problem stands alone/],
    [['--problem', 'x', '--region', 'us-west-2'], /--region does not go with --problem/],
    [['-f', INFLATE], /has no NodePool/],
    [['-f', POOL_AND_CLASS, '--engine-address', 'nowhere'], /write host:port, unix:PATH or https/],
  ];
  for (const [args, expected] of argumentRows) {
    test(`solve ${args.map((arg) => arg.replace(ROOT, '')).join(' ')}`, async () => {
      const named = args.includes('--engine-address') ? args : [...args, ...engine];
      const { exitCode, err } = await runHere(['solve', ...named]);
      assert.equal(exitCode, 2);
      assert.match(err, expected);
    });
  }

  test('no service at the address ends with 3 and says how to start one', async () => {
    const args = ['solve', '-f', POOL_AND_CLASS, '--engine-address', `unix:${join(folder, 'nobody.sock')}`];
    const { exitCode, err } = await runHere(args);
    assert.equal(exitCode, 3);
    assert.match(err, /reach the service at unix:.*is `dovetail serve` running there\?/);
  });
});

describe('problems', () => {
  test('one prints one plan, the cheapest way', async () => {
    const { exitCode, out } = await runHere([
      'solve',
      '--problem',
      file('p.json', JSON.stringify(problem(8))),
      ...engine,
    ]);
    assert.equal(exitCode, 0);
    const plan = JSON.parse(out) as PlanReport;
    assert.deepEqual(
      plan.nodes.map(({ instanceType, pods }) => [instanceType, pods.length]),
      [['eight', 8]],
    );
    assert.equal(plan.cost, 0.75);
    assert.equal(plan.nodes[0]?.nodePool, 'general');
    assert.deepEqual(plan.unscheduled, []);
    assert.match(plan.hash, /^[0-9a-f]{64}$/);
    const { solveMs = 0, conversionMs = 0, queueMs = 0, engineMs = 0, serverMs = 0 } = plan.timings;
    assert.ok(conversionMs > 0 && engineMs > 0);
    assert.ok(Math.abs(solveMs - (conversionMs + queueMs + engineMs + serverMs)) < 1e-6);
  });

  test('--bound proves what no plan for the pods can cost less than, for programs and for people', async () => {
    const args = ['solve', '--problem', file('bound.json', JSON.stringify(problem(9))), '--bound'];
    const listPrice = ['--objective', 'list-price'];
    const reportOf = async (...more: string[]): Promise<PlanReport> => {
      const { exitCode, out } = await runHere([...args, ...more, ...engine]);
      assert.equal(exitCode, 0);
      return JSON.parse(out) as PlanReport;
    };
    const { cost, lowerBound = 0, gap = 0, bound } = await reportOf(...listPrice);
    // Nine pods of a core each: eight for 0.75, and one for 0.25; a ninth of nine eighths of 0.75 can't be had.
    assert.equal(cost, 1);
    assert.ok(lowerBound > 0.84 && lowerBound <= 0.84375, `${lowerBound}`);
    assert.equal(bound?.planCost, 1);
    assert.ok(Math.abs(gap - (cost / lowerBound - 1)) < 1e-9);
    assert.deepEqual(bound?.charges, []);
    assert.deepEqual(
      bound?.pods.map(({ pod, count }) => [pod, count]),
      [['pod-0', 9]],
    );
    assert.ok(Math.abs(9 * bound!.pods[0]!.price - lowerBound) < 1e-9);
    const table = await runHere([...args, ...listPrice, '-o', 'table', ...engine]);
    assert.match(
      table.out,
      /\nNo plan for these pods costs less than \$0\.84\d\d an hour, proven: this one is 18\.\d\d % above that\n$/,
    );
    const charged = await reportOf();
    // A charge of 0.01 for each node: the bound is on what is counted, not on the price.
    assert.equal(charged.cost, 1);
    assert.equal(charged.bound?.planCost, 1.02);
    const { lowerBound: proven = 0, gap: left = 0 } = charged;
    assert.ok(proven > 0.85 && proven <= 0.855, `${proven}`);
    assert.ok(Math.abs(left - (1.02 / proven - 1)) < 1e-9);
  });

  test('several print one array in their order, from one service, gzipped or not', async () => {
    const packed = file('packed', gzipSync(JSON.stringify(problem(2))));
    const plain = file('plain.json', JSON.stringify(problem(3)));
    const { exitCode, out } = await runHere(['solve', '--problem', packed, '--problem', plain, ...engine]);
    assert.equal(exitCode, 0);
    const plans = JSON.parse(out) as PlanReport[];
    assert.deepEqual(
      plans.map(({ nodes }) => nodes.flatMap(({ pods }) => pods).length),
      [2, 3],
    );
    assert.equal(calls.filter(({ method }) => method.endsWith('/Solve')).length, 2);
  });

  test('the same types at other prices are planned at those', async () => {
    const dear = JSON.stringify(problem(1)).replace('"price":0.25', '"price":2.5');
    const { out } = await runHere([
      'solve',
      '--problem',
      file('a.json', JSON.stringify(problem(1))),
      '--problem',
      file('b.json', dear),
      ...engine,
    ]);
    assert.deepEqual(
      (JSON.parse(out) as PlanReport[]).map(({ cost }) => cost),
      [0.25, 0.75],
    );
  });

  test('a pod that is too large ends with 1 and is in no node', async () => {
    const { exitCode, out } = await runHere([
      'solve',
      '--problem',
      file('large.json', JSON.stringify(problem(1, '100'))),
      ...engine,
    ]);
    assert.equal(exitCode, 1);
    const plan = JSON.parse(out) as PlanReport;
    assert.equal(plan.nodes.length, 0);
    assert.equal(plan.unscheduled[0]?.pod, 'pod-0');
    assert.match(plan.unscheduled[0]?.reason ?? '', /pool general/);
  });

  test('the table of a problem is the same every time', async () => {
    const path = file('table.json', JSON.stringify(problem(8)));
    const { out } = await runHere(['solve', '--problem', path, '-o', 'table', ...engine]);
    const golden = new URL('testdata/problem-table.txt', import.meta.url);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, out);
    assert.equal(out, readFileSync(golden, 'utf8'));
  });

  const wrong: readonly (readonly [change: (text: string) => string, expected: RegExp])[] = [
    [
      (text) => text.replace('"price": 0.25', '"price": -0.25'),
      /wrong\.json:\d+: instanceTypes\[0\]\.offerings\[0\]\.price: is -0\.25: a price can't be negative/,
    ],
    [
      (text) => text.replace('"price": 0.25', '"price": 1e400'),
      /wrong\.json:\d+: .*price: must be a price in US dollars an hour, but is Infinity/,
    ],
    [
      (text) => text.replace('"price": 0.25', '"price": .nan'),
      /wrong\.json:\d+: .*price: must be a price in US dollars an hour, but is NaN/,
    ],
    [(text) => text.slice(0, 300), /wrong\.json:\d+: is neither YAML nor JSON/],
  ];
  for (const [index, [change, expected]] of wrong.entries()) {
    test(`a wrong file ends with 2 and prints nothing: ${expected.source.slice(16, 70)}`, async () => {
      const path = file('wrong.json', change(JSON.stringify(problem(1), null, 1)));
      const { exitCode, out, err } = await runHere(['solve', '--problem', path, ...engine]);
      assert.equal(exitCode, 2, `row ${index}`);
      assert.match(err, expected);
      assert.equal(out, '');
    });
  }
});

describe('bin/dovetail.js', () => {
  test('ends with 0, 1 and 2, and keeps results and words apart', async () => {
    const good = file('good.json', JSON.stringify(problem(1)));
    const large = file('too-large.json', JSON.stringify(problem(1, '100')));
    const ok = await runProcess(['solve', '--problem', good, ...engine]);
    assert.equal(ok.exitCode, 0, ok.err);
    assert.equal(ok.err, '');
    assert.equal((JSON.parse(ok.out) as PlanReport).cost, 0.25);
    assert.equal((await runProcess(['solve', '--problem', large, ...engine])).exitCode, 1);
    const bad = await runProcess(['solve', '--problem', join(folder, 'nothing.json'), ...engine]);
    assert.equal(bad.exitCode, 2);
    assert.match(bad.err, /^error: .*nothing\.json: there is no such file or folder\n$/);
  });

  test('knows its version and its help', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    assert.equal((await runProcess(['--version'])).out, `${version}\n`);
    const help = await runProcess(['solve', '--help']);
    assert.equal(help.exitCode, 0);
    assert.match(help.out, /Exit codes: 0 every pod has a place, 1 some have none, 2 the input is wrong/);
    assert.equal((await runProcess(['sovle'])).exitCode, 2);
  });

  test('colours are for terminals and for those who ask for them', async () => {
    const path = file('colour.json', JSON.stringify(problem(1)));
    const args = ['solve', '--problem', path, '-o', 'table', ...engine];
    const { NO_COLOR: _, FORCE_COLOR: __, ...env } = process.env;
    assert.ok(!(await runProcess(args, { env })).out.includes('\u001b['));
    assert.ok((await runProcess(args, { env: { ...env, FORCE_COLOR: '1' } })).out.includes('\u001b['));
  });
});
