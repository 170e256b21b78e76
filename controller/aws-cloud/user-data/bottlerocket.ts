// Bottlerocket: settings in TOML. What the user wrote is kept, except where the node class or the cluster say otherwise.
import { parse, stringify, TomlError, type TomlTable } from 'smol-toml';
import { UserDataError, type UserDataInput } from './input.ts';
import { dnsAddress } from './kubelet.ts';

/** From this version on the image knows by itself which folders belong on instance storage. */
const KNOWS_FOLDERS = [1, 46, 0] as const;

const FOLDERS = ['/var/lib/containerd', '/var/lib/kubelet', '/var/log/pods'];

type Table = Record<string, unknown>;

/** The user data. */
export function bottlerocketUserData(input: UserDataInput): string {
  const { cluster, labels, taints, kubelet, raid0 } = input;
  const root = readToml(input.custom ?? '');
  const settings = tableAt(root, 'settings');
  const kubernetes = tableAt(settings, 'kubernetes');
  Object.assign(kubernetes, {
    'cluster-name': cluster.name,
    'api-server': cluster.endpoint,
    ...(cluster.caBundle === undefined ? {} : { 'cluster-certificate': cluster.caBundle }),
    'node-labels': { ...tableAt(kubernetes, 'node-labels'), ...labels },
    'node-taints': taintLists(taints),
    ...definedEntries({
      'cluster-dns-ip': dnsAddress(kubelet),
      'max-pods': kubelet.maxPods,
      'system-reserved': kubelet.systemReserved,
      'kube-reserved': kubelet.kubeReserved,
      'eviction-hard': kubelet.evictionHard,
      'eviction-soft': kubelet.evictionSoft,
      'eviction-soft-grace-period': kubelet.evictionSoftGracePeriod,
      'eviction-max-pod-grace-period': kubelet.evictionMaxPodGracePeriod,
      // Percents are texts here.
      'image-gc-high-threshold-percent': kubelet.imageGCHighThresholdPercent?.toString(),
      'image-gc-low-threshold-percent': kubelet.imageGCLowThresholdPercent?.toString(),
      'cpu-cfs-quota-enforced': kubelet.cpuCFSQuota,
    }),
  });
  if (raid0) tableAt(settings, 'bootstrap-commands')['000-mount-instance-storage'] = storageCommand(input.imageVersion);
  return stringify(root);
}

function readToml(text: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const place = `line ${error.line}, column ${error.column}`;
    throw new UserDataError('UserDataInvalid', `read userData: it is no TOML (${place})`, error);
  }
}

/** The table of that name, made where it is missing. */
function tableAt(parent: Table, name: string): Table {
  const found = parent[name];
  if (found === undefined) {
    const table: Table = {};
    parent[name] = table;
    return table;
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    throw new UserDataError('UserDataInvalid', `read userData: ${name} has to be a table`);
  }
  return found as Table;
}

function taintLists(taints: UserDataInput['taints']): Readonly<Record<string, readonly string[]>> {
  const lists: Record<string, string[]> = {};
  for (const { key, value = '', effect } of taints) {
    lists[key] ??= [];
    lists[key].push(`${value}:${effect}`);
  }
  return lists;
}

function definedEntries(entries: Table): Table {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

function storageCommand(imageVersion: string | undefined) {
  const bind = ['apiclient', 'ephemeral-storage', 'bind'];
  return {
    commands: [
      ['apiclient', 'ephemeral-storage', 'init'],
      knowsFolders(imageVersion) ? bind : [...bind, '--dirs', ...FOLDERS],
    ],
    mode: 'always',
    essential: true,
  };
}

function knowsFolders(version = ''): boolean {
  if (version === 'latest') return true;
  const [, ...parts] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  if (parts.length === 0) return false;
  const [major = 0, minor = 0] = parts.map(Number);
  return major > KNOWS_FOLDERS[0] || (major === KNOWS_FOLDERS[0] && minor >= KNOWS_FOLDERS[1]);
}
