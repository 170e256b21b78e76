// Which catalogue a caller means, how many are kept, and that accounts are kept apart.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { copyPriceTable, createPriceSnapshot } from '../../engine/index.ts';
import { type CatalogueReference, CatalogueReferenceSchema, type CatalogueSchema } from '../../proto/index.ts';
import { ServiceError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { explicitType, smallCatalogue, smallRegions } from '../testing/index.ts';
import { embeddedRegionSource } from './embedded.ts';
import { CatalogueRegistry } from './registry.ts';

const clock = { nowMs: () => 0 };
const start = () => new CatalogueRegistry({ clock, regions: smallRegions });

function reference(catalogue: MessageInitShape<typeof CatalogueReferenceSchema>['catalogue']): CatalogueReference {
  return create(CatalogueReferenceSchema, catalogue === undefined ? {} : { catalogue });
}
const identity = (account: string, region = 'us-east-1') => reference({ case: 'identity', value: { account, region } });
const inline = (value: MessageInitShape<typeof CatalogueSchema>) => reference({ case: 'inline', value });
const byHash = (value: string) => reference({ case: 'contentHash', value });

/** A catalogue of one type, told apart by its size. */
const numbered = (number: number) => inline({ instanceTypes: [explicitType('only', number + 1, 1)] });

function isError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof ServiceError && error.code === code;
}

describe('catalogues by identity', () => {
  it('of two accounts share the index of their region and nothing else', () => {
    const registry = start();
    const one = registry.resolve(identity('one'), 'catalogue');
    const two = registry.resolve(identity('two'), 'catalogue');
    assert.equal(one.indexBuffer, two.indexBuffer);
    assert.notEqual(one.priceTable, two.priceTable);
    assert.notEqual(one.contentHash, two.contentHash);
    one.live.reportUnavailable([{ capacityType: 'on-demand' }], 1_000);
    assert.equal(two.live.epoch, 1);
    assert.ok(two.live.isAvailable(0));
    assert.equal(registry.resolve(byHash(two.contentHash), 'catalogue').live, two.live);
  });

  it('of a partition that is not named are of aws', () => {
    const registry = start();
    const named = reference({ case: 'identity', value: { partition: 'aws', region: 'us-east-1' } });
    assert.equal(registry.resolve(named, 'catalogue').live, registry.resolve(undefined, 'catalogue').live);
  });

  it('cannot be confused by odd characters in their names', () => {
    const registry = start();
    const odd = reference({ case: 'identity', value: { account: '","us-east-1', region: 'us-east-1' } });
    const plain = reference({ case: 'identity', value: { region: 'us-east-1' } });
    assert.notEqual(registry.resolve(odd, 'catalogue').live, registry.resolve(plain, 'catalogue').live);
  });

  it('of an unknown region are refused unless the request brings types', () => {
    const registry = start();
    assert.throws(() => registry.resolve(identity('', 'mars-1'), 'catalogue'), isError('not-found'));
    const target = registry.resolveForUpdate(identity('', 'mars-1'), 'catalogue', true);
    assert.equal(target.live.index.catalogue.typeCount, 0);
  });

  it('that nobody has fed make room for others, fed ones never', () => {
    const registry = start();
    const fed = registry.resolve(identity('fed'), 'catalogue').live;
    fed.update({ changes: [], types: [], replaceAll: false });
    for (let account = 0; account < 2 * LIMITS.identityCatalogueCount; account++) {
      registry.resolve(identity(`account-${account}`), 'catalogue');
    }
    assert.equal(registry.resolve(identity('fed'), 'catalogue').live, fed);
    for (let account = 0; account < LIMITS.identityCatalogueCount - 1; account++) {
      registry
        .resolve(identity(`fed-${account}`), 'catalogue')
        .live.update({ changes: [], types: [], replaceAll: false });
    }
    assert.throws(() => registry.resolve(identity('one-more'), 'catalogue'), isError('resource-exhausted'));
  });
});

