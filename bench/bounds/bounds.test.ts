// The benchmark of bounds at smoke size, so that it can't rot: no price is below its bound. No times are judged.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCorpusCase } from '../problems.ts';
import { type BoundsResult, measureBounds, OBJECTIVES } from './measure.ts';
import { type GoalResult, judge } from './report.ts';

const OPTIONS = { objective: 'list-price', keepsRules: false, bestMs: 200 } as const;

for (const name of ['team-pools', 'karpenter-mix-1000', 'existing-nodes']) {
  test(`the bound of ${name} at smoke size is below the plan of every effort`, async () => {
    const bounds: number[] = [];
    for (const objective of OBJECTIVES) {
      const options = { ...OPTIONS, objective, keepsRules: objective === 'default', capacity: 'any' } as const;
      const result = await measureBounds(openCorpusCase(name, 'smoke', 1), options);
      bounds.push(result.boundUsdPerHour);
      assert.equal(result.efforts.length, 3);
      for (const { effort, costUsdPerHour, gap, unplacedCount } of result.efforts) {
        // What BEST leaves out when its time is up, its plan does not pay for.
        if (unplacedCount > 0 && effort === 'best') continue;
        assert.ok(costUsdPerHour >= result.boundUsdPerHour, `${effort}: ${JSON.stringify(result)}`);
        if (result.boundUsdPerHour > 0 && unplacedCount === 0) assert.ok(gap !== undefined && gap >= 0);
      }
    }
    assert.ok(bounds[0]! === 0 || bounds[1]! > bounds[0]!, `charges raise the bound: ${bounds}`);
  });
}

test('on demand is never cheaper than whatever may be bought', async () => {
  const open = () => openCorpusCase('few-shapes-10000', 'smoke', 1);
  const onDemand = await measureBounds(open(), { ...OPTIONS, capacity: 'on-demand' });
  const any = await measureBounds(open(), { ...OPTIONS, capacity: 'any' });
  assert.ok(onDemand.boundUsdPerHour > any.boundUsdPerHour, JSON.stringify([onDemand, any]));
});

function outcome(name: string, converged: boolean, gaps: readonly number[]): BoundsResult {
  return {
    name,
    capacity: 'any',
    podCount: 1,
    boundUsdPerHour: 1,
    converged,
    boundMs: 1,
    efforts: (['fast', 'balanced', 'best'] as const).map((effort, at) => ({
      effort,
      costUsdPerHour: 1 + gaps[at]!,
      nodeCount: 1,
      unplacedCount: 0,
      solveMs: 1,
      gap: gaps[at]!,
    })),
  };
}

test('goals are judged over converged bounds, by the geometric mean and the worst', () => {
  const found = judge([
    outcome('a', true, [0.1, 0, 0.001]),
    outcome('b', true, [0, 0.05, 0.002]),
    outcome('c', false, [9, 9, 9]),
  ]);
  const of = ({ effort, count, worstName, reached }: GoalResult) => [effort, count, worstName, reached];
  assert.deepEqual(found.map(of), [
    ['fast', 2, 'a any', true],
    ['balanced', 2, 'b any', false],
    ['best', 2, 'b any', true],
  ]);
  assert.ok(Math.abs(found[0]!.mean - (Math.sqrt(1.1) - 1)) < 1e-12);
});

test('the command prints a table or JSON, reads problem files, and refuses what it does not know', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
    return { status, out: stdout, error: stderr };
  };
  const directory = mkdtempSync(join(tmpdir(), 'dovetail-bounds-'));
  try {
    const offerings = [{ zone: 'north', capacityType: 'on-demand', price: 0.5, available: true }];
    const problem = {
      nodePools: [{ metadata: { name: 'general' }, spec: { template: { spec: { requirements: [] } } } }],
      instanceTypes: [
        { name: 'two', labels: {}, capacity: { cpu: '2', memory: '8Gi', pods: '50' }, overhead: {}, offerings },
      ],
      pods: [0, 1, 2].map((index) => ({
        metadata: { name: `pod-${index}` },
        spec: { containers: [{ resources: { requests: { cpu: '1' } } }] },
      })),
    };
    writeFileSync(join(directory, 'three.json'), JSON.stringify(problem));
    const table = run('--problems', directory, '--capacity', 'any');
    assert.equal(table.status, 0, table.error);
    assert.match(table.out, /\nthree +any +3 +0\.7[45]\d +\S+ +yes +1\.000 +33\.\d\d % +2 /);
    assert.match(
      table.out,
      /balanced: mean 33\.\d\d %, worst 33\.\d\d % \(three any\) over 1 converged bounds; goal .*: missed/,
    );
    const json = run('--problems', directory, '--best', '1', '--objective', 'default', '--json', '--judge');
    assert.equal(json.status, 1);
    const { results } = JSON.parse(json.out) as { results: BoundsResult[] };
    assert.deepEqual(
      results.map(({ name, capacity }) => `${name} ${capacity}`),
      ['three on-demand', 'three any'],
    );
    // Two nodes at 0.5 and the charge for each; BEST was asked for here only.
    assert.deepEqual(
      results[1]?.efforts.map(({ effort, costUsdPerHour }) => `${effort} ${costUsdPerHour}`),
      ['fast 1.02', 'balanced 1.02', 'best 1.02'],
    );
    assert.doesNotMatch(table.out, /best/);
  } finally {
    rmSync(directory, { recursive: true });
  }
  const wrong = run('--capacity', 'spot');
  assert.deepEqual([wrong.status, wrong.out], [2, '']);
  assert.match(wrong.error, /--capacity spot: on-demand, any or both/);
});
