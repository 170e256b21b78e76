// The part of an EC2NodeClass that goes to the kubelet of every node.
import { EVICTION_SIGNAL, QUANTITY } from './patterns.ts';
import { flag, list, map, optional, type Rule, record, type Schema, text, whole, withRules } from './schema/index.ts';

type Texts = Readonly<Record<string, string>>;

function onlyKeys(keys: readonly string[]): Rule<Texts> {
  return {
    cel: `self.all(key, key in [${keys.map((key) => `'${key}'`).join(', ')}])`,
    message: `takes only ${keys.join(', ')}`,
    holds: (written) => Object.keys(written).every((key) => keys.includes(key)),
  };
}

const SIGNALS = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
];

/** A mapping of the kubelet's eviction signals. */
function signals(values: Schema<string>, description: string): Schema<Texts> {
  return withRules(map(values, description), onlyKeys(SIGNALS));
}

const threshold = text('An amount such as 500Mi, or a share such as 10%.', { pattern: EVICTION_SIGNAL });

/** A mapping of resources that are kept back from pods. */
function reserved(description: string): Schema<Texts> {
  return withRules(
    map(text('An amount, such as 100m or 1Gi.', { pattern: QUANTITY }), description),
    onlyKeys(['cpu', 'memory', 'ephemeral-storage', 'pid']),
    {
      cel: "self.all(key, !self[key].startsWith('-'))",
      message: 'must not be negative',
      holds: (written) => Object.values(written).every((amount) => !amount.startsWith('-')),
    },
  );
}

const percent = { minimum: 0, maximum: 100, format: 'int32' } as const;

export const kubelet = withRules(
  record('Settings of the kubelet. What changes the room for pods is planned with.', {
    clusterDNS: optional(
      list(text('An IP address.'), 'Addresses of the DNS servers that pods get. Found by itself where not written.'),
    ),
    maxPods: optional(
      whole('Most pods on one node. Left out, it follows from the addresses that the instance type can have.', {
        minimum: 0,
        format: 'int32',
      }),
    ),
    podsPerCore: optional(
      whole('Most pods for each vCPU, within maxPods; 0 sets no such bound. Bottlerocket takes no notice.', {
        minimum: 0,
        format: 'int32',
      }),
    ),
    systemReserved: optional(reserved('What is kept back for the processes of the system.')),
    kubeReserved: optional(
      reserved('What is kept back for Kubernetes itself. Left out, it follows from vCPUs and the number of pods.'),
    ),
    evictionHard: optional(
      signals(
        threshold,
        'What must be free: below it pods are evicted at once. Kept back from pods like a reservation.',
      ),
    ),
    evictionSoft: optional(
      signals(threshold, 'What should be free: below it for the time in evictionSoftGracePeriod pods are evicted.'),
    ),
    evictionSoftGracePeriod: optional(
      signals(text('A time, such as 1m30s.'), 'For how long each signal of evictionSoft may be missed.'),
    ),
    evictionMaxPodGracePeriod: optional(
      whole('Most seconds that a pod gets to end when it is evicted by a soft threshold.', { format: 'int32' }),
    ),
    imageGCHighThresholdPercent: optional(
      whole('Use of the disk, in percent, at which images are always cleaned up.', percent),
    ),
    imageGCLowThresholdPercent: optional(
      whole('Use of the disk, in percent, below which no images are cleaned up.', percent),
    ),
    cpuCFSQuota: optional(flag('Whether limits on CPU are enforced by CFS quotas.')),
  }),
  {
    cel: '!has(self.imageGCHighThresholdPercent) || !has(self.imageGCLowThresholdPercent) || self.imageGCHighThresholdPercent > self.imageGCLowThresholdPercent',
    message: 'must be above imageGCLowThresholdPercent',
    field: '.imageGCHighThresholdPercent',
    holds: ({ imageGCHighThresholdPercent: high, imageGCLowThresholdPercent: low }) =>
      high === undefined || low === undefined || high > low,
  },
  {
    cel: '!has(self.evictionSoft) || self.evictionSoft.all(signal, has(self.evictionSoftGracePeriod) && signal in self.evictionSoftGracePeriod)',
    message: 'every signal of evictionSoft needs a time in evictionSoftGracePeriod',
    field: '.evictionSoft',
    holds: ({ evictionSoft = {}, evictionSoftGracePeriod = {} }) => containsKeys(evictionSoftGracePeriod, evictionSoft),
  },
  {
    cel: '!has(self.evictionSoftGracePeriod) || self.evictionSoftGracePeriod.all(signal, has(self.evictionSoft) && signal in self.evictionSoft)',
    message: 'every signal of evictionSoftGracePeriod needs a threshold in evictionSoft',
    field: '.evictionSoftGracePeriod',
    holds: ({ evictionSoft = {}, evictionSoftGracePeriod = {} }) => containsKeys(evictionSoft, evictionSoftGracePeriod),
  },
);

function containsKeys(all: Texts, some: Texts): boolean {
  return Object.keys(some).every((key) => Object.hasOwn(all, key));
}
