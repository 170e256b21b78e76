// Watching what is on sale, over every protocol: a snapshot, then every change, in the account that is watched only.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Code } from '@connectrpc/connect';
import { CapacityType, type ListedOffering, OfferingService, type WatchOfferingsResponse } from '../../proto/index.ts';
import type { RunningServer } from '../index.ts';
import { LIMITS } from '../limits.ts';
import {
  accountCatalogue,
  allClients,
  CallError,
  CENT_NANO,
  explicitType,
  grpcClient,
  startTestServer,
  type TestClient,
} from '../testing/index.ts';

const { watchOfferings, updateOfferings, reportUnavailable, listOfferings } = OfferingService.method;

let server: RunningServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

type Pieces = AsyncGenerator<WatchOfferingsResponse, void>;

async function next(pieces: Pieces): Promise<WatchOfferingsResponse['message']> {
  const { value } = await pieces.next();
  assert.ok(value);
  return value.message;
}

async function snapshotOf(pieces: Pieces) {
  const message = await next(pieces);
  assert.equal(message.case, 'snapshot');
  return message.value;
}

async function changeOf(pieces: Pieces) {
  const message = await next(pieces);
  assert.equal(message.case, 'change');
  return message.value;
}

const price = (instanceType: string, zone: string, cents: number) => ({
  instanceType,
  offering: {
    zone,
    capacityType: CapacityType.ON_DEMAND,
    priceNanoUsdPerHour: BigInt(cents * CENT_NANO),
    available: true,
  },
});

const named = ({ instanceType, offering }: ListedOffering) =>
  `${instanceType} ${offering?.zone} ${offering?.available ? offering.priceNanoUsdPerHour : 'out'}`;

function onEveryProtocol(name: string, run: (client: TestClient, account: string) => Promise<void>): void {
  it(name, async () => {
    for (const client of allClients(server)) {
      try {
        await run(client, `${client.protocol} ${name}`.slice(0, 60));
      } catch (error) {
        throw new Error(`${client.protocol}: ${error instanceof Error ? error.message : error}`, { cause: error });
      } finally {
        client.close();
      }
    }
  });
}

