// Short soaks of a service that leaks on purpose: they have to fail. Whether a sound service passes takes minutes to say and
// is not asked here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Growth, MemorySample } from './verdict.ts';

for (const [leak, what] of [
  ['server', 'server: heap'],
  ['worker', 'worker 1: heap'],
] as const) {
  test(`a leak in the ${leak} is found in seconds, and everything of the mixed load is answered`, () => {
    const file = fileURLToPath(new URL('./main.ts', import.meta.url));
    const args = ['--minutes', '0.1', '--smoke', '--workers', '1', '--leak', leak, '--json'];
    const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: 'utf8' });
    assert.equal(status, 1, stderr);
    const report = JSON.parse(stdout) as { growths: Growth[]; counts: Record<string, number>; samples: MemorySample[] };
    assert.ok(
      report.growths.some((growth) => growth.what === what && !growth.allowed),
      JSON.stringify(report.growths),
    );
    assert.equal(report.samples.length, 2);
    for (const [kind, count] of Object.entries(report.counts)) assert.ok(count > 0, `${kind} did nothing`);
  });
}
