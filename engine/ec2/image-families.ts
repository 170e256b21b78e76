// What each image family does by itself: default volume, how pods are counted, which memory the kubelet reserves. One
// table; the formulas that read it are in capacity.ts and overhead.ts.

import type { AmiFamily } from './facts.ts';

const GIB = 1024 ** 3;

/** What the formulas need to know of an image family. */
export interface ImageFamily {
  /** The device whose size is the node's ephemeral storage; absent where only the image knows. */
  readonly ephemeralDeviceName?: string;
  /** Devices of the volumes that the image itself brings; none where only the image knows. */
  readonly volumeDeviceNames: readonly string[];
  /** Size of that device where the node class does not say. */
  readonly defaultEphemeralStorageBytes: number;
  /** Whether network interfaces limit the number of pods; otherwise it is DEFAULT_POD_COUNT. */
  readonly podsLimitedByInterfaces: boolean;
  /** Whether the kubelet takes a cap of pods per core. */
  readonly podsPerCoreSupported: boolean;
  /** Whether the memory reserved for Kubernetes follows the interfaces' pods even where maxPods says otherwise. */
  readonly reservesMemoryByInterfaces: boolean;
  /** The Windows build; absent on Linux. */
  readonly windowsBuild?: string;
}

/** Pods of a node whose family does not count them by network interfaces. */
export const DEFAULT_POD_COUNT = 110;

const LINUX: ImageFamily = {
  ephemeralDeviceName: '/dev/xvda',
  volumeDeviceNames: ['/dev/xvda'],
  defaultEphemeralStorageBytes: 20 * GIB,
  podsLimitedByInterfaces: true,
  podsPerCoreSupported: true,
  reservesMemoryByInterfaces: true,
};

const BOTTLEROCKET: ImageFamily = {
  ...LINUX,
  // Bottlerocket keeps the system on the first device and pods on the second.
  ephemeralDeviceName: '/dev/xvdb',
  volumeDeviceNames: ['/dev/xvda', '/dev/xvdb'],
  podsPerCoreSupported: false,
  reservesMemoryByInterfaces: false,
};

const CUSTOM: ImageFamily = {
  volumeDeviceNames: [],
  defaultEphemeralStorageBytes: 20 * GIB,
  podsLimitedByInterfaces: true,
  podsPerCoreSupported: true,
  reservesMemoryByInterfaces: true,
};

function windows(windowsBuild: string): ImageFamily {
  return {
    ephemeralDeviceName: '/dev/sda1',
    volumeDeviceNames: ['/dev/sda1'],
    defaultEphemeralStorageBytes: 50 * GIB,
    podsLimitedByInterfaces: false,
    podsPerCoreSupported: true,
    reservesMemoryByInterfaces: false,
    windowsBuild,
  };
}

/** Every image family of an EC2NodeClass. */
export const IMAGE_FAMILIES: Readonly<Record<AmiFamily, ImageFamily>> = {
  AL2: LINUX,
  AL2023: LINUX,
  Bottlerocket: BOTTLEROCKET,
  Windows2019: windows('10.0.17763'),
  Windows2022: windows('10.0.20348'),
  Windows2025: windows('10.0.26100'),
  Custom: CUSTOM,
};
