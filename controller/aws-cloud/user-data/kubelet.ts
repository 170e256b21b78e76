// The kubelet's settings, as its command line takes them (AL2, Windows) and as its configuration file does (AL2023).
import { isIPv6 } from 'node:net';
import type { KubeletSettings, Taint, UserDataInput } from './input.ts';

/** key=value:Effect, or key:Effect where there is no value. */
export function taintText({ key, value = '', effect }: Taint): string {
  return value === '' ? `${key}:${effect}` : `${key}=${value}:${effect}`;
}

/** --node-labels="a=b,c=d"; undefined where there are none. */
export function labelsArgument(labels: Readonly<Record<string, string>>): string | undefined {
  return listArgument('--node-labels', labels, '=');
}

/** The arguments of the command line. */
export function kubeletArguments({ labels, taints, kubelet }: UserDataInput): string[] {
  const { evictionSoftGracePeriod, evictionMaxPodGracePeriod } = kubelet;
  return [
    labelsArgument(labels),
    `--register-with-taints=${JSON.stringify(taints.map(taintText).join(','))}`,
    plainArgument('--max-pods', kubelet.maxPods),
    plainArgument('--pods-per-core', kubelet.podsPerCore),
    listArgument('--system-reserved', kubelet.systemReserved, '='),
    listArgument('--kube-reserved', kubelet.kubeReserved, '='),
    listArgument('--eviction-hard', kubelet.evictionHard, '<'),
    listArgument('--eviction-soft', kubelet.evictionSoft, '<'),
    listArgument('--eviction-soft-grace-period', evictionSoftGracePeriod, '='),
    plainArgument('--eviction-max-pod-grace-period', evictionMaxPodGracePeriod),
    plainArgument('--image-gc-high-threshold', kubelet.imageGCHighThresholdPercent),
    plainArgument('--image-gc-low-threshold', kubelet.imageGCLowThresholdPercent),
    plainArgument('--cpu-cfs-quota', kubelet.cpuCFSQuota),
  ].filter((argument) => argument !== undefined);
}

function plainArgument(name: string, value: number | boolean | undefined): string | undefined {
  return value === undefined ? undefined : `${name}=${value}`;
}

function listArgument(
  name: string,
  values: Readonly<Record<string, string>> | undefined,
  between: '=' | '<',
): string | undefined {
  const entries = Object.entries(values ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return undefined;
  return `${name}=${JSON.stringify(entries.map(([key, value]) => `${key}${between}${value}`).join(','))}`;
}

/** The fields of KubeletConfiguration: they have the names of the node class. */
export function kubeletConfiguration({ kubelet, taints }: UserDataInput): Readonly<Record<string, unknown>> {
  return { ...kubelet, registerWithTaints: taints };
}

/** The address of DNS for pods. */
export function dnsAddress({ clusterDNS }: KubeletSettings): string | undefined {
  return clusterDNS?.[0];
}

/** True where pods have addresses of IPv6. */
export function hasIpv6(kubelet: KubeletSettings): boolean {
  return isIPv6(dnsAddress(kubelet) ?? '');
}
