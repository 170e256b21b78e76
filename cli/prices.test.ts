// `dovetail prices` on a service of its own: the embedded catalogue's prices with their sources and ages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runHere } from './testing.ts';

interface Row {
  readonly zone: string;
  readonly capacityType: string;
  readonly usdPerHour?: number;
  readonly source: string;
  readonly asOf?: string;
}

test('prices come with their source and their age, estimates without one', async () => {
  const { exitCode, out } = await runHere(['prices', 'm5.large', '--zone', 'us-east-1a']);
  assert.equal(exitCode, 0);
  const [headings, ...lines] = out.trimEnd().split('\n');
  assert.match(headings ?? '', /^TYPE +ZONE +CAPACITY +\$\/HOUR +SOURCE +AGE$/);
  assert.equal(lines.length, 2);
  assert.ok(
    lines.some((line) => /^m5.large +us-east-1a +on-demand +\$0\.0960 +listed +\d+d$/.test(line)),
    out,
  );
  assert.ok(
    lines.some((line) => /^m5.large +us-east-1a +spot +~\$0\.0384 +estimated +-$/.test(line)),
    out,
  );
});

test('as JSON they carry the date, and several types may be named', async () => {
  const { exitCode, out } = await runHere(['prices', 'm5.large', 'c5.large', '--zone', 'us-east-1a', '-o', 'json']);
  assert.equal(exitCode, 0);
  const rows = JSON.parse(out) as Row[];
  assert.equal(rows.length, 4);
  const listed = rows.filter(({ source }) => source === 'listed');
  assert.deepEqual([...new Set(listed.map(({ asOf }) => asOf))], ['2026-07-06T00:00:00.000Z']);
  assert.ok(rows.every(({ source, asOf }) => source === 'listed' || asOf === undefined));
});

test('a type, a zone or a region that is not there is wrong input', async () => {
  const type = await runHere(['prices', 'm5.tiny']);
  assert.equal(type.exitCode, 2);
  assert.match(type.err, /m5\.tiny: no such offering/);
  assert.equal((await runHere(['prices', '--zone', 'mars-1a'])).exitCode, 2);
  const region = await runHere(['prices', '--region', 'mars-1']);
  assert.equal(region.exitCode, 2);
  assert.match(region.err, /no catalogue of region mars-1/);
});
