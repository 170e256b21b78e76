// Facts of a few real types for the tests of this folder, written out by hand. Not a catalogue.

import type { Ec2InstanceFacts, NodeClassFacts } from '../facts.ts';
import { DEFAULT_NODE_CLASS_FACTS } from '../index.ts';

/** m5.large as EC2 describes it. */
export const M5_LARGE: Ec2InstanceFacts = {
  name: 'm5.large',
  architectures: ['amd64'],
  vcpuCount: 2,
  memoryMib: 8192,
  cpuManufacturer: 'Intel',
  sustainedClockMhz: 3100,
  bareMetal: false,
  hypervisor: 'nitro',
  usageClasses: ['on-demand', 'spot'],
  placementStrategies: ['cluster', 'partition', 'spread'],
  nestedVirtualization: false,
  encryptionInTransit: false,
  enaSupport: 'required',
  networkCards: [{ index: 0, interfaceCount: 3 }],
  defaultNetworkCardIndex: 0,
  ipv4AddressesPerInterface: 10,
  branchInterfaceCount: 9,
  vpcControllerIpv4PerInterface: 10,
  networkBandwidthMbps: 750,
  ebsBandwidthMbps: 4750,
  ebsAttachmentLimit: { attachmentCount: 27, kind: 'shared' },
  gpus: [],
  inferenceAccelerators: [],
  neuronDevices: [],
};

/** m6g.large: the same shape on Graviton. */
export const M6G_LARGE: Ec2InstanceFacts = {
  ...M5_LARGE,
  name: 'm6g.large',
  architectures: ['arm64'],
  cpuManufacturer: 'AWS',
  sustainedClockMhz: 2500,
};

/** The default node class with some settings changed. */
export function nodeClass(changes: Partial<NodeClassFacts>): NodeClassFacts {
  return { ...DEFAULT_NODE_CLASS_FACTS, ...changes };
}
