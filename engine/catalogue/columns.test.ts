// What nodes of each type hold, by node class: both forms of types, the cache and its bound, the numbering of rooms.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasBit } from '../bits/index.ts';
import { M5_LARGE, M6G_LARGE, nodeClass } from '../ec2/testing/index.ts';
import { amountsOf, type Catalogue, COLUMN_SET_LIMIT, nodeClassLabelValues } from './index.ts';
import { explicitType, type MarketType, marketOf } from './testing/index.ts';

const MIB = 1024 ** 2;

function ec2Type(facts: typeof M5_LARGE): MarketType {
  return { name: facts.name, form: { kind: 'ec2', facts }, offerings: [{ priceNanoUsdPerHour: 1 }] };
}

function ec2Catalogue(): Catalogue {
  return marketOf([ec2Type(M5_LARGE), ec2Type(M6G_LARGE), ec2Type({ ...M6G_LARGE, name: 'a1.large' })], 'us-east-1')
    .catalogue;
}

describe('columns', () => {
  test('of an explicit type are its capacity, and that less its overhead', () => {
    const { catalogue } = marketOf([
      explicitType('small', { cpu: 2000, memory: 4000 }, [], {}, { cpu: 100, memory: 5000, 'example.com/x': 1 }),
      explicitType('gpu', { cpu: 8000, 'nvidia.com/gpu': 2 }, []),
    ]);
    const columns = catalogue.columnSets.for(undefined);
    const small = catalogue.findType('small');
    assert.deepEqual(amountsOf(columns.capacity, small), { pods: 110, cpu: 2000, memory: 4000 });
    assert.deepEqual(amountsOf(columns.allocatable, small), {
      pods: 110,
      cpu: 1900,
      memory: -1000,
      'example.com/x': -1,
    });
    assert.deepEqual(amountsOf(columns.allocatable, catalogue.findType('gpu')), {
      pods: 110,
      cpu: 8000,
      'nvidia.com/gpu': 2,
    });
    assert.equal(columns.hasLicence, false);
    assert.equal(columns.nodeClassLabels.size, 0);
  });

  test('of EC2 facts are what Karpenter computes for AL2023', () => {
    const catalogue = ec2Catalogue();
    const { allocatable } = catalogue.columnSets.for(nodeClass({}));
    const m5 = amountsOf(allocatable, catalogue.findType('m5.large'));
    assert.deepEqual([m5.cpu, m5.memory! / MIB, m5.pods], [1930, 6903, 29]);
    assert.equal(amountsOf(allocatable, catalogue.findType('m6g.large')).memory! / MIB, 6844);
  });

  test('take memory that nodes were seen to have, by the names of types, and leave unknown names alone', () => {
    const catalogue = ec2Catalogue();
    const m5 = catalogue.findType('m5.large');
    const plain = catalogue.columnSets.for(nodeClass({}));
    const observed = catalogue.columnSets.for(
      nodeClass({ observedMemoryBytes: { 'm5.large': 8_000_000_000, 'none.large': 1 } }),
    );
    assert.equal(observed.capacity.get('memory')?.[m5], 8_000_000_000);
    for (let type = 0; type < catalogue.typeCount; type++) {
      if (type !== m5) assert.equal(observed.capacity.get('memory')?.[type], plain.capacity.get('memory')?.[type]);
    }
  });

  test('say which types a node class can be launched on, why not, and what its licence costs', () => {
    const catalogue = ec2Catalogue();
    const a1 = catalogue.findType('a1.large');
    const linux = catalogue.columnSets.for(nodeClass({}));
    assert.equal(hasBit(linux.compatible, a1), false);
    assert.equal(linux.incompatibilities.get(a1), 'image-family-does-not-support-type');
    assert.equal(hasBit(linux.compatible, catalogue.findType('m5.large')), true);
    assert.deepEqual(nodeClassLabelValues(linux, 'kubernetes.io/os', a1), ['linux']);

    const windows = catalogue.columnSets.for(nodeClass({ amiFamily: 'Windows2022' }));
    const m5 = catalogue.findType('m5.large');
    assert.equal(windows.hasLicence, true);
    assert.equal(windows.licenceNanoUsdPerHour[m5], 2 * 46_000_000);
    assert.deepEqual(nodeClassLabelValues(windows, 'kubernetes.io/os', m5), ['windows']);
    assert.deepEqual(nodeClassLabelValues(windows, 'kubernetes.io/os', catalogue.findType('m6g.large')), []);
  });
});

