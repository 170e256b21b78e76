// Which clusters a certificate names, and whom that lets open what.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ServiceError } from '../errors.ts';
import { createAuthority, type TestAuthority } from '../testing/certificates.ts';
import { clustersOf, verifiedPeer } from './certificate.ts';
import { assertMayOpen, mayOpen, UNCHECKED_PEER } from './index.ts';

describe("a client's certificate", () => {
  let authority: TestAuthority;
  before(async () => {
    authority = await createAuthority('ca');
  });

  it('names the clusters of its URIs, each exactly', async () => {
    const { certificateDer } = await authority.issue({
      uris: ['spiffe://example.org/cluster/blue', 'spiffe://other.example/cluster/Green_2.eu-1'],
    });
    assert.deepEqual([...clustersOf(certificateDer)].sort(), ['Green_2.eu-1', 'blue']);
    const peer = verifiedPeer(() => certificateDer);
    assert.deepEqual(
      ['blue', 'Green_2.eu-1', 'Blue', 'blu', 'blue/', 'green_2.eu-1', '', '*'].map((cluster) =>
        mayOpen(cluster, peer),
      ),
      [true, true, false, false, false, false, false, false],
    );
  });

  it('names no cluster by anything that only looks like it', async () => {
    const { certificateDer } = await authority.issue({
      uris: [
        'https://example.org/cluster/blue',
        'spiffe://example.org/cluster/',
        'spiffe://example.org/cluster/blue/',
        'spiffe://example.org/cluster/blue/green',
        'spiffe://example.org/ns/cluster/blue',
        'spiffe://example.org/tenant/cluster/blue',
        'spiffe://example.org/Cluster/blue',
        'spiffe://example.org/cluster/bl%75e',
        'spiffe://example.org/cluster/blue?x=1',
        'spiffe://example.org/cluster/blue#x',
        'spiffe://example.org/cluster/..',
        'spiffe://user@example.org/cluster/blue',
        'spiffe://example.org:443/cluster/blue',
        'spiffe:///cluster/blue',
        'xspiffe://example.org/cluster/blue',
        'spiffe://example.org/cluster/*',
      ],
    });
    assert.deepEqual([...clustersOf(certificateDer)], []);
  });

  it('that is missing, is none, or names none opens nothing', async () => {
    const { certificateDer } = await authority.issue();
    for (const der of [undefined, new Uint8Array(0), certificateDer.slice(0, 100), certificateDer]) {
      assert.equal(
        mayOpen(
          'blue',
          verifiedPeer(() => der),
        ),
        false,
      );
    }
  });
});

describe('opening a cluster', () => {
  it('is for everybody where nobody is asked', () => {
    assert.equal(mayOpen('blue', UNCHECKED_PEER), true);
    assertMayOpen('blue', UNCHECKED_PEER, 'open.cluster');
  });

  it('is refused with the field and with what the certificate would need', () => {
    assert.throws(
      () =>
        assertMayOpen(
          'blue',
          verifiedPeer(() => undefined),
          'open.cluster',
        ),
      (error) =>
        error instanceof ServiceError &&
        error.code === 'permission-denied' &&
        error.field === 'open.cluster' &&
        error.message.includes('spiffe://TRUST-DOMAIN/cluster/blue'),
    );
  });
});
