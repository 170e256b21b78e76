// Rules dealt to seeds in turn, so that any thirty seeds in a row have each of them: what is drawn by shares can fail to
// come up. A hand is a workload of a few pods with rules that chance seldom gives, and often a node with what they need
// there. Everything else of a case is drawn as if nothing were dealt.
import type { ContainerPort, Pod, PodSpec, PodTerm, SpreadConstraint } from '../objects.ts';
import { GPU } from './instance-types.ts';
import { VERSION_LABEL } from './selectors.ts';
import { TEAM_LABEL } from './vocabulary.ts';
import type { VolumePlan } from './volumes.ts';

/** The `app` of dealt pods, and of those that run on the dealt node. */
export const DEALT_APP = 'dealt';
export const DEALT_RUNNING_APP = 'dealt-running';

/** Names that rules of a hand speak of. */
export interface DealtNames {
  readonly namespaces: readonly string[];
  readonly node: string;
}

/** What a hand adds to a case. */
export interface Hand {
  /** How the dealt node stands; on a ready one a pod runs that leaves room for few others. Absent where there is none. */
  readonly node?: 'ready' | 'starting' | 'on its way';
  /** A soft taint on the dealt node. */
  readonly softTaint?: true;
  /** Volumes that every type attaches, and so the dealt node. */
  readonly attachments?: number;
  /** What the pod that runs there has of rules. */
  readonly running?: Partial<PodSpec>;
  readonly runningPorts?: readonly ContainerPort[];
  /** Ports of one more daemonset, which runs everywhere. */
  readonly daemonPorts?: readonly ContainerPort[];
  readonly volumes?: readonly VolumePlan[];
  /** What a dealt pod has beside a small container, by its place among them. */
  readonly pod: (place: number, names: DealtNames) => Partial<Pod['spec']>;
}

/** The hand of a seed. Every hand comes once in so many seeds as there are hands. */
export function handOf(seed: number): Hand {
  const hand = HANDS[seed % HANDS.length];
  if (hand === undefined) throw new Error(`deal a hand: ${seed} is no seed`);
  return hand;
}

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const CAPACITY_TYPE = 'karpenter.sh/capacity-type';

const own = { matchLabels: { app: DEALT_APP } };
const running = { matchLabels: { app: DEALT_RUNNING_APP } };

function spread(topologyKey: string, more: Partial<SpreadConstraint> = {}): SpreadConstraint {
  return { topologyKey, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', labelSelector: own, ...more };
}

function near(...terms: PodTerm[]): Partial<PodSpec> {
  return { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } };
}

function apart(...terms: PodTerm[]): Partial<PodSpec> {
  return { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } };
}

const init = {
  name: 'init',
  image: 'image.invalid/never-pulled',
  resources: { requests: { cpu: '200m', memory: '64Mi' } },
};

/** Rules about nodes: a selector, one of two terms, numbers in tolerations. */
const nodeRules: Hand = {
  node: 'starting',
  pod: () => ({
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'karpenter.k8s.aws/instance-cpu', operator: 'Gt', values: ['2'] }] },
            { matchExpressions: [{ key: ZONE, operator: 'Exists' }] },
          ],
        },
      },
    },
    tolerations: [{ key: 'example.com/level', operator: 'Gt', value: '4', effect: 'NoSchedule' }],
    initContainers: [init],
  }),
};

/** Resources of the pod as a whole, and of a device plugin. */
const resources: Hand = {
  node: 'on its way',
  pod: (place) =>
    place === 0
      ? { resources: { requests: { cpu: '300m', memory: '256Mi' } } }
      : {
          containers: [
            {
              name: 'main',
              image: init.image,
              resources: { requests: { cpu: '50m', [GPU]: '1' }, limits: { [GPU]: '1' } },
            },
          ],
        },
};

const spreads: Hand = {
  pod: () => ({
    topologySpreadConstraints: [
      spread(ZONE, { maxSkew: 2, minDomains: 2, nodeAffinityPolicy: 'Ignore', matchLabelKeys: [VERSION_LABEL] }),
      spread(HOST, { nodeTaintsPolicy: 'Honor' }),
    ],
  }),
};

/** Over labels that offerings and pools decide, counting what runs. */
const spreadsOverOthers: Hand = {
  node: 'ready',
  pod: (place) => ({
    topologySpreadConstraints: [
      spread(place === 0 ? TEAM_LABEL : CAPACITY_TYPE, { labelSelector: running }),
      spread(ZONE, { whenUnsatisfiable: 'ScheduleAnyway' }),
    ],
  }),
};

