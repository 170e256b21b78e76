// Amazon Linux 2023: a MIME archive whose last part is a NodeConfig for nodeadm, which merges them in their order.
import { parse, stringify } from 'yaml';
import { UserDataError, type UserDataInput } from './input.ts';
import { kubeletConfiguration, labelsArgument } from './kubelet.ts';
import { isMime, type MimePart, partOf, readMime, SHELL_SCRIPT, writeMime } from './mime.ts';

const NODE_CONFIG = 'application/node.eks.aws';

/** The user data. */
export function al2023UserData(input: UserDataInput): string {
  return writeMime([...customParts(input.custom ?? ''), partOf(NODE_CONFIG, nodeConfig(input))]);
}

function customParts(custom: string): MimePart[] {
  if (custom === '') return [];
  if (isMime(custom)) return readMime(custom);
  return [partOf(isYamlMapping(custom) ? NODE_CONFIG : SHELL_SCRIPT, custom)];
}

function isYamlMapping(text: string): boolean {
  // The first line of a script is a comment of YAML, and many a script reads as a mapping after it.
  if (text.startsWith('#!')) return false;
  try {
    const value: unknown = parse(text, { logLevel: 'silent' });
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function nodeConfig(input: UserDataInput): string {
  const { cluster, labels, raid0 } = input;
  if (cluster.serviceCidr === undefined) {
    throw new UserDataError('ClusterUnknown', 'write user data: the range of the services’ addresses is not known yet');
  }
  const flag = labelsArgument(labels);
  return stringify(
    {
      apiVersion: 'node.eks.aws/v1alpha1',
      kind: 'NodeConfig',
      spec: {
        cluster: {
          name: cluster.name,
          apiServerEndpoint: cluster.endpoint,
          ...(cluster.caBundle === undefined ? {} : { certificateAuthority: cluster.caBundle }),
          cidr: cluster.serviceCidr,
        },
        ...(raid0 ? { instance: { localStorage: { strategy: 'RAID0' } } } : {}),
        kubelet: {
          config: kubeletConfiguration(input),
          ...(flag === undefined ? {} : { flags: [flag] }),
        },
      },
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}
