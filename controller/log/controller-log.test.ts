// The lines of the log, as people's tools read them.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import { type LogOptions, openLog } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'dovetail-log-'));
after(() => rmSync(directory, { recursive: true, force: true }));

let fileCount = 0;
function logTo(options: Partial<LogOptions>, count = 1) {
  fileCount += 1;
  const paths = Array.from({ length: count }, (_, index) => join(directory, `${fileCount}-${index}`));
  const opened = openLog({ level: 'info', clock: new DrivenClock(), paths, ...options });
  const linesOf = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n');
  return { ...opened, lines: () => linesOf(paths[0] ?? ''), all: () => paths.map(linesOf) };
}

test('a line has Karpenter’s keys, in an order that people can read', () => {
  const { log, lines } = logTo({ commit: 'abc1234' });
  log.info({ controller: 'nodeclaim.lifecycle', NodeClaim: { name: 'default-x7k2p' } }, 'launched nodeclaim');
  assert.deepEqual(lines(), [
    '{"level":"INFO","time":"2026-01-01T00:00:00.000Z","logger":"controller","commit":"abc1234",' +
      '"controller":"nodeclaim.lifecycle","NodeClaim":{"name":"default-x7k2p"},"message":"launched nodeclaim"}',
  ]);
});

test('levels are words in capitals, so that a grep for errors finds them, and less important lines are left out', () => {
  const { log, lines } = logTo({ level: 'warn' });
  log.debug({}, 'a');
  log.info({}, 'b');
  log.warn({}, 'c');
  log.error({ error: 'no connection' }, 'd');
  assert.deepEqual(
    lines().map((line) => (JSON.parse(line) as { level: string }).level),
    ['WARN', 'ERROR'],
  );
  const debugging = logTo({ level: 'debug' });
  debugging.log.debug({}, 'a');
  assert.equal(debugging.lines().length, 1);
});

test('every path gets every line, before the call returns', () => {
  const { log, all } = logTo({}, 2);
  log.error({}, 'twice');
  const [one, other] = all();
  assert.match(String(one), /"message":"twice"/);
  assert.deepEqual(one, other);
});

test('a file that can’t be written is told at once', () => {
  assert.throws(
    () => openLog({ level: 'info', clock: new DrivenClock(), paths: [join(directory, 'no', 'such')] }),
    /ENOENT/,
  );
});
