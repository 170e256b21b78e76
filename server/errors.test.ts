// Errors as they go onto the wire.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Code } from '@connectrpc/connect';
import { status } from '@grpc/grpc-js';
import { ERROR_TABLE, FIELD_HEADER, invalidArgument, ServiceError, shorten, toConnectError } from './errors.ts';
import { assertLimits, LIMITS } from './limits.ts';

describe('an error on the wire', () => {
  it('has one number for gRPC and Connect', () => {
    for (const [name, { wireCode }] of Object.entries(ERROR_TABLE)) {
      const grpcName = name.replaceAll('-', '_').toUpperCase() as keyof typeof status;
      assert.equal(wireCode as number, status[grpcName], name);
    }
  });

  it('names the field in its message and in a header', () => {
    const error = toConnectError(invalidArgument('node_pools[2].name', 'is not good'));
    assert.equal(error.code, Code.InvalidArgument);
    assert.equal(error.rawMessage, 'node_pools[2].name: is not good');
    assert.equal(error.metadata.get(FIELD_HEADER), 'node_pools[2].name');
  });

  it('says when to try again', () => {
    const error = toConnectError(new ServiceError('resource-exhausted', 'full', { retryAfterMs: 1_200 }));
    assert.equal(error.metadata.get('grpc-retry-pushback-ms'), '1200');
    assert.equal(error.metadata.get('retry-after'), '2');
  });

  it('keeps the text of our own defects to itself', () => {
    const error = toConnectError(new TypeError('secret of pod x'));
    assert.equal(error.code, Code.Internal);
    assert.ok(!error.rawMessage.includes('secret'));
    assert.ok(error.cause instanceof TypeError);
  });

  it('fits into headers, whatever it quotes', () => {
    const error = toConnectError(invalidArgument(`é${'x'.repeat(5_000)}`, 'y'.repeat(50_000)));
    assert.ok(error.rawMessage.length <= LIMITS.errorMessageLength);
    assert.match(error.metadata.get(FIELD_HEADER) ?? '', /^\?x+\.\.\.$/);
    assert.equal(shorten('abcdef', 5), 'ab...');
  });
});

describe('the limits', () => {
  it('keep what they owe each other', () => assertLimits());
});
