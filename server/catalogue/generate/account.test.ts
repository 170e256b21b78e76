// A recording of an account over what the packages say: what it takes the place of, and what it leaves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Recording, type Sources, withRecording } from './account.ts';
import { factsOf } from './facts.ts';
import { buildRegions } from './regions.ts';
import type { RawType } from './sources.ts';

const raw = (InstanceType: string, SizeInMiB: number): RawType => ({
  InstanceType,
  BareMetal: false,
  Hypervisor: 'nitro',
  SupportedUsageClasses: ['on-demand', 'spot'],
  SupportedVirtualizationTypes: ['hvm'],
  VCpuInfo: { DefaultVCpus: 2 },
  MemoryInfo: { SizeInMiB },
  ProcessorInfo: { SupportedArchitectures: ['x86_64'] },
  PlacementGroupInfo: { SupportedStrategies: [] },
  NetworkInfo: {
    EnaSupport: 'required',
    EncryptionInTransitSupported: false,
    DefaultNetworkCardIndex: 0,
    Ipv4AddressesPerInterface: 10,
    NetworkCards: [{ NetworkCardIndex: 0, MaximumNetworkInterfaces: 3 }],
  },
  EbsInfo: { EbsOptimizedSupport: 'default', AttachmentLimitType: 'shared', MaximumEbsAttachments: 27 },
});

const packaged: Sources = {
  moto: {
    version: '1',
    types: { 'm5.large': raw('m5.large', 8_192), 'm9.large': raw('m9.large', 1) },
    offeringsByZone: { 'eu-x-1': { 'eu-x-1a': ['m5.large'] }, 'us-east-1': { 'us-east-1a': ['m5.large'] } },
    offeringsByZoneId: { 'eu-x-1': { 'eux-az1': ['m5.large'] }, 'us-east-1': { 'use1-az1': ['m5.large'] } },
    zones: { 'eu-x-1': [{ name: 'eu-x-1a', zoneId: 'eux-az1' }] },
  },
  karpenter: {
    onDemandPrices: { 'us-east-1': { 'm5.large': '0.096' } },
    bandwidthMbps: { 'm5.large': 750 },
    vpcLimits: {},
  },
  priceDates: { 'us-east-1': '2026-01-01' },
  listed: [],
};

const recording: Recording = {
  schema: 1,
  region: 'eu-x-1',
  recordedAt: '2026-11-28T09:00:00.000Z',
  types: { 'm9.large': raw('m9.large', 16_384) },
  // Two zones that sell the same: which is which only the account tells.
  offeringsByZone: { 'eu-x-1a': ['m5.large', 'm9.large'], 'eu-x-1b': ['m5.large', 'm9.large'] },
  zones: [
    { name: 'eu-x-1a', zoneId: 'eux-az2' },
    { name: 'eu-x-1b', zoneId: 'eux-az1' },
  ],
  onDemandPrices: { 'm9.large': '0.200000000' },
};

function build(sources: Sources) {
  const types = Object.values(sources.moto.types).map((each) => factsOf(each, sources.karpenter));
  const regions = buildRegions(types, sources);
  return { types, region: (name: string) => regions.find(({ region }) => region === name) };
}

test('a recorded region has its types, zones and prices from the account, and the date of the recording', () => {
  const { types, region } = build(withRecording(packaged, recording));
  assert.deepEqual(
    types.map(({ name, memoryMib, networkBandwidthMbps }) => [name, memoryMib, networkBandwidthMbps]),
    [
      ['m5.large', 8_192, 750],
      ['m9.large', 16_384, undefined],
    ],
  );
  const recorded = region('eu-x-1');
  assert.deepEqual(recorded?.zones, recording.zones);
  assert.deepEqual(recorded?.zoneMask, [3, 3]);
  assert.deepEqual(recorded?.onDemandPriceNano, [96_000_000, 200_000_000]);
  assert.deepEqual(recorded?.onDemandIsEstimate, [1, 0]);
  assert.equal(recorded?.onDemandPricesAsOf, '2026-11-28');
});

test('other regions stay as the packages have them', () => {
  const before = build(packaged).region('us-east-1');
  assert.deepEqual(build(withRecording(packaged, recording)).region('us-east-1'), before);
});

test('a recording without prices leaves those that were known', () => {
  const unpriced = withRecording(packaged, { ...recording, onDemandPrices: {} });
  assert.equal(unpriced.karpenter, packaged.karpenter);
  assert.equal(build(unpriced).region('eu-x-1')?.onDemandPricesAsOf, undefined);
  assert.match(unpriced.listed[0]?.gives ?? '', /zones and offerings of eu-x-1$/);
});
