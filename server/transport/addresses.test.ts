// Where the server may listen without protection.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressText, assertMayListen, isLoopback, StartupError } from './addresses.ts';

const open = { tls: false, insecure: false };

describe('an address', () => {
  it('is loopback when only this machine reaches it', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) assert.ok(isLoopback(host), host);
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'example.com', ''])
      assert.ok(!isLoopback(host), host);
  });

  it('that others reach needs mutual TLS or an explicit word, and the refusal says so', () => {
    const everywhere = { host: '0.0.0.0', port: 0 };
    assert.throws(
      () => assertMayListen('gRPC', everywhere, open),
      (error) => error instanceof StartupError && /--tls-cert.*--insecure/s.test(error.message),
    );
    assertMayListen('gRPC', everywhere, { tls: true, insecure: false });
    assertMayListen('gRPC', everywhere, { tls: false, insecure: true });
    assertMayListen('gRPC', { host: '::1', port: 0 }, open);
    assertMayListen('gRPC', { socketPath: '/run/x.sock' }, open);
  });

  it('is written as clients write it', () => {
    assert.equal(addressText({ host: '127.0.0.1', port: 5 }), '127.0.0.1:5');
    assert.equal(addressText({ host: '::1', port: 5 }), '[::1]:5');
    assert.equal(addressText({ socketPath: '/run/x.sock' }), 'unix:/run/x.sock');
  });
});
