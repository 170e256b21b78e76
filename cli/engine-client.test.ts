// What errors of a call become: an exit code and words that say what to change.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, ConnectError } from '@connectrpc/connect';
import { callError } from './engine-client.ts';
import { CommandError, EXIT } from './outcome.ts';

describe('callError', () => {
  const rows: readonly (readonly [code: Code, message: string, address: string, exitCode: number, expected: RegExp])[] =
    [
      [Code.InvalidArgument, 'nodes[0].name: empty', 'a:1', EXIT.badInput, /^explained nodes\[0\]\.name: empty$/],
      [Code.NotFound, 'no such region', 'a:1', EXIT.badInput, /^explained no such region$/],
      [Code.Unavailable, 'connect ECONNREFUSED', 'a:1', EXIT.failed, /reach the service at a:1: .*dovetail serve/],
      [Code.Internal, 'connect ENOENT /x', 'unix:/x', EXIT.failed, /reach the service at unix:\/x/],
      [Code.ResourceExhausted, 'the queue is full', 'a:1', EXIT.failed, /^solve at a:1: the queue is full$/],
      [
        Code.Internal,
        'tlsv13 alert certificate required',
        'https://a:1',
        EXIT.failed,
        /give --tls-cert and --tls-key$/,
      ],
      [Code.Internal, 'self-signed certificate in chain', 'https://a:1', EXIT.failed, /with --tls-ca$/],
      [Code.Canceled, 'http/2 stream closed', 'a:1', EXIT.failed, /if the service uses TLS, write https:\/\/a:1/],
      [Code.Internal, 'a worker died', 'a:1', EXIT.failed, /^solve at a:1: Internal: a worker died$/],
    ];
  for (const [code, message, address, exitCode, expected] of rows) {
    test(`${Code[code]} "${message}" at ${address}`, () => {
      const error = callError(new ConnectError(message, code), address, (text) => `explained ${text}`);
      assert.ok(error instanceof CommandError);
      assert.equal(error.exitCode, exitCode);
      assert.match(error.lines[0] ?? '', expected);
    });
  }

  test('a defect stays what it is', () => {
    const defect = new TypeError('x');
    assert.equal(callError(defect, 'a:1', String), defect);
  });
});
