// Quantities against a table of what Kubernetes reads and refuses, and against exact fractions.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { InputError, pathOf } from './fields.ts';
import {
  MAX_AMOUNT,
  MAX_QUANTITY_LENGTH,
  parseQuantity,
  quantityText,
  requiredAmount,
  roundAmount,
} from './quantity.ts';
import { limitResources, offeredResources, requestedResources } from './resources.ts';

const NANO = 1_000_000_000n;

describe('parseQuantity', () => {
  const readable: readonly (readonly [written: unknown, nano: bigint])[] = [
    ['0', 0n],
    ['1', NANO],
    [1, NANO],
    [0.5, 500_000_000n],
    ['+1', NANO],
    ['-1', -NANO],
    ['1.', NANO],
    ['.5', 500_000_000n],
    ['500m', 500_000_000n],
    ['1500m', 1_500_000_000n],
    ['0.1', 100_000_000n],
    ['100n', 100n],
    ['100u', 100_000n],
    ['1k', 1000n * NANO],
    ['1M', 1_000_000n * NANO],
    ['1G', 10n ** 9n * NANO],
    ['1T', 10n ** 12n * NANO],
    ['1P', 10n ** 15n * NANO],
    ['1E', 10n ** 18n * NANO],
    ['1Ki', 1024n * NANO],
    ['1Mi', 1024n ** 2n * NANO],
    ['1.5Gi', 3n * 512n * 1024n ** 2n * NANO],
    ['1Ti', 1024n ** 4n * NANO],
    ['1Pi', 1024n ** 5n * NANO],
    ['1Ei', 1024n ** 6n * NANO],
    ['1e3', 1000n * NANO],
    ['1E3', 1000n * NANO],
    ['1e-3', 1_000_000n],
    ['12E+2', 1200n * NANO],
    [1e21, 10n ** 21n * NANO],
    ['9007199254740993', 9007199254740993n * NANO],
    // What is finer than a billionth rounds away from zero.
    ['0.0000000001', 1n],
    ['-0.0000000001', -1n],
    ['0.1n', 1n],
  ];
  for (const [written, nano] of readable) {
    test(`${JSON.stringify(written)} is ${nano} billionths`, () => assert.equal(parseQuantity(written), nano));
  }

  const refused: readonly unknown[] = [
    '',
    ' ',
    '1 ',
    ' 1',
    '1K',
    '1ki',
    '1mi',
    '1KI',
    'Gi',
    'm',
    '.',
    '-',
    '1.2.3',
    '1e',
    '1e3Ki',
    '1e1.5',
    '0x10',
    '1_000',
    '1,000',
    'NaN',
    'Infinity',
    '١',
    '--1',
    '1Gib',
    '1GB',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    true,
    null,
    undefined,
    {},
    [],
    '1'.repeat(MAX_QUANTITY_LENGTH + 1),
    '1e1000',
  ];
  for (const written of refused) {
    test(`${typeof written === 'number' ? String(written) : JSON.stringify(written)?.slice(0, 20)} is no quantity`, () => {
      assert.equal(parseQuantity(written), undefined);
    });
  }

  const SCALES: Readonly<Record<string, readonly [numerator: bigint, denominator: bigint]>> = {
    n: [1n, 10n ** 9n],
    u: [1n, 10n ** 6n],
    m: [1n, 1000n],
    '': [1n, 1n],
    k: [1000n, 1n],
    M: [10n ** 6n, 1n],
    G: [10n ** 9n, 1n],
    T: [10n ** 12n, 1n],
    P: [10n ** 15n, 1n],
    E: [10n ** 18n, 1n],
    Ki: [1n << 10n, 1n],
    Mi: [1n << 20n, 1n],
    Gi: [1n << 30n, 1n],
    Ti: [1n << 40n, 1n],
    Pi: [1n << 50n, 1n],
    Ei: [1n << 60n, 1n],
    e2: [100n, 1n],
    'E-2': [1n, 100n],
  };

  test('is the exact fraction, rounded up to a billionth', () => {
    const whole = fc.bigInt({ min: 0n, max: 10n ** 18n });
    const fraction = fc.stringMatching(/^\d{0,12}$/);
    fc.assert(
      fc.property(whole, fraction, fc.constantFrom(...Object.keys(SCALES)), (integer, decimals, suffix) => {
        const [numerator, denominator] = SCALES[suffix] ?? [0n, 1n];
        const top = BigInt(`${integer}${decimals}`) * numerator * NANO;
        const bottom = 10n ** BigInt(decimals.length) * denominator;
        const expected = top / bottom + (top % bottom === 0n ? 0n : 1n);
        assert.equal(parseQuantity(`${integer}.${decimals}${suffix}`), expected);
        if (decimals === '') assert.equal(parseQuantity(`${integer}${suffix}`), expected);
      }),
    );
  });
});