describe('catalogues that a caller brings', () => {
  it('have one hash whatever the order of types, offerings and map keys', () => {
    const types = [
      ...(smallCatalogue().instanceTypes ?? []),
      {
        name: 'labelled',
        form: {
          case: 'explicit' as const,
          value: { labels: { one: '1', two: '2', three: '3' }, capacity: { cpuMilli: 1n, extended: { x: 1n, y: 2n } } },
        },
        offerings: [],
      },
    ];
    const expected = start().resolve(inline({ instanceTypes: types }), 'catalogue').contentHash;
    const shuffled = fc
      .shuffledSubarray(types, { minLength: types.length })
      .chain((order) =>
        fc.tuple(
          ...order.map((type) =>
            fc
              .shuffledSubarray([...(type.offerings ?? [])], { minLength: type.offerings?.length ?? 0 })
              .map((offerings) => ({ ...type, offerings })),
          ),
        ),
      );
    fc.assert(
      fc.property(shuffled, (instanceTypes) => {
        const reordered = instanceTypes.map((type) =>
          type.name === 'labelled'
            ? {
                ...type,
                form: {
                  case: 'explicit' as const,
                  value: {
                    labels: { three: '3', one: '1', two: '2' },
                    capacity: { cpuMilli: 1n, extended: { y: 2n, x: 1n } },
                  },
                },
              }
            : type,
        );
        assert.equal(start().resolve(inline({ instanceTypes: reordered }), 'catalogue').contentHash, expected);
      }),
      { numRuns: 20 },
    );
  });

  it('have another hash when a type or a place differs, and the same when only a price does', () => {
    const hashOf = (value: MessageInitShape<typeof CatalogueSchema>) =>
      start().resolve(inline(value), 'catalogue').contentHash;
    const base = hashOf({ instanceTypes: [explicitType('x', 2, 1)] });
    assert.equal(hashOf({ instanceTypes: [explicitType('x', 2, 999)] }), base);
    assert.notEqual(hashOf({ instanceTypes: [explicitType('x', 3, 1)] }), base);
    assert.notEqual(hashOf({ instanceTypes: [explicitType('y', 2, 1)] }), base);
    assert.notEqual(hashOf({ instanceTypes: [explicitType('x', 2, 1, { zones: ['a'] })] }), base);
  });

  it('are solved with the prices they came with, whoever sends the same types at other prices meanwhile', () => {
    const registry = start();
    const mine = registry.resolve(inline({ instanceTypes: [explicitType('x', 2, 111)] }), 'catalogue');
    registry.resolve(inline({ instanceTypes: [explicitType('x', 2, 222)] }), 'catalogue');
    const prices = copyPriceTable(mine.priceTable, createPriceSnapshot(2)).priceNanoUsdPerHour;
    assert.deepEqual(Array.from(prices), [111, 111]);
    const byName = registry.resolve(byHash(mine.contentHash), 'catalogue');
    const latest = copyPriceTable(byName.priceTable, createPriceSnapshot(2));
    assert.deepEqual(Array.from(latest.priceNanoUsdPerHour), [222, 222]);
    assert.equal(latest.epoch, 2);
  });

  it('make no epoch when they come again unchanged', () => {
    const registry = start();
    registry.resolve(numbered(1), 'catalogue');
    assert.equal(registry.resolve(numbered(1), 'catalogue').live.epoch, 1);
  });

  it('are kept up to a bound, the ones unused for longest going first', () => {
    const registry = start();
    const first = registry.resolve(numbered(0), 'catalogue').contentHash;
    const second = registry.resolve(numbered(1), 'catalogue').contentHash;
    for (let number = 2; number < LIMITS.inlineCatalogueCount; number++)
      registry.resolve(numbered(number), 'catalogue');
    registry.resolve(byHash(first), 'catalogue');
    registry.resolve(numbered(LIMITS.inlineCatalogueCount), 'catalogue');
    registry.resolve(byHash(first), 'catalogue');
    assert.throws(() => registry.resolve(byHash(second), 'catalogue'), isError('not-found'));
  });

  it('are neither kept nor changed by an update that is not committed', () => {
    const registry = start();
    const kept = registry.resolve(numbered(1), 'catalogue');
    registry.resolveForUpdate(inline({ instanceTypes: [explicitType('only', 2, 777)] }), 'catalogue', true);
    assert.equal(kept.live.epoch, 1);
    const target = registry.resolveForUpdate(numbered(5), 'catalogue', true);
    assert.throws(() => registry.resolve(byHash(target.live.index.digest), 'catalogue'), isError('not-found'));
    registry.resolve(byHash(target.commit()), 'catalogue');
  });

  it('go by a new hash once an update has changed their types', () => {
    const registry = start();
    const before = registry.resolve(numbered(1), 'catalogue').contentHash;
    const target = registry.resolveForUpdate(byHash(before), 'catalogue', true);
    const extra = registry.resolve(numbered(9), 'catalogue').live.index.catalogue.typeForm(0);
    target.live.update({ changes: [], types: [{ name: 'more', form: extra, offerings: [] }], replaceAll: false });
    const after = target.commit();
    assert.notEqual(after, before);
    assert.equal(registry.resolve(byHash(after), 'catalogue').live, target.live);
    assert.throws(() => registry.resolve(byHash(before), 'catalogue'), isError('not-found'));
  });
});