describe('column sets', () => {
  test('are made once for each content of a node class, zones aside', () => {
    const { columnSets } = ec2Catalogue();
    const first = columnSets.for(nodeClass({}));
    assert.equal(columnSets.for(undefined), first);
    assert.equal(columnSets.for(nodeClass({ zones: [{ name: 'zone-a' }] })), first);
    assert.notEqual(
      columnSets.for(nodeClass({ kubelet: { maxPods: 5, systemReserved: {}, kubeReserved: {} } })),
      first,
    );
  });

  test('are bounded: the one used longest ago goes first', () => {
    const { columnSets } = ec2Catalogue();
    const withPods = (maxPods: number): ReturnType<typeof columnSets.for> =>
      columnSets.for(nodeClass({ kubelet: { maxPods, systemReserved: {}, kubeReserved: {} } }));
    const oldest = withPods(1);
    const second = withPods(2);
    for (let maxPods = 3; maxPods <= COLUMN_SET_LIMIT; maxPods++) withPods(maxPods);
    assert.equal(withPods(1), oldest, 'the limit itself is kept, and this use makes it the newest');
    withPods(COLUMN_SET_LIMIT + 1);
    assert.equal(withPods(1), oldest);
    assert.notEqual(withPods(2), second);
  });

  test('number types so that the same number means the same room in the resources asked for', () => {
    const { catalogue } = marketOf([
      explicitType('a', { cpu: 1000, memory: 10 }, []),
      explicitType('b', { cpu: 1000, memory: 20 }, []),
      explicitType('c', { cpu: 1000, memory: 10 }, [], {}, { cpu: 1 }),
      explicitType('d', { cpu: 1000, memory: 10, 'example.com/x': 1 }, []),
    ]);
    const columns = catalogue.columnSets.for(undefined);
    const ids = (...resources: string[]): number[] => [...catalogue.columnSets.roomIds(columns, resources)];
    assert.deepEqual(ids('memory'), [0, 1, 0, 0]);
    assert.deepEqual(ids('cpu', 'memory'), [0, 1, 2, 0]);
    assert.deepEqual(ids('cpu', 'memory', 'example.com/x'), [0, 1, 2, 3]);
    assert.deepEqual(ids('example.com/nobody-has-it'), [0, 0, 0, 0]);
    const once = catalogue.columnSets.roomIds(columns, ['cpu']);
    assert.equal(catalogue.columnSets.roomIds(columns, ['cpu']), once);
  });

  test('never give the room numbers of one node class to another', () => {
    const oneInterface = { ...M5_LARGE, name: 'm5.one', networkCards: [{ index: 0, interfaceCount: 1 }] };
    const { catalogue } = marketOf([ec2Type(M5_LARGE), ec2Type(oneInterface)], 'us-east-1');
    const ids = (maxPods?: number): number[] => {
      const kubelet = { systemReserved: {}, kubeReserved: {}, ...(maxPods === undefined ? {} : { maxPods }) };
      return [...catalogue.columnSets.roomIds(catalogue.columnSets.for(nodeClass({ kubelet })), ['pods'])];
    };
    assert.deepEqual(ids(), [0, 1], 'their interfaces make the difference');
    assert.deepEqual(ids(7), [0, 0], 'the node class takes it away');
    assert.deepEqual(ids(), [0, 1]);
  });
});
