// Types that EC2 describes, fed into a catalogue that knows more of them: what stays, what changes, and what costs nothing.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Ec2InstanceFacts } from '../../engine/index.ts';
import type { OfferingRecord, TypeRecord } from '../messages/index.ts';
import { LiveCatalogue } from './live-catalogue.ts';

const FACTS: Ec2InstanceFacts = {
  name: 'm5.large',
  architectures: ['amd64'],
  vcpuCount: 2,
  memoryMib: 8192,
  bareMetal: false,
  hypervisor: 'nitro',
  usageClasses: ['on-demand', 'spot'],
  placementStrategies: [],
  nestedVirtualization: false,
  encryptionInTransit: false,
  enaSupport: 'required',
  networkCards: [{ index: 0, interfaceCount: 3 }],
  defaultNetworkCardIndex: 0,
  ipv4AddressesPerInterface: 10,
  branchInterfaceCount: 9,
  networkBandwidthMbps: 750,
  gpus: [],
  inferenceAccelerators: [],
  neuronDevices: [],
};

const OFFERING: OfferingRecord = {
  zone: 'a',
  zoneId: 'az1',
  capacityType: 'on-demand',
  reservationId: '',
  freeCount: 0,
  priceNanoUsdPerHour: 100,
  available: true,
  priceSource: 'listed',
  priceAsOfUnixSeconds: 7,
};

const ofEc2 = (facts: Ec2InstanceFacts, offerings: readonly OfferingRecord[] = []): TypeRecord => ({
  name: facts.name,
  form: { kind: 'ec2', facts },
  offerings,
});

/** What EC2 says: neither branch interfaces nor bandwidth. */
function stated(changes: Partial<Ec2InstanceFacts> = {}): TypeRecord {
  const { branchInterfaceCount: _, networkBandwidthMbps: __, ...said } = FACTS;
  return ofEc2({ ...said, ...changes });
}

function start(): LiveCatalogue {
  const reserved = { capacityType: 'reserved', reservationId: 'cr-1', reservationKind: 'capacity-block' } as const;
  const types = [ofEc2(FACTS, [OFFERING, { ...OFFERING, ...reserved, freeCount: 2 }])];
  return new LiveCatalogue({ region: 'r', start: { types }, clock: { nowMs: () => 0 } });
}

const feed = (live: LiveCatalogue, ...types: readonly TypeRecord[]) =>
  live.update({ changes: [], types, replaceAll: false, keepUnstated: true });

function factsOf(live: LiveCatalogue, name: string): Ec2InstanceFacts {
  const { catalogue } = live.index;
  const form = catalogue.typeForm(catalogue.findType(name));
  assert.equal(form.kind, 'ec2');
  return form.kind === 'ec2' ? form.facts : FACTS;
}

describe('types of which part is stated', () => {
  test('build no new index where they say nothing new', () => {
    const live = start();
    const { index } = live;
    feed(live, stated());
    assert.equal(live.index, index);
    assert.equal(live.epoch, 2);
  });

  test('change what they state, and leave the rest and the offerings as they were', () => {
    const live = start();
    feed(live, stated({ sustainedClockMhz: 3100, memoryMib: 9000 }));
    assert.deepEqual(factsOf(live, 'm5.large'), { ...FACTS, sustainedClockMhz: 3100, memoryMib: 9000 });
    const { catalogue } = live.index;
    assert.equal(live.availableCount, 2);
    assert.deepEqual([...live.columns.priceNanoUsdPerHour], [100, 100]);
    assert.deepEqual([...live.columns.priceAsOfUnixSeconds], [7, 7]);
    assert.deepEqual([0, 1].map((offering) => catalogue.offering(offering).reservationKind).sort(), [
      '',
      'capacity-block',
    ]);
  });

  test('are added where the catalogue does not have them, with offerings of the same update', () => {
    const live = start();
    live.update({
      changes: [{ instanceType: 'm9.large', offering: OFFERING, path: 'updates[0]' }],
      types: [stated({ name: 'm9.large' }), stated()],
      replaceAll: true,
      keepUnstated: true,
    });
    const { name: _, ...said } = factsOf(live, 'm9.large');
    assert.equal(said.branchInterfaceCount, undefined);
    const { catalogue } = live.index;
    const available = Array.from({ length: catalogue.offeringCount }, (__, offering) => offering)
      .filter((offering) => live.isAvailable(offering))
      .map((offering) => catalogue.offering(offering).instanceType);
    assert.deepEqual(available, ['m9.large']);
  });
});