/** A group of its own over two labels, in both namespaces. */
const ownGroup: Hand = {
  pod: (_, { namespaces }) =>
    near(
      { topologyKey: ZONE, labelSelector: own, matchLabelKeys: [VERSION_LABEL] },
      { topologyKey: CAPACITY_TYPE, labelSelector: own, namespaces: [...namespaces] },
    ),
};

/** Beside a pod that runs. */
const besideRunning: Hand = {
  node: 'ready',
  pod: () =>
    near({
      topologyKey: HOST,
      labelSelector: running,
      namespaceSelector: {},
      mismatchLabelKeys: [VERSION_LABEL],
    }),
};

/** Apart from its own kind over two labels. */
const ownApart: Hand = {
  pod: () =>
    apart(
      { topologyKey: ZONE, labelSelector: own, mismatchLabelKeys: [VERSION_LABEL] },
      { topologyKey: CAPACITY_TYPE, labelSelector: own, matchLabelKeys: [VERSION_LABEL], namespaceSelector: {} },
    ),
};

/** Away from a pod that runs. */
const awayFromRunning: Hand = {
  node: 'ready',
  pod: (_, { namespaces }) => apart({ topologyKey: HOST, labelSelector: running, namespaces: [...namespaces] }),
};

/** Kept away by a pod that runs. What they would like besides is nobody's to judge. */
const keptAway: Hand = {
  node: 'ready',
  softTaint: true,
  running: apart({ topologyKey: HOST, labelSelector: own }),
  pod: () => {
    const term = { weight: 10, podAffinityTerm: { topologyKey: ZONE, labelSelector: own } };
    return {
      affinity: {
        podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [term] },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 20, podAffinityTerm: { topologyKey: HOST, labelSelector: own } },
          ],
        },
      },
    };
  },
};

const volumesThere: Hand = {
  volumes: [
    { kind: 'bound', name: 'volume-0', zones: ['us-test-1a', 'us-test-1b'], key: ZONE },
    { kind: 'ephemeral', name: 'volume-1', className: 'disks' },
  ],
  pod: () => ({}),
};

const volumesToBe: Hand = {
  node: 'starting',
  volumes: [
    { kind: 'shared, to be bound', name: 'volume-0', className: 'zonal-disks' },
    { kind: 'to be bound', name: 'volume-1', className: 'shares' },
  ],
  pod: () => ({}),
};

const volumesNever: Hand = {
  volumes: [{ kind: 'never bound', name: 'volume-0', className: '' }],
  pod: () => ({}),
};

/** More volumes than the node attaches: one of the pods that want to be there may, the last one goes elsewhere. */
const attachments: Hand = {
  node: 'ready',
  attachments: 1,
  volumes: [{ kind: 'to be bound', name: 'volume-0', className: 'disks' }],
  pod: (place, { node }) => (place < 2 ? { nodeSelector: { [HOST]: node }, priorityClassName: 'test-high' } : {}),
};

const port = { containerPort: 8080, hostPort: 8080 };

/** Ports beside those of a pod that runs: on an address, of another protocol, of a sidecar, of the node's network. */
const ports: Hand = {
  node: 'ready',
  runningPorts: [port],
  pod: (place) => {
    const main = { name: 'main', image: init.image, resources: init.resources };
    if (place === 0) return { containers: [{ ...main, ports: [{ containerPort: 8080 }] }], hostNetwork: true };
    if (place === 1) return { containers: [{ ...main, ports: [{ ...port, hostIP: '10.0.0.1', protocol: 'UDP' }] }] };
    const proxy = { name: 'proxy', image: init.image, restartPolicy: 'Always', resources: {}, ports: [port] };
    return { initContainers: [proxy] };
  },
};

/** A port that no drawn daemonset wants: two of them on one node would be no fault of a plan. */
const daemonPort = { containerPort: 7070, hostPort: 7070 };

const daemonPorts: Hand = {
  node: 'on its way',
  daemonPorts: [daemonPort],
  pod: () => ({
    containers: [
      { name: 'main', image: init.image, resources: init.resources, ports: [{ ...daemonPort, protocol: 'UDP' }] },
    ],
  }),
};

/** Half as many as the seeds that have to show every rule: a plan may leave a hand's pods where their rule is not in play. */
const HANDS: readonly Hand[] = [
  nodeRules,
  resources,
  spreads,
  spreadsOverOthers,
  ownGroup,
  besideRunning,
  ownApart,
  awayFromRunning,
  keptAway,
  volumesThere,
  volumesToBe,
  volumesNever,
  attachments,
  ports,
  daemonPorts,
];
