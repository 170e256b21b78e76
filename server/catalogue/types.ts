// Facts of every type out of the stored table. All objects are made in one place with all fields in one order, so that
// the formulas which run over thousands of them see one shape.

import type { Ec2InstanceFacts } from '../../engine/index.ts';
import { decodeColumn, type EncodedTable } from './table.ts';

/** One object for each row of the table. Throws where a row lacks what every type has. */
export function decodeTypes(table: EncodedTable): Ec2InstanceFacts[] {
  const optional = <K extends keyof Ec2InstanceFacts>(key: K) =>
    decodeColumn<NonNullable<Ec2InstanceFacts[K]>>(table, key);
  const required = <K extends keyof Ec2InstanceFacts>(key: K) => {
    const column = optional(key);
    if (!column.isComplete()) throw new Error(`read types: a row lacks a value (column=${key})`);
    return column;
  };
  const name = required('name');
  const architectures = required('architectures');
  const vcpuCount = required('vcpuCount');
  const memoryMib = required('memoryMib');
  const cpuManufacturer = optional('cpuManufacturer');
  const sustainedClockMhz = optional('sustainedClockMhz');
  const bareMetal = required('bareMetal');
  const hypervisor = optional('hypervisor');
  const usageClasses = required('usageClasses');
  const placementStrategies = required('placementStrategies');
  const nestedVirtualization = required('nestedVirtualization');
  const encryptionInTransit = required('encryptionInTransit');
  const enaSupport = required('enaSupport');
  const networkCards = required('networkCards');
  const defaultNetworkCardIndex = required('defaultNetworkCardIndex');
  const ipv4AddressesPerInterface = required('ipv4AddressesPerInterface');
  const efaInterfaceCount = optional('efaInterfaceCount');
  const branchInterfaceCount = optional('branchInterfaceCount');
  const vpcControllerIpv4PerInterface = optional('vpcControllerIpv4PerInterface');
  const networkBandwidthMbps = optional('networkBandwidthMbps');
  const ebsBandwidthMbps = optional('ebsBandwidthMbps');
  const ebsAttachmentLimit = optional('ebsAttachmentLimit');
  const instanceStorage = optional('instanceStorage');
  const gpus = required('gpus');
  const inferenceAccelerators = required('inferenceAccelerators');
  const neuronDevices = required('neuronDevices');
  const types: Ec2InstanceFacts[] = [];
  for (let row = 0; row < table.rowCount; row += 1) {
    types.push({
      name: name.at(row)!,
      architectures: architectures.at(row)!,
      vcpuCount: vcpuCount.at(row)!,
      memoryMib: memoryMib.at(row)!,
      cpuManufacturer: cpuManufacturer.at(row),
      sustainedClockMhz: sustainedClockMhz.at(row),
      bareMetal: bareMetal.at(row)!,
      hypervisor: hypervisor.at(row),
      usageClasses: usageClasses.at(row)!,
      placementStrategies: placementStrategies.at(row)!,
      nestedVirtualization: nestedVirtualization.at(row)!,
      encryptionInTransit: encryptionInTransit.at(row)!,
      enaSupport: enaSupport.at(row)!,
      networkCards: networkCards.at(row)!,
      defaultNetworkCardIndex: defaultNetworkCardIndex.at(row)!,
      ipv4AddressesPerInterface: ipv4AddressesPerInterface.at(row)!,
      efaInterfaceCount: efaInterfaceCount.at(row),
      branchInterfaceCount: branchInterfaceCount.at(row),
      vpcControllerIpv4PerInterface: vpcControllerIpv4PerInterface.at(row),
      networkBandwidthMbps: networkBandwidthMbps.at(row),
      ebsBandwidthMbps: ebsBandwidthMbps.at(row),
      ebsAttachmentLimit: ebsAttachmentLimit.at(row),
      instanceStorage: instanceStorage.at(row),
      gpus: gpus.at(row)!,
      inferenceAccelerators: inferenceAccelerators.at(row)!,
      neuronDevices: neuronDevices.at(row)!,
    });
  }
  return types;
}
