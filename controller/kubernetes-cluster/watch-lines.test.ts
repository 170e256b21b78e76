// Lines out of chunks, wherever these are cut.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { readLines } from './watch-lines.ts';

async function linesOf(chunks: readonly Buffer[], maxBytes = 100): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(Readable.from(chunks), maxBytes)) lines.push(line);
  return lines;
}

test('lines are the same wherever the chunks are cut, also within a character', async () => {
  const text = Buffer.from('{"a":"ä€😀"}\n\n{"b":1}\nno end');
  for (let cut = 0; cut <= text.length; cut += 1) {
    for (let second = cut; second <= text.length; second += 1) {
      const chunks = [text.subarray(0, cut), text.subarray(cut, second), text.subarray(second)];
      assert.deepEqual(await linesOf(chunks), ['{"a":"ä€😀"}', '', '{"b":1}'], `cut at ${cut} and ${second}`);
    }
  }
});

test('a line beyond the bound ends the reading, whether its end has come or not', async () => {
  const long = Buffer.alloc(11, 'x');
  await assert.rejects(() => linesOf([long], 10), /more than 10 bytes/);
  await assert.rejects(() => linesOf([Buffer.concat([long, Buffer.from('\n')])], 10), /more than 10 bytes/);
  await assert.rejects(() => linesOf([long.subarray(0, 6), long.subarray(0, 5)], 10), /more than 10 bytes/);
  assert.deepEqual(await linesOf([Buffer.from('0123456789\n')], 10), ['0123456789']);
});
