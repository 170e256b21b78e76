// The port on which metrics are read, with a reader that is slower than the writer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressText, startMetricsServer } from './index.ts';

const PIECES = 60;
const PIECE = `${'x'.repeat(1_000_000)}\n`;

test('a text of many large pieces reaches a slow reader whole, and nobody warns of listeners', async () => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', note);
  const listener = await startMetricsServer({
    address: { host: '127.0.0.1', port: 0 },
    render: async function* () {
      for (let piece = 0; piece < PIECES; piece += 1) yield PIECE;
    },
  });
  try {
    const [, port] = /:(\d+)$/.exec(addressText(listener.address)) ?? [];
    const [response] = (await once(get({ host: '127.0.0.1', port, path: '/metrics' }), 'response')) as [
      IncomingMessage,
    ];
    await sleep(50);
    let length = 0;
    for await (const chunk of response) length += (chunk as Buffer).length;
    assert.equal(length, PIECES * PIECE.length);
    await sleep(10);
    assert.deepEqual(warnings, []);
  } finally {
    process.off('warning', note);
    await listener.close();
  }
});
