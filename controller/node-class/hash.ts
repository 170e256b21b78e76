// The hash of an EC2NodeClass: when it changes, nodes that were made by the old one have drifted. What selectors find is not
// in it: whether a node still has it can be seen on the node. Equal to Karpenter's (see controller/struct-hash).
import type { EffectiveNodeClassSpec } from '../resources/index.ts';
import { type GoValue, goDuration, goSet, goText, goTextMap, structHash } from '../struct-hash/index.ts';

/** By which rule the hash is made: Karpenter's fifth for AWS. */
export const NODE_CLASS_HASH_RULE = 'v5';

type Describe = (value: never) => GoValue | undefined;

/** A field of a Go struct: its name there, its name in JSON, and how its value is read. */
type Field = readonly [goName: string, jsonName: string, describe: Describe];

/** A pointer to a value: there or not, whatever the value is. */
const text = (value: string): GoValue => ({ kind: 'text', text: value });
const flag = (value: boolean): GoValue => ({ kind: 'number', bytes: 1, value: value ? 1n : 0n });
const int32 = (value: number): GoValue => ({ kind: 'number', bytes: 4, value: BigInt(value) });
const int64 = (value: number): GoValue => ({ kind: 'number', bytes: 8, value: BigInt(value) });
/** A value itself, left out when it is zero. */
const ifSet = (describe: (value: never) => GoValue) => (value: unknown) =>
  value === 0 || value === false || value === '' ? undefined : describe(value as never);

function struct(name: string, fields: readonly Field[]) {
  return (value: object): GoValue => ({
    kind: 'struct',
    name,
    fields: fields.map(([goName, jsonName, describe]) => {
      const present = (value as Readonly<Record<string, unknown>>)[jsonName];
      return [goName, present === undefined || present === null ? undefined : describe(present as never)];
    }),
  });
}

function listOf(describe: (value: never) => GoValue) {
  return (items: readonly unknown[]) => goSet(items, (item) => describe(item as never));
}

const durations = (map: Readonly<Record<string, string>>): GoValue => ({
  kind: 'map',
  entries: Object.entries(map).map(([key, value]) => [
    text(key),
    { kind: 'struct', name: 'Duration', fields: [['Duration', goDuration(value)]] },
  ]),
});

const kubelet = struct('KubeletConfiguration', [
  ['ClusterDNS', 'clusterDNS', listOf(text)],
  ['MaxPods', 'maxPods', int32],
  ['PodsPerCore', 'podsPerCore', int32],
  ['SystemReserved', 'systemReserved', goTextMap],
  ['KubeReserved', 'kubeReserved', goTextMap],
  ['EvictionHard', 'evictionHard', goTextMap],
  ['EvictionSoft', 'evictionSoft', goTextMap],
  ['EvictionSoftGracePeriod', 'evictionSoftGracePeriod', durations],
  ['EvictionMaxPodGracePeriod', 'evictionMaxPodGracePeriod', int32],
  ['ImageGCHighThresholdPercent', 'imageGCHighThresholdPercent', int32],
  ['ImageGCLowThresholdPercent', 'imageGCLowThresholdPercent', int32],
  ['CPUCFSQuota', 'cpuCFSQuota', flag],
]);

const blockDevice = struct('BlockDevice', [
  ['DeleteOnTermination', 'deleteOnTermination', flag],
  ['Encrypted', 'encrypted', flag],
  ['IOPS', 'iops', int64],
  ['KMSKeyID', 'kmsKeyID', text],
  ['SnapshotID', 'snapshotID', text],
  ['Throughput', 'throughput', int64],
  ['VolumeInitializationRate', 'volumeInitializationRate', int32],
  ['VolumeSize', 'volumeSize', (size: string | number) => text(canonicalSize(String(size)))],
  ['VolumeType', 'volumeType', text],
]);

const blockDeviceMapping = struct('BlockDeviceMapping', [
  ['DeviceName', 'deviceName', text],
  ['EBS', 'ebs', blockDevice],
  ['RootVolume', 'rootVolume', ifSet(flag)],
]);

const networkInterface = struct('NetworkInterface', [
  ['NetworkCardIndex', 'networkCardIndex', ifSet(int32)],
  ['DeviceIndex', 'deviceIndex', ifSet(int32)],
  ['InterfaceType', 'interfaceType', ifSet(text)],
]);

const metadataOptions = struct('MetadataOptions', [
  ['HTTPEndpoint', 'httpEndpoint', text],
  ['HTTPProtocolIPv6', 'httpProtocolIPv6', text],
  ['HTTPPutResponseHopLimit', 'httpPutResponseHopLimit', int64],
  ['HTTPTokens', 'httpTokens', text],
]);

const connectionTracking = struct('ConnectionTracking', [
  ['TCPEstablishedTimeout', 'tcpEstablishedTimeout', int32],
  ['UDPStreamTimeout', 'udpStreamTimeout', int32],
  ['UDPTimeout', 'udpTimeout', int32],
]);

const spec = struct('EC2NodeClassSpec', [
  [
    'PlacementGroupSelector',
    'placementGroupSelector',
    struct('PlacementGroupSelector', [
      ['Name', 'name', text],
      ['ID', 'id', text],
    ]),
  ],
  ['AssociatePublicIPAddress', 'associatePublicIPAddress', flag],
  ['UserData', 'userData', text],
  ['Role', 'role', goText],
  ['InstanceProfile', 'instanceProfile', text],
  ['Tags', 'tags', goTextMap],
  ['Kubelet', 'kubelet', kubelet],
  ['BlockDeviceMappings', 'blockDeviceMappings', listOf(blockDeviceMapping)],
  ['InstanceStorePolicy', 'instanceStorePolicy', text],
  ['NetworkInterfaces', 'networkInterfaces', listOf(networkInterface)],
  ['DetailedMonitoring', 'detailedMonitoring', flag],
  ['MetadataOptions', 'metadataOptions', metadataOptions],
  ['ConnectionTracking', 'connectionTracking', connectionTracking],
  ['Context', 'context', text],
  ['CPUOptions', 'cpuOptions', struct('CPUOptions', [['NestedVirtualization', 'nestedVirtualization', text]])],
]);

/** Equal to what Karpenter 1.14 writes for the same class; `caBundle` is the cluster's, empty where it is not set. */
export function nodeClassHash(effective: EffectiveNodeClassSpec, caBundle = ''): string {
  return structHash({ kind: 'set', items: [spec(effective), text(effective.amiFamily), text(caBundle)] });
}

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti'] as const;
const SIZE = /^(\d+)(Ki|Mi|Gi|Ti)$/;

/** A binary size as Kubernetes writes it: in the largest unit that leaves a whole number. Others stay as they are. */
function canonicalSize(written: string): string {
  const [, amount, suffix = ''] = SIZE.exec(written) ?? [];
  if (amount === undefined) return written;
  let rest = BigInt(amount);
  let unit: number = BINARY.indexOf(suffix as (typeof BINARY)[number]);
  while (rest > 0n && rest % 1024n === 0n && unit < BINARY.length - 1) {
    rest /= 1024n;
    unit += 1;
  }
  return `${rest}${BINARY[unit]}`;
}
