// Every case of the corpus at smoke size, and the command around it, so that the benchmark cannot rot. No times are
// judged here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { CORPUS } from './corpus.ts';
import type { Environment } from './environment.ts';
import { generateKarpenterMix } from './generators/index.ts';
import { measureCase } from './measure.ts';
import { openCorpusCase } from './problems.ts';
import { openRandom } from './random.ts';
import type { ReadyResult } from './ready.ts';
import { renderReport } from './report.ts';
import type { CaseOutcome, CaseResult } from './result.ts';

const QUICK = { effort: 'fast', workerCount: 1, warmRunCount: 1, warmUpMs: 0 } as const;

for (const { name } of CORPUS) {
  test(`case ${name} is solved at smoke size, with every pod accounted for`, async () => {
    const result = await measureCase(openCorpusCase(name, 'smoke', 1), QUICK);
    const { answer } = result;
    const refusedCount = answer.refused.reduce((sum, { podCount }) => sum + podCount, 0);
    assert.equal(answer.placedCount + refusedCount, result.podCount);
    assert.ok(answer.placedCount > 0, JSON.stringify(answer));
    assert.ok(answer.nodeCount > 0 && answer.priceUsdPerHour > 0, JSON.stringify(answer));
    assert.match(answer.hash, /^[0-9a-f]{64}$/);
    for (const times of [result.cold, result.warm]) {
      const parts = times.groupMs + times.queueMs + times.workerMs + times.serverMs;
      assert.ok(times.totalMs > 0 && Math.abs(parts - times.totalMs) < 1e-6, JSON.stringify(times));
    }
  });
}

/** Runs the command as npm does; answers what it prints. */
function bench(...args: string[]): { status: number | null; out: string; error: string } {
  const run = spawnSync(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url)), ...args], {
    encoding: 'utf8',
  });
  return { status: run.status, out: run.stdout, error: run.stderr };
}

interface Report {
  readonly environment: Environment;
  readonly outcomes: readonly CaseOutcome[];
}

function resultsOf(report: Report): CaseResult[] {
  return report.outcomes.flatMap((outcome) => ('result' in outcome ? [outcome.result] : []));
}

test('the command solves seeds and problem files, each in a process of its own, and prints them as JSON', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dovetail-bench-'));
  try {
    const { nodePools, catalogue, pods } = generateKarpenterMix({ podCount: 40, typeCount: 20 }, openRandom(9));
    assert.ok(catalogue.kind === 'types');
    const problem = { name: 'mix', nodePools, instanceTypes: catalogue.instanceTypes, pods };
    writeFileSync(join(folder, 'plain.json'), JSON.stringify(problem));
    writeFileSync(join(folder, 'zipped.json.gz'), gzipSync(JSON.stringify(problem)));
    writeFileSync(join(folder, 'broken.json'), JSON.stringify({ ...problem, pods: [{ kind: 'Pod' }] }));
    writeFileSync(join(folder, 'ignored.txt'), 'not a problem');
    const { status, out, error } = bench(
      ...[
        '--size',
        'smoke',
        '--repeat',
        '1',
        '--case',
        'one-pod',
        '--seeds',
        '3..4',
        '--problems',
        folder,
        '--effort',
        'fast',
        '--json',
      ],
    );
    assert.equal(status, 1, error);
    const report = JSON.parse(out) as Report;
    const results = resultsOf(report);
    assert.deepEqual(
      results.map(({ name, seed }) => [name, seed]),
      [
        ['one-pod', 3],
        ['one-pod', 4],
        ['plain', undefined],
        ['zipped', undefined],
      ],
    );
    assert.equal(results[2]?.answer.hash, results[3]?.answer.hash);
    assert.equal(results[2]?.answer.placedCount, 40);
    const failures = report.outcomes.filter((outcome) => 'failure' in outcome);
    assert.equal(failures.length, 1);
    assert.match(failures[0]?.failure.name ?? '', /broken\.json$/);
    assert.match(report.environment.nodeVersion, /^v24\./);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the command says what is wrong with its options and names its cases', () => {
  assert.match(bench('--case', 'web').error, /find case web: there are karpenter-mix-1000/);
  assert.match(bench('--seeds', '5..1').error, /--seeds 5\.\.1: write FROM\.\.TO/);
  assert.match(bench('--size', 'huge').error, /--size huge: smoke or normal/);
  assert.match(bench('--effort', 'best').error, /--effort best: fast or balanced/);
  assert.equal(bench('--seeds', 'x').status, 2);
  const { status, out } = bench('--list');
  assert.equal(status, 0);
  assert.equal(out.trim().split('\n').length, CORPUS.length);
});

