// Label keys that mean something to a node autoscaler: those it knows the values of, old spellings of them, and those a
// NodePool may not use. Values of labels are not looked at here.

/**
 * Keys whose values follow from the instance type, the offering or the pool, so that a pool need not name them. What
 * Karpenter 1.14 knows, on AWS.
 */
export const WELL_KNOWN_LABELS: readonly string[] = [
  'karpenter.sh/capacity-type',
  'karpenter.sh/nodepool',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'node.kubernetes.io/windows-build',
  'topology.k8s.aws/zone-id',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'karpenter.k8s.aws/capacity-reservation-id',
  'karpenter.k8s.aws/capacity-reservation-interruptible',
  'karpenter.k8s.aws/capacity-reservation-type',
  'karpenter.k8s.aws/instance-accelerator-count',
  'karpenter.k8s.aws/instance-accelerator-manufacturer',
  'karpenter.k8s.aws/instance-accelerator-name',
  'karpenter.k8s.aws/instance-capability-flex',
  'karpenter.k8s.aws/instance-category',
  'karpenter.k8s.aws/instance-cpu',
  'karpenter.k8s.aws/instance-cpu-manufacturer',
  'karpenter.k8s.aws/instance-cpu-sustained-clock-speed-mhz',
  'karpenter.k8s.aws/instance-ebs-bandwidth',
  'karpenter.k8s.aws/instance-encryption-in-transit-supported',
  'karpenter.k8s.aws/instance-family',
  'karpenter.k8s.aws/instance-generation',
  'karpenter.k8s.aws/instance-gpu-count',
  'karpenter.k8s.aws/instance-gpu-manufacturer',
  'karpenter.k8s.aws/instance-gpu-memory',
  'karpenter.k8s.aws/instance-gpu-name',
  'karpenter.k8s.aws/instance-hypervisor',
  'karpenter.k8s.aws/instance-local-nvme',
  'karpenter.k8s.aws/instance-memory',
  'karpenter.k8s.aws/instance-network-bandwidth',
  'karpenter.k8s.aws/instance-size',
  'karpenter.k8s.aws/instance-tenancy',
  'karpenter.k8s.aws/placement-group-id',
  'karpenter.k8s.aws/placement-group-partition',
];

const WELL_KNOWN = new Set(WELL_KNOWN_LABELS);

/** Keys that mean the same as a well-known one: old names, and the EBS driver's own name of the zone. */
const ALIASES = new Map([
  ['beta.kubernetes.io/arch', 'kubernetes.io/arch'],
  ['beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type'],
  ['beta.kubernetes.io/os', 'kubernetes.io/os'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['topology.ebs.csi.aws.com/zone', 'topology.kubernetes.io/zone'],
]);

/** Domains that Karpenter keeps for itself, subdomains included. */
const RESERVED_DOMAINS = ['karpenter.sh', 'karpenter.k8s.aws'];

/** Whether the values of a key are known without the pool naming it. The key is taken in any spelling. */
export function isWellKnownLabel(key: string): boolean {
  return WELL_KNOWN.has(normalizeLabelKey(key));
}

/** The key under which a label is known today; keys without another spelling come back as they are. */
export function normalizeLabelKey(key: string): string {
  return ALIASES.get(key) ?? key;
}

/** Why a NodePool may use a key neither as a label nor in a requirement; undefined where it may. */
export function restrictedLabelReason(key: string): string | undefined {
  const known = normalizeLabelKey(key);
  if (known === 'karpenter.sh/nodepool') {
    return `label ${key} is restricted: every node of a pool carries the pool's name there already`;
  }
  if (known === 'kubernetes.io/hostname') {
    return `label ${key} is restricted: it names one node, and a pool makes many`;
  }
  if (WELL_KNOWN.has(known)) return undefined;
  const slash = known.indexOf('/');
  const domain = slash < 0 ? '' : known.slice(0, slash);
  const reserved = RESERVED_DOMAINS.find((name) => domain === name || domain.endsWith(`.${name}`));
  if (reserved === undefined) return undefined;
  return `label ${key} is restricted: the domain ${reserved} is reserved; use one of its well-known labels or a domain of your own`;
}
