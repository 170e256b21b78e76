// A catalogue from its input to its index and back: names, offerings, labels against a naive reading of the same types,
// the order of the input, and buffers that are no catalogue.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hasBit } from '../bits/index.ts';
import { M5_LARGE, M6G_LARGE } from '../ec2/testing/index.ts';
import type { RequirementInput } from '../model/index.ts';
import { requirementOf } from '../requirements/index.ts';
import {
  buildCatalogue,
  CAPACITY_TYPES,
  type CatalogueInput,
  type CatalogueTypeInput,
  openCatalogue,
  RESERVATION_KINDS,
} from './index.ts';
import { CATALOGUE_VERSION, HEADER } from './layout.ts';

const KEYS = ['size', 'color', 'example.com/rank'];
const VALUES = ['1', '2', '10', '007', '-3', '9007199254740993', 'red', 'blue', '', '1e3'];
const ZONES = ['zone-a', 'zone-b', 'zone-ü'];

const labels = fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES), { noNullPrototype: true });

const offerings = fc.uniqueArray(
  fc.record({
    zone: fc.constantFrom(...ZONES),
    zoneId: fc.constantFrom('', 'id-1', 'id-2'),
    capacityType: fc.constantFrom(...CAPACITY_TYPES),
    reservationId: fc.constantFrom('', 'cr-1'),
    reservationKind: fc.constantFrom(...RESERVATION_KINDS),
  }),
  { selector: (offering) => `${offering.zone} ${offering.capacityType}`, maxLength: 6 },
);

const types: fc.Arbitrary<CatalogueTypeInput[]> = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' }), labels, offerings), {
    selector: ([name]) => name,
    maxLength: 70,
  })
  .map((rows) =>
    rows.map(([name, typeLabels, typeOfferings]) => ({
      name,
      form: { kind: 'explicit', labels: typeLabels, capacity: { cpu: 1000 }, overhead: {} },
      offerings: typeOfferings,
    })),
  );