test('the table shows the answer beside the times, and what was refused', () => {
  const environment: Environment = {
    cpu: 'a processor',
    coreCount: 2,
    memoryMebibytes: 4096,
    loadAverage: 0.5,
    nodeVersion: 'v24.0.0',
    platform: 'linux-x64',
    commit: 'abc',
  };
  const times = { totalMs: 12.345, groupMs: 1, queueMs: 0, workerMs: 10, serverMs: 1.345 };
  const text = renderReport(environment, [
    {
      result: {
        name: 'mix',
        description: '',
        effort: 'fast',
        seed: 7,
        podCount: 10,
        nodeInputCount: 0,
        startMs: 1,
        indexMs: 2,
        cold: { ...times, totalMs: 123.4 },
        warm: times,
        warmRunCount: 1,
        answer: {
          nodeCount: 3,
          priceUsdPerHour: 1.5,
          placedCount: 8,
          placedOnExistingCount: 0,
          refused: [{ code: 'LIMIT_REACHED', podCount: 2 }],
          shapeCount: 4,
          workUnits: 5,
          hash: 'f'.repeat(64),
        },
      },
    },
    { failure: { name: 'other', error: 'went wrong' } },
  ]);
  assert.match(text, /mix +7 +fast +10 +4 +123 +12\.3 +1\.00 +10\.0 +1\.34 +2\.00 +3 +1\.500 +8 +2 +f{12}\n/);
  assert.match(text, /mix seed 7: 2 pods refused \(LIMIT_REACHED\)/);
  assert.match(text, /FAILED other: went wrong/);
});

test('--ready tells both ways to a ready region, step by step, and that they lead to the same index', () => {
  const { status, out, error } = bench('--ready', '--region', 'me-south-1', '--repeat', '1');
  assert.equal(status, 0, error);
  assert.match(out, /Region me-south-1 from nothing to ready, in 1 fresh processes/);
  for (const step of ['decompress', 'derive AL2023 columns', 'ready'])
    assert.match(out, new RegExp(`${step} +[0-9.]+ `));
  const json = bench('--ready', '--region', 'me-south-1', '--repeat', '1', '--json');
  const { ready } = JSON.parse(json.out) as { ready: ReadyResult };
  const [packed] = ready.packed;
  assert.equal(packed?.digest, ready.facts[0]?.digest);
  const steps = packed!.loadMs + packed!.indexMs + packed!.pricesMs + packed!.deriveMs;
  assert.ok(Math.abs(steps - packed!.totalMs) < 1e-6);
});

test('--ready refuses a region that is not in the catalogue, and --region is for --ready alone', () => {
  const unknown = bench('--ready', '--region', 'mars-1');
  assert.deepEqual(
    [unknown.status, /mars-1: not in the catalogue; use one of .*us-east-1/.test(unknown.error)],
    [2, true],
  );
  const alone = bench('--region', 'us-east-1');
  assert.deepEqual([alone.status, /--region: only with --ready/.test(alone.error)], [2, true]);
});

test('prices are compared over cases and generated problems, and the last line counts them', () => {
  const run = bench('--price', '--case', 'one-pod', '--size', 'smoke', '--seeds', '3..4', '--best-seconds', '1');
  assert.equal(run.status, 0, run.error);
  const lines = run.out.trimEnd().split('\n');
  assert.equal(lines.at(-1), '3 passed, 0 failed');
  for (const name of ['one-pod', 'seed 3', 'seed 4']) {
    for (const market of ['any capacity', 'on demand']) {
      for (const objective of ['list price', 'default']) {
        const row = lines.filter((line) => line.startsWith(name) && line.includes(market) && line.includes(objective));
        assert.equal(row.length, 1, `${name}, ${market}, ${objective}`);
      }
    }
  }
  const json = bench('--price', '--seeds', '3', '--best-seconds', '1', '--json');
  const { outcomes } = JSON.parse(json.out) as { outcomes: { ours: { verdict: string }[] }[] };
  assert.deepEqual(
    outcomes.flatMap(({ ours }) => ours.map(({ verdict }) => verdict)),
    ['no rival', 'no rival', 'no rival', 'no rival'],
  );
});

test('small batches are judged against the best plan known, and the table says how far each effort is from the bound', () => {
  const args = ['--price', '--small', '--size', 'smoke', '--seeds', '2', '--best-seconds', '1'];
  const run = bench(...args, '--objective', 'list-price', '--strip-rules', '--judge');
  assert.equal(run.status, 0, run.error);
  assert.match(
    run.out,
    /\nbatch of 4, seed 2 +on demand +list price +4 .* \d+\.\d\d % +\d+\.\d{3} +(yes|no) +- +no rival\n/,
  );
  assert.match(run.out, /\nBALANCED over the best known: .* over 4 batches of up to 100 pods; goal .*: reached\n/);
  assert.match(run.out, /are taken out of the problems, for all/);
  assert.doesNotMatch(run.out, / default /);
  assert.match(bench('--small').error, /--small: only with --price/);
  assert.match(bench('--price', '--objective', 'cheap').error, /--objective cheap: list-price, default or both/);
});