describe('a watcher of offerings', () => {
  onEveryProtocol('gets a snapshot with its epoch, then what changes and nothing else', async (client, account) => {
    const catalogue = accountCatalogue(account);
    const pieces = client.listen(watchOfferings, { catalogue });
    const snapshot = await snapshotOf(pieces);
    assert.deepEqual([snapshot.part, snapshot.last, snapshot.offerings.length], [0, true, 6]);
    const listed = await client.call(listOfferings, { catalogue });
    assert.deepEqual(snapshot.offerings.map(named), listed.offerings.map(named));
    assert.equal(snapshot.epoch, listed.epoch);
    assert.equal(snapshot.catalogueHash, listed.catalogueHash);

    const updated = await client.call(updateOfferings, { catalogue, updates: [price('small', 'us-east-1b', 7)] });
    const change = await changeOf(pieces);
    assert.deepEqual([change.fromEpoch, change.epoch], [snapshot.epoch, updated.epoch]);
    assert.deepEqual(change.offerings.map(named), [`small us-east-1b ${7 * CENT_NANO}`]);

    await client.call(reportUnavailable, {
      catalogue,
      offerings: [{ instanceType: 'medium', capacityType: CapacityType.ON_DEMAND }],
      ttlMs: 50,
    });
    const out = await changeOf(pieces);
    assert.deepEqual(out.offerings.map(named), ['medium us-east-1a out', 'medium us-east-1b out']);
    const back = await changeOf(pieces);
    assert.equal(back.fromEpoch, out.epoch);
    assert.ok(
      back.offerings.every(({ offering }) => offering?.available),
      'a shortage passes by itself',
    );
    await pieces.return();
  });

  onEveryProtocol('hears nothing of another account', async (client, account) => {
    const pieces = client.listen(watchOfferings, { catalogue: accountCatalogue(account) });
    await snapshotOf(pieces);
    await client.call(reportUnavailable, {
      catalogue: accountCatalogue(`${account} other`.slice(0, 64)),
      offerings: [{ capacityType: CapacityType.ON_DEMAND }],
    });
    await client.call(updateOfferings, {
      catalogue: accountCatalogue(account),
      updates: [price('small', 'us-east-1a', 9)],
    });
    assert.deepEqual((await changeOf(pieces)).offerings.map(named), [`small us-east-1a ${9 * CENT_NANO}`]);
    await pieces.return();
  });

  onEveryProtocol('gets a new snapshot when the types are others', async (client, account) => {
    const catalogue = accountCatalogue(account);
    const pieces = client.listen(watchOfferings, { catalogue });
    await snapshotOf(pieces);
    await client.call(updateOfferings, { catalogue, instanceTypes: [explicitType('new', 2, CENT_NANO)] });
    const snapshot = await snapshotOf(pieces);
    assert.equal(snapshot.offerings.length, 8);
    await pieces.return();
  });

  onEveryProtocol('that names what is not there is told so', async (client) => {
    const pieces = client.listen(watchOfferings, {
      catalogue: { catalogue: { case: 'contentHash', value: '0'.repeat(64) } },
    });
    const error = await pieces.next().then(
      () => assert.fail('it was answered'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof CallError);
    assert.deepEqual([Code[error.code], error.field], ['NotFound', 'catalogue.content_hash']);
  });

  it('gets large catalogues in parts of one epoch', async () => {
    const client = grpcClient(server);
    const typeCount = LIMITS.watchedOfferingsPerMessageCount / 2 + 1;
    const instanceTypes = Array.from({ length: typeCount }, (_, index) => explicitType(`t-${index}`, 1, CENT_NANO));
    const pieces = client.listen(watchOfferings, {
      catalogue: { catalogue: { case: 'inline', value: { instanceTypes } } },
    });
    const parts = [await snapshotOf(pieces), await snapshotOf(pieces)];
    assert.deepEqual(
      parts.map(({ part, last, offerings }) => [part, last, offerings.length]),
      [
        [0, false, LIMITS.watchedOfferingsPerMessageCount],
        [1, true, 2],
      ],
    );
    await pieces.return();
    client.close();
  });

  it('that does not listen gets a new snapshot in place of everything it missed', async () => {
    const client = grpcClient(server);
    const instanceTypes = Array.from({ length: 250 }, (_, index) =>
      explicitType(`type-${index}`, 1, CENT_NANO, { zones: ['a', 'b', 'c', 'd'] }),
    );
    const catalogue = { catalogue: { case: 'inline', value: { instanceTypes } } } as const;
    const pieces = client.listen(watchOfferings, { catalogue });
    const { catalogueHash } = await snapshotOf(pieces);
    const byHash = { catalogue: { case: 'contentHash', value: catalogueHash } } as const;
    let epoch = 0n;
    // Every round changes 1,000 offerings: together many times what is remembered. The client's library reads 16 ahead.
    for (let round = 1; round <= 45; round++) {
      const updates = instanceTypes.flatMap(({ name = '' }) =>
        ['a', 'b', 'c', 'd'].map((zone) => price(name, zone, round)),
      );
      ({ epoch } = await client.call(updateOfferings, { catalogue: byHash, updates }));
    }
    let messageCount = 0;
    let snapshotCount = 0;
    let last: readonly ListedOffering[] = [];
    for (;;) {
      const message = await next(pieces);
      assert.ok(message.case !== undefined);
      messageCount += 1;
      if (message.case === 'snapshot') {
        snapshotCount += 1;
        last = message.value.offerings;
      } else last = message.value.offerings;
      if (message.value.epoch === epoch) break;
    }
    assert.ok(snapshotCount >= 1, 'it missed more than is remembered');
    assert.ok(messageCount < 30, `${messageCount} messages for 45 changes`);
    assert.ok(last.every(({ offering }) => offering?.priceNanoUsdPerHour === BigInt(45 * CENT_NANO)));
    await pieces.return();
    client.close();
  });

  it('is told when the server shuts down, and does not hold it up', async () => {
    const own = await startTestServer();
    const client = grpcClient(own);
    const pieces = client.listen(watchOfferings, {});
    await snapshotOf(pieces);
    const ending = pieces.next().then(
      () => assert.fail('it goes on'),
      (thrown: unknown) => thrown,
    );
    const startMs = performance.now();
    await own.close();
    assert.ok(performance.now() - startMs < LIMITS.shutdownGraceMs, 'nobody waited for it');
    const error = await ending;
    assert.ok(error instanceof CallError);
    assert.equal(Code[error.code], 'Unavailable');
    client.close();
  });
});