describe('the embedded catalogue', () => {
  it('starts every region with types, offerings and prices', () => {
    const registry = new CatalogueRegistry({ clock, regions: embeddedRegionSource });
    const { catalogue, live, notices } = registry.resolve(undefined, 'catalogue');
    assert.ok(catalogue.typeCount > 1_000);
    assert.ok(catalogue.offeringCount > 10 * 1_000);
    assert.deepEqual(notices, []);
    const index = catalogue.findOffering('m5.large', 'us-east-1a', 'on-demand', '');
    assert.equal(live.columns.priceNanoUsdPerHour[index], 96_000_000);
    assert.ok(live.isAvailable(index));
  });

  it('says where prices are not in US dollars', () => {
    const registry = new CatalogueRegistry({ clock, regions: embeddedRegionSource });
    const { notices } = registry.resolve(identity('', 'cn-north-1'), 'catalogue');
    assert.match(notices.join('\n'), /CNY, not in US dollars/);
  });
});

describe('a catalogue that somebody holds', () => {
  it('by its content stays although it is no longer kept, with its prices as they move', () => {
    const registry = start();
    const view = registry.hold(numbered(0), 'catalogue');
    const { live, contentHash } = view();
    assert.equal(registry.hold(byHash(contentHash), 'catalogue')().live, live);
    for (let other = 1; other <= LIMITS.inlineCatalogueCount; other++) registry.resolve(numbered(other), 'catalogue');
    assert.throws(() => registry.resolve(byHash(contentHash), 'catalogue'), isError('not-found'));
    assert.equal(view().live, live);
    live.reportUnavailable([{ capacityType: 'on-demand' }], 1_000);
    const prices = createPriceSnapshot(view().catalogue.offeringCount);
    copyPriceTable(view().priceTable, prices);
    assert.deepEqual([...prices.available], [0, 0]);
  });

  it('by its identity is the one that is kept at the time', () => {
    const registry = start();
    const view = registry.hold(identity('held'), 'catalogue');
    const { live } = view();
    for (let other = 0; other < LIMITS.identityCatalogueCount; other++) {
      registry.resolve(identity(`other-${other}`), 'catalogue');
    }
    const again = registry.resolve(identity('held'), 'catalogue').live;
    assert.notEqual(again, live);
    assert.equal(view().live, again);
    assert.throws(() => registry.hold(identity('', 'mars-1'), 'catalogue'), isError('not-found'));
  });

  it('and watches is not let go', () => {
    const registry = start();
    const { live } = registry.resolve(identity('watched'), 'catalogue');
    const stop = live.listen(() => {});
    const passBy = (round: string): void => {
      for (let other = 0; other < LIMITS.identityCatalogueCount; other++) {
        registry.resolve(identity(`${round}-${other}`), 'catalogue');
      }
    };
    passBy('first');
    assert.equal(registry.resolve(identity('watched'), 'catalogue').live, live);
    stop();
    assert.equal(live.watched, false);
    passBy('second');
    assert.notEqual(registry.resolve(identity('watched'), 'catalogue').live, live);
  });
});