const requirements: fc.Arbitrary<RequirementInput> = fc.oneof(
  fc.record({
    key: fc.constantFrom(...KEYS, 'unknown'),
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.uniqueArray(fc.constantFrom(...VALUES, 'green'), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    key: fc.constantFrom(...KEYS, 'unknown'),
    operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
    values: fc.constant([]),
  }),
  fc.record({
    key: fc.constantFrom(...KEYS, 'unknown'),
    operator: fc.constantFrom('Gt' as const, 'Lt' as const, 'Gte' as const, 'Lte' as const),
    values: fc.constantFrom('-4', '-3', '0', '1', '2', '7', '9', '10').map((value) => [value]),
  }),
);

/** What kube-scheduler says of one value, or of no value. */
function isMet({ operator, values }: RequirementInput, actual: string | undefined): boolean {
  const number = actual !== undefined && /^-?\d+$/.test(actual) ? BigInt(actual) : undefined;
  const compares = (test: (left: bigint, right: bigint) => boolean): boolean =>
    number !== undefined && test(number, BigInt(values[0]!));
  switch (operator) {
    case 'In':
      return actual !== undefined && values.includes(actual);
    case 'NotIn':
      return actual === undefined || !values.includes(actual);
    case 'Exists':
      return actual !== undefined;
    case 'DoesNotExist':
      return actual === undefined;
    case 'Gt':
      return compares((left, right) => left > right);
    case 'Lt':
      return compares((left, right) => left < right);
    case 'Gte':
      return compares((left, right) => left >= right);
    case 'Lte':
      return compares((left, right) => left <= right);
  }
}

function explicit(name: string, zones: readonly string[] = ['zone-a']): CatalogueTypeInput {
  return {
    name,
    form: { kind: 'explicit', labels: {}, capacity: {}, overhead: {} },
    offerings: zones.map((zone) => ({ zone, zoneId: '', capacityType: 'on-demand', reservationId: '' })),
  };
}

describe('a catalogue that was built and opened', () => {
  test('knows its types, sorted by name, their forms and their offerings', () => {
    fc.assert(
      fc.property(types, (input) => {
        const catalogue = openCatalogue(buildCatalogue({ region: 'region-1', types: input }));
        assert.equal(catalogue.region, 'region-1');
        assert.equal(catalogue.typeCount, input.length);
        assert.equal(
          catalogue.offeringCount,
          input.reduce((sum, type) => sum + type.offerings.length, 0),
        );
        const names = Array.from({ length: input.length }, (_, index) => catalogue.typeName(index));
        assert.deepEqual(names, [...names].sort());
        for (const type of input) {
          const index = catalogue.findType(type.name);
          assert.equal(catalogue.typeName(index), type.name);
          assert.deepEqual(catalogue.typeForm(index), type.form);
          const [from, to] = [catalogue.typeOfferingStarts[index]!, catalogue.typeOfferingStarts[index + 1]!];
          assert.equal(to - from, type.offerings.length);
          for (const wanted of type.offerings) {
            const found = catalogue.findOffering(type.name, wanted.zone, wanted.capacityType, wanted.reservationId);
            assert.ok(found >= from && found < to);
            const { capacityTypeCode, ...offering } = catalogue.offering(found);
            const reservationKind = wanted.capacityType === 'reserved' ? wanted.reservationKind : '';
            assert.deepEqual(offering, { ...wanted, reservationKind, typeIndex: index, instanceType: type.name });
            assert.equal(CAPACITY_TYPES[capacityTypeCode], wanted.capacityType);
          }
        }
        assert.equal(catalogue.findType('no such type'), -1);
        assert.equal(catalogue.findOffering('no such type', 'zone-a', 'spot', ''), -1);
      }),
      { numRuns: 60 },
    );
  });

  test('matches types as each requirement reads their labels one by one', () => {
    fc.assert(
      fc.property(types, fc.array(requirements, { minLength: 1, maxLength: 12 }), (input, asked) => {
        const catalogue = openCatalogue(buildCatalogue({ region: '', types: input }));
        for (const requirement of asked) {
          const matched = catalogue.matchTypes(requirementOf(requirement));
          for (const type of input) {
            if (type.form.kind !== 'explicit') continue;
            const actual = type.form.labels[requirement.key];
            const index = catalogue.findType(type.name);
            assert.equal(
              hasBit(matched, index),
              isMet(requirement, actual),
              `${JSON.stringify(requirement)} ${actual}`,
            );
            assert.deepEqual(catalogue.typeLabel(index, requirement.key), actual === undefined ? [] : [actual]);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test('lists the values of a label with numbers first and ascending', () => {
    const sizes = ['10', 'large', '9', '', '2', 'Large', '010'];
    const input = sizes.map((size, index) => ({
      ...explicit(`type-${index}`),
      form: { kind: 'explicit' as const, labels: { size }, capacity: {}, overhead: {} },
    }));
    const catalogue = openCatalogue(buildCatalogue({ region: '', types: input }));
    assert.deepEqual(catalogue.labelValues('size'), ['2', '9', '010', '10', '', 'Large', 'large']);
    assert.deepEqual(catalogue.labelValues('unknown'), []);
    assert.equal(catalogue.isTypeLabel('unknown'), false);
  });

  test('leaves the tenancy to the pool: no type has it, since any can be had in both', () => {
    const input: CatalogueTypeInput[] = [{ ...explicit('m5.large'), form: { kind: 'ec2', facts: M5_LARGE } }];
    const catalogue = openCatalogue(buildCatalogue({ region: 'us-east-1', types: input }));
    assert.equal(catalogue.isTypeLabel('karpenter.k8s.aws/instance-tenancy'), false);
    assert.equal(catalogue.isTypeLabel('karpenter.k8s.aws/instance-cpu'), true);
  });

  test('has the labels that EC2 facts give, and leaves out those that the node class decides', () => {
    const input: CatalogueTypeInput[] = [M5_LARGE, M6G_LARGE].map((facts) => ({
      ...explicit(facts.name),
      form: { kind: 'ec2', facts },
    }));
    const catalogue = openCatalogue(buildCatalogue({ region: 'us-west-2', types: input }));
    assert.deepEqual(catalogue.labelValues('kubernetes.io/arch'), ['amd64', 'arm64']);
    assert.deepEqual(catalogue.labelValues('topology.kubernetes.io/region'), ['us-west-2']);
    assert.equal(catalogue.isTypeLabel('kubernetes.io/os'), false);
  });

  test('gives explicit types their name and the region as labels, unless they say otherwise', () => {
    const own = { 'node.kubernetes.io/instance-type': 'own-name', 'topology.kubernetes.io/region': 'own-region' };
    const input: CatalogueTypeInput[] = [
      explicit('plain'),
      { ...explicit('own'), form: { kind: 'explicit', labels: own, capacity: {}, overhead: {} } },
    ];
    const catalogue = openCatalogue(buildCatalogue({ region: 'region-1', types: input }));
    const labelsOf = (name: string): string[] =>
      Object.keys(own).flatMap((key) => catalogue.typeLabel(catalogue.findType(name), key));
    assert.deepEqual(labelsOf('plain'), ['plain', 'region-1']);
    assert.deepEqual(labelsOf('own'), ['own-name', 'own-region']);
    const nowhere = openCatalogue(buildCatalogue({ region: '', types: input.slice(0, 1) }));
    assert.equal(nowhere.isTypeLabel('topology.kubernetes.io/region'), false);
  });

  test('knows a label that a type has under an old spelling by its present one, which counts where both are there', () => {
    const withLabels = (name: string, typeLabels: Record<string, string>): CatalogueTypeInput => ({
      ...explicit(name),
      form: { kind: 'explicit', labels: typeLabels, capacity: {}, overhead: {} },
    });
    const catalogue = openCatalogue(
      buildCatalogue({
        region: '',
        types: [
          withLabels('old', { 'beta.kubernetes.io/arch': 'arm64' }),
          withLabels('both', { 'beta.kubernetes.io/arch': 'arm64', 'kubernetes.io/arch': 'amd64' }),
        ],
      }),
    );
    const matched = catalogue.matchTypes(
      requirementOf({ key: 'beta.kubernetes.io/arch', operator: 'In', values: ['arm64'] }),
    );
    assert.deepEqual(
      ['both', 'old'].map((name) => hasBit(matched, catalogue.findType(name))),
      [false, true],
    );
  });

  test('narrows offerings by the labels of their cells, an unknown zone id counting as absent', () => {
    const input: CatalogueTypeInput[] = [
      {
        ...explicit('one'),
        offerings: [
          { zone: 'zone-a', zoneId: 'id-1', capacityType: 'spot', reservationId: '' },
          { zone: 'zone-a', zoneId: 'id-1', capacityType: 'reserved', reservationId: 'cr-1' },
          { zone: 'zone-b', zoneId: '', capacityType: 'on-demand', reservationId: '' },
        ],
      },
    ];
    const catalogue = openCatalogue(buildCatalogue({ region: '', types: input }));
    const zonesLeft = (requirement: RequirementInput): string[] => {
      const cells = new Uint8Array(catalogue.cells.length).fill(1);
      assert.equal(catalogue.narrowCells(requirementOf(requirement), cells), true);
      return catalogue.cells.filter((_, index) => cells[index] === 1).map((cell) => cell.capacityType);
    };
    const zoneId = 'topology.k8s.aws/zone-id';
    const reservation = 'karpenter.k8s.aws/capacity-reservation-id';
    assert.deepEqual(zonesLeft({ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['zone-b'] }), [
      'on-demand',
    ]);
    assert.deepEqual(zonesLeft({ key: zoneId, operator: 'Exists', values: [] }), ['reserved', 'spot']);
    assert.deepEqual(zonesLeft({ key: zoneId, operator: 'NotIn', values: ['id-1'] }), ['on-demand']);
    assert.deepEqual(zonesLeft({ key: reservation, operator: 'DoesNotExist', values: [] }), ['spot', 'on-demand']);
    assert.deepEqual(zonesLeft({ key: 'karpenter.sh/capacity-type', operator: 'NotIn', values: ['spot'] }), [
      'reserved',
      'on-demand',
    ]);
    const cells = new Uint8Array(catalogue.cells.length).fill(1);
    assert.equal(catalogue.narrowCells(requirementOf({ key: 'size', operator: 'Exists', values: [] }), cells), false);
  });
});

describe('the bytes of a catalogue', () => {
  test('do not depend on the order of types and offerings', () => {
    const shuffled = types.chain((input) =>
      fc.tuple(
        fc.constant(input),
        fc
          .shuffledSubarray(input, { minLength: input.length })
          .chain((permuted) =>
            fc.tuple(
              ...permuted.map((type) =>
                fc
                  .shuffledSubarray([...type.offerings], { minLength: type.offerings.length })
                  .map((permutedOfferings) => ({ ...type, offerings: permutedOfferings })),
              ),
            ),
          ),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([input, permuted]) => {
        const build = (list: readonly CatalogueTypeInput[]): Buffer =>
          Buffer.from(buildCatalogue({ region: 'r', types: list }));
        assert.ok(build(input).equals(build(permuted)));
      }),
      { numRuns: 60 },
    );
  });
});

describe('what is no catalogue', () => {
  const input: CatalogueInput = { region: '', types: [explicit('a'), explicit('b')] };

  test('is refused by its magic number, its version or its length', () => {
    const changed = (word: number, value: number): SharedArrayBuffer => {
      const buffer = buildCatalogue(input);
      new Uint32Array(buffer)[word] = value;
      return buffer;
    };
    assert.throws(() => openCatalogue(changed(HEADER.magic, 1)), /not a catalogue/);
    assert.throws(() => openCatalogue(changed(HEADER.version, CATALOGUE_VERSION + 1)), /not a catalogue of version/);
    const whole = buildCatalogue(input);
    const cut = new SharedArrayBuffer(whole.byteLength - 8);
    new Uint8Array(cut).set(new Uint8Array(whole, 0, cut.byteLength));
    assert.throws(() => openCatalogue(cut), /is cut/);
    assert.throws(() => openCatalogue(new SharedArrayBuffer(8)), RangeError);
  });

  test('two types of one name, and one offering twice, are refused by name', () => {
    assert.throws(
      () => buildCatalogue({ region: '', types: [explicit('twin'), explicit('b'), explicit('twin')] }),
      /two instance types have the same name \(name=twin\)/,
    );
    assert.throws(
      () => buildCatalogue({ region: '', types: [explicit('a', ['zone-a', 'zone-b', 'zone-a'])] }),
      /two offerings of a type are the same \(type=a, zone=zone-a, capacityType=on-demand\)/,
    );
  });

  test('two reservations in one zone are two offerings', () => {
    const reserved = ['cr-1', 'cr-2'].map((reservationId) => ({
      zone: 'zone-a',
      zoneId: '',
      capacityType: 'reserved' as const,
      reservationId,
    }));
    const catalogue = openCatalogue(buildCatalogue({ region: '', types: [{ ...explicit('a'), offerings: reserved }] }));
    assert.equal(catalogue.offeringCount, 2);
    assert.notEqual(
      catalogue.findOffering('a', 'zone-a', 'reserved', 'cr-1'),
      catalogue.findOffering('a', 'zone-a', 'reserved', 'cr-2'),
    );
  });
});
