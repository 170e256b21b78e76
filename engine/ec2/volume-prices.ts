// What the EBS volumes of a node cost: those that the node class writes, and those that its image family brings by itself.
// List prices of AWS's page "Amazon EBS pricing" for US East (N. Virginia), as they have been since gp3 came in December
// 2020 (io2's higher tiers: since 2021). Other regions are up to twice as dear: the same rule as for instances without a
// table, so whatever shows it calls it an estimate.
import type { AmiFamily, BlockDeviceFacts, NodeClassFacts, VolumeType } from './facts.ts';

/** Hours of a month, as AWS counts them. */
const HOURS_PER_MONTH = 730;

const GIB = 1024 ** 3;

/** Rates of one volume type, in US dollars per month. */
interface VolumeRates {
  readonly perGib: number;
  /** Operations a second that come with it, and the rates of further ones: each up to so many in all. */
  readonly includedIops?: number;
  readonly iopsTiers?: readonly { readonly upTo: number; readonly perIops: number }[];
  /** MiB a second that come with it, and the rate of further ones. */
  readonly includedMibps?: number;
  readonly perMibps?: number;
}

const RATES: Readonly<Record<VolumeType, VolumeRates>> = {
  gp3: {
    perGib: 0.08,
    includedIops: 3_000,
    iopsTiers: [{ upTo: Number.POSITIVE_INFINITY, perIops: 0.005 }],
    includedMibps: 125,
    perMibps: 0.04,
  },
  gp2: { perGib: 0.1 },
  io1: { perGib: 0.125, iopsTiers: [{ upTo: Number.POSITIVE_INFINITY, perIops: 0.065 }] },
  io2: {
    perGib: 0.125,
    iopsTiers: [
      { upTo: 32_000, perIops: 0.065 },
      { upTo: 64_000, perIops: 0.046 },
      { upTo: Number.POSITIVE_INFINITY, perIops: 0.032 },
    ],
  },
  st1: { perGib: 0.045 },
  sc1: { perGib: 0.015 },
  standard: { perGib: 0.05 },
};

/** What EC2 makes of a volume whose type nobody states. */
const UNSTATED_TYPE: VolumeType = 'gp2';

/** Volumes that nodes of a family have where the node class writes none, with Karpenter's sizes: all of them gp3. */
const FAMILY_VOLUMES: Readonly<Record<AmiFamily, readonly { readonly deviceName: string; readonly gib: number }[]>> = {
  AL2: [{ deviceName: '/dev/xvda', gib: 20 }],
  AL2023: [{ deviceName: '/dev/xvda', gib: 20 }],
  Bottlerocket: [
    { deviceName: '/dev/xvda', gib: 4 },
    { deviceName: '/dev/xvdb', gib: 20 },
  ],
  Windows2019: [{ deviceName: '/dev/sda1', gib: 50 }],
  Windows2022: [{ deviceName: '/dev/sda1', gib: 50 }],
  Windows2025: [{ deviceName: '/dev/sda1', gib: 50 }],
  // Only the image knows.
  Custom: [],
};

/**
 * What the volumes of one node cost, in whole nano US dollars per hour, rounded up. A family's volume that the node class
 * does not write comes with the image, and counts too; so does its size where a written one has none of its own.
 */
export function volumesNanoUsdPerHour({ amiFamily, blockDevices }: NodeClassFacts): number {
  const own = FAMILY_VOLUMES[amiFamily];
  const written = new Set(blockDevices.map(({ deviceName }) => deviceName));
  let usdPerMonth = 0;
  for (const device of blockDevices) {
    usdPerMonth += usdPerMonthOf(device, own.find(({ deviceName }) => deviceName === device.deviceName)?.gib ?? 0);
  }
  for (const { deviceName, gib } of own) if (!written.has(deviceName)) usdPerMonth += gib * RATES.gp3.perGib;
  return Math.ceil((usdPerMonth * 1e9) / HOURS_PER_MONTH);
}

function usdPerMonthOf(
  { volumeSizeBytes, volumeType = UNSTATED_TYPE, iops = 0, throughputMibps = 0 }: BlockDeviceFacts,
  usualGib: number,
): number {
  const { perGib, includedIops = 0, iopsTiers = [], includedMibps = 0, perMibps = 0 } = RATES[volumeType];
  const gib = volumeSizeBytes === undefined ? usualGib : Math.ceil(volumeSizeBytes / GIB);
  let usdPerMonth = gib * perGib + Math.max(0, throughputMibps - includedMibps) * perMibps;
  let paid = includedIops;
  for (const { upTo, perIops } of iopsTiers) {
    const further = Math.max(0, Math.min(iops, upTo) - paid);
    usdPerMonth += further * perIops;
    paid += further;
  }
  return usdPerMonth;
}
