// How many volumes of pods a node takes: the limit that the EBS CSI driver will write into its CSINode object, which is
// what the scheduler goes by. Volumes of other drivers have no limit that EC2's facts would tell.
//
// Source: kubernetes-sigs/aws-ebs-csi-driver, pkg/driver/node.go (getVolumesLimit), pkg/cloud/limits/volume_limits.go and
// pkg/cloud/metadata/imds.go as of August 2026; docs/options.md (`--volume-attach-limit`,
// `--reserved-volume-attachments`, both at their default of -1); EC2 user guide, "Amazon EBS volume limits for Amazon EC2
// instances".

import type { CompiledNodeClass } from './capacity.ts';
import { FACT_FLAGS, type FactColumns, NOT_STATED } from './fact-columns.ts';
import type { BlockDeviceFacts, NetworkInterfaceFacts } from './facts.ts';
import type { ImageFamily } from './image-families.ts';

/** The resource by which attachments of the driver are counted. */
export const EBS_ATTACHMENTS = 'attachable-volumes-ebs.csi.aws.com';

/** Of types without Nitro; EC2 says 40, and one of them is kept. */
const XEN_ATTACHMENT_COUNT = 39;

/** Of types whose limit nobody states; their slots are taken to be shared. */
const UNKNOWN_ATTACHMENT_COUNT = 27;

/** The driver never reports less: Kubernetes reads 0 as "no limit". */
const LEAST_VOLUME_COUNT = 1;

/**
 * Volumes that a node has before any pod's: what the image brings (its root volume and, on Bottlerocket, one for data),
 * and each volume of the node class under another device's name. Where the image is unknown none of the listed names can be
 * told to be its root, so that volume counts besides them.
 */
export function ownVolumeCount(devices: readonly BlockDeviceFacts[], family: ImageFamily): number {
  const names = new Set(family.volumeDeviceNames);
  for (const device of devices) names.add(device.deviceName);
  return names.size + (family.volumeDeviceNames.length === 0 ? 1 : 0);
}

/**
 * Volumes of pods on a node of each type. EC2's limit has NVMe disks and accelerators taken out already (27 for c5.large, 26
 * for c5d.large, 25 for g5.xlarge). The node's own volumes go off it and, where slots are shared, every network interface
 * but the first, whose slot is not in the limit.
 *
 * The driver counts the interfaces that are attached when it starts, and newer clusters count them anew every few seconds;
 * the VPC CNI attaches more while pods arrive. What is taken off here is every interface that the card allows, so that
 * whenever the driver counts it reports at least this many. Windows nodes have one interface and keep it.
 */
export function ebsVolumeCounts(facts: FactColumns, compiled: CompiledNodeClass): Float64Array {
  const { typeCount, flags, ebsAttachmentCount, cardInterfaceCount, defaultCardIndex } = facts;
  const { networkInterfaces } = compiled.nodeClass;
  const ownCount = compiled.ownVolumeCount;
  const { ec2, xen, ebsSlotsAreShared } = FACT_FLAGS;
  const onOneInterface = compiled.family.windowsBuild !== undefined;
  const counts = new Float64Array(typeCount);
  for (let type = 0; type < typeCount; type++) {
    const has = flags[type]!;
    if ((has & ec2) === 0) continue;
    let slotCount = ebsAttachmentCount[type]!;
    if ((has & xen) !== 0) slotCount = XEN_ATTACHMENT_COUNT;
    else if (slotCount === NOT_STATED) slotCount = UNKNOWN_ATTACHMENT_COUNT;
    slotCount -= ownCount;
    if ((has & ebsSlotsAreShared) !== 0) {
      if (!onOneInterface) slotCount -= Math.max(0, cardInterfaceCount[type]! - 1);
      if (networkInterfaces.length > 0) slotCount -= onOtherCards(networkInterfaces, defaultCardIndex[type]!);
    }
    counts[type] = Math.max(LEAST_VOLUME_COUNT, slotCount);
  }
  return counts;
}

/** Interfaces that the node class wants on cards which the CNI does not use. */
function onOtherCards(wanted: readonly NetworkInterfaceFacts[], cardIndex: number): number {
  return wanted.filter(({ networkCardIndex }) => networkCardIndex !== cardIndex).length;
}
