// When the cloud is asked and the planning service told: at first, when something is due, after failures, and again after the
// service was started anew. On a clock that only sleeps move.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Clock, OnSale, PricedOffering } from '../ports/index.ts';
import { EngineError } from './engine-error.ts';
import { feedOfferings } from './offering-feed.ts';

const MINUTE_MS = 60_000;

const ON_SALE: OnSale = {
  offerings: [{ instanceType: 'm', zone: 'a', capacityType: 'spot', priceNanoUsdPerHour: 1, available: true }],
  instanceTypes: [],
  refreshMs: 10 * MINUTE_MS,
};

const textOf = ({ zone, reservation, available }: PricedOffering): string =>
  `${zone} ${reservation?.freeCount ?? '-'} ${available ? 'on sale' : 'gone'}`;

/** The clock runs ahead while others wait: who is told of a change hears of it once its minute has come. */
function changedAt(minutes: number[], minute: () => number) {
  return async (signal: AbortSignal): Promise<void> => {
    if ((minutes[0] ?? Number.POSITIVE_INFINITY) <= minute()) {
      minutes.shift();
      return;
    }
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
}

/** Runs for so many minutes; what happens is told with the minute. */
async function run(
  minutes: number,
  parts: {
    readonly onSale?: (minute: number) => OnSale;
    readonly write?: (minute: number) => bigint;
    readonly epoch?: (minute: number) => bigint;
    /** Minutes at which something else is on sale. */
    readonly changes?: number[];
    readonly changed?: (minute: number) => bigint;
  },
): Promise<string[]> {
  const told: string[] = [];
  let nowMs = 0;
  const end = new AbortController();
  const minute = () => nowMs / MINUTE_MS;
  const note = (what: string) => void told.push(`${Math.round(minute() * 100) / 100} ${what}`);
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
      if (minute() > minutes) end.abort(new Error('over'));
      end.signal.throwIfAborted();
      // Whoever else is waited for may be quicker.
      await new Promise(setImmediate);
    },
  };
  await feedOfferings(
    {
      cloud: {
        onSale: async () => {
          note('asked');
          return parts.onSale?.(minute()) ?? { ...ON_SALE, instanceTypes: [] };
        },
        ...(parts.changes === undefined ? {} : { saleChanged: changedAt(parts.changes, minute) }),
      },
      writer: {
        writeChanges: async (changes) => {
          note(`told of ${changes.map(textOf).join(', ')}`);
          return parts.changed?.(minute()) ?? 10n + BigInt(Math.trunc(minute()));
        },
        write: async () => {
          const epoch = parts.write?.(minute()) ?? 5n;
          note('told');
          return { epoch, unknownTypes: [] };
        },
        epoch: async () => parts.epoch?.(minute()) ?? 5n,
      },
      clock,
      log: {
        debug: () => undefined,
        info: () => undefined,
        warn: (_, message) => note(message),
        error: (_, message) => note(message),
      },
      onFed: () => note('fed'),
    },
    end.signal,
  );
  return told;
}

const unavailable = () => {
  throw new EngineError('unavailable', 'nobody there');
};

describe('the feed of offerings', () => {
  test('tells what the cloud says, and asks again when that is due', async () => {
    assert.deepEqual(await run(20.5, {}), [
      '0 asked',
      '0 told',
      '0 fed',
      '10 asked',
      '10 told',
      '10 fed',
      '20 asked',
      '20 told',
      '20 fed',
    ]);
  });

  test('tells a service again that has forgotten it, without asking the cloud', async () => {
    const told = await run(9.5, { epoch: (minute) => (minute === 3 ? 1n : 5n) });
    assert.deepEqual(told, ['0 asked', '0 told', '0 fed', '3 told']);
  });

  test('goes on while the service can’t be reached, and tells it then', async () => {
    const epoch = (minute: number) => (minute < 3 ? 5n : minute < 5 ? unavailable() : 1n);
    const words = 'failed asking the planning service what it knows';
    const told = await run(5.5, { epoch });
    assert.deepEqual(told, ['0 asked', '0 told', '0 fed', `3 ${words}`, `4 ${words}`, '5 told']);
  });

  test('tries again soon where telling has failed', async () => {
    const write = (minute: number) => (minute < 0.1 ? unavailable() : 5n);
    assert.deepEqual((await run(1.5, { write })).slice(0, 5), [
      '0 asked',
      '0 failed feeding offerings',
      '0.08 asked',
      '0.08 failed feeding offerings',
      '0.17 asked',
    ]);
  });

  test('lets the work begin where the cloud says nothing, and tells the service nothing', async () => {
    const onSale = (): OnSale => ({ offerings: undefined, instanceTypes: [], refreshMs: MINUTE_MS });
    assert.deepEqual(await run(1.5, { onSale, epoch: unavailable }), ['0 asked', '0 fed', '1 asked', '1 fed']);
  });

  test('tells at once, and nothing else, what a launch has changed: fewer places of a reservation, and one that is gone', async () => {
    const instanceTypes: OnSale['instanceTypes'] = [];
    const reserved = (zone: string, freeCount: number): PricedOffering => ({
      instanceType: 'm',
      zone,
      capacityType: 'reserved',
      reservationId: `cr-${zone}`,
      reservation: { kind: 'default', freeCount },
      priceNanoUsdPerHour: 1,
      available: true,
    });
    const onSale = (minute: number): OnSale => {
      const left = minute < 2 ? [reserved('a', 3), reserved('b', 1)] : [reserved('a', minute < 4 ? 2 : 1)];
      return { ...ON_SALE, instanceTypes, offerings: [...(ON_SALE.offerings ?? []), ...left] };
    };
    assert.deepEqual(await run(4.5, { onSale, changes: [2, 3, 4], epoch: () => 100n }), [
      '0 asked',
      '0 told',
      '0 fed',
      '2 asked',
      '2 told of a 2 on sale, b 1 gone',
      '2 fed',
      '3 asked',
      '3 fed',
      '4 asked',
      '4 told of a 1 on sale',
      '4 fed',
    ]);
  });

  test('tells all to a service that has forgotten it when it hears of a change', async () => {
    const instanceTypes: OnSale['instanceTypes'] = [];
    const onSale = (minute: number): OnSale => ({
      ...ON_SALE,
      instanceTypes,
      offerings: (ON_SALE.offerings ?? []).map((one) => ({ ...one, available: minute < 2 })),
    });
    const told = await run(3.5, { onSale, changes: [2, 3], changed: () => 2n });
    assert.deepEqual(told.slice(3), ['2 asked', '2 told of a - gone', '2 told', '2 fed', '3 asked', '3 fed']);
  });
});