describe('rounding', () => {
  test('what is asked for rounds up and what is offered rounds down, by less than one', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 21n }),
        fc.constantFrom('milli' as const, 'whole' as const),
        (nano, unit) => {
          const step = unit === 'milli' ? 1_000_000n : NANO;
          const up = roundAmount(nano, unit, 'up', undefined);
          const down = roundAmount(nano, unit, 'down', undefined);
          assert.ok(up * step >= nano && nano > (up - 1n) * step);
          assert.ok(down * step <= nano && nano < (down + 1n) * step);
        },
      ),
    );
  });

  test('requests of a tenth of a millicore count as one, capacity of it as none', () => {
    assert.equal(requestedResources({ cpu: '100u' }, undefined).cpuMilli, 1n);
    assert.equal(offeredResources({ cpu: '100u' }, undefined).cpuMilli, 0n);
  });

  test('every resource goes to its field, and unknown ones to the extended ones', () => {
    const { $typeName: _, ...resources } = requestedResources(
      { cpu: '2', memory: '1Gi', 'ephemeral-storage': '1G', pods: 3, 'nvidia.com/gpu': '1', 'hugepages-2Mi': '4Mi' },
      undefined,
    );
    assert.deepEqual(resources, {
      cpuMilli: 2000n,
      memoryBytes: 1073741824n,
      ephemeralStorageBytes: 1000000000n,
      pods: 3n,
      extended: { 'nvidia.com/gpu': 1n, 'hugepages-2Mi': 4194304n },
    });
  });
});

describe('amounts that are refused', () => {
  const path = pathOf('spec', 'containers', 0, 'resources', 'requests', 'cpu');

  function refusal(run: () => unknown): InputError {
    let caught: unknown;
    try {
      run();
    } catch (error) {
      caught = error;
    }
    assert.ok(caught instanceof InputError);
    return caught;
  }

  test('a negative amount names its field', () => {
    const error = refusal(() => requiredAmount('-1', path));
    assert.deepEqual(error.path, ['spec', 'containers', 0, 'resources', 'requests', 'cpu']);
    assert.match(error.message, /"-1" is negative/);
  });

  test('what is no quantity says how to write one', () => {
    assert.match(refusal(() => requiredAmount('1 core', path)).message, /"1 core" is not a quantity: write a number/);
  });

  test('2^53 is too large and one less is not', () => {
    assert.equal(requestedResources({ memory: String(MAX_AMOUNT) }, undefined).memoryBytes, MAX_AMOUNT);
    const error = refusal(() => requestedResources({ memory: String(MAX_AMOUNT + 1n) }, pathOf('requests')));
    assert.deepEqual(error.path, ['requests', 'memory']);
    assert.match(error.message, /too large/);
  });

  test('a limit beyond what can be counted is the largest one', () => {
    assert.equal(limitResources({ memory: '100Ei', cpu: '1000E' }, undefined).memoryBytes, MAX_AMOUNT);
    assert.equal(limitResources({ memory: '100Ei', cpu: '1000E' }, undefined).cpuMilli, MAX_AMOUNT);
  });
});

test('amounts are written exactly, in the largest unit that they are whole in', () => {
  const cases: readonly (readonly [string, bigint, string])[] = [
    ['cpu', 1n, '1m'],
    ['cpu', 3_000n, '3'],
    ['memory', 1023n, '1023'],
    ['memory', 1024n, '1Ki'],
    ['memory', (5n << 30n) + 1n, '5368709121'],
    ['ephemeral-storage', 1n << 40n, '1Ti'],
    ['vpc.amazonaws.com/efa', 2048n, '2048'],
  ];
  for (const [name, amount, expected] of cases) assert.equal(quantityText(name, amount), expected);
});
