// How the API server treats objects of each kind: what has a status of its own, whose generation counts changes, what may
// be selected by. One table, held against a real API server by the contract suite.
import { apiVersionOf, KINDS, type Kind, type KindName } from '../ports/index.ts';

/** The rules of one kind. */
export interface KindRules {
  readonly kind: Kind;
  /** Whether `/status` exists; then the main resource keeps status as it is, and `/status` keeps spec. */
  readonly hasStatus: boolean;
  /** Whether a status given at creation is kept. */
  readonly keepsStatusAtCreation: boolean;
  /** Whether `metadata.generation` counts changes of what is wanted. */
  readonly countsGenerations: boolean;
  /** Whether it comes from a CRD: no strategic patches, only metadata can be selected by, `/status` writes status alone. */
  readonly isCustom: boolean;
  /** Whether a PUT without a resource version is carried out. */
  readonly allowsUnconditionalReplace: boolean;
  /** Field selectors besides metadata.name and metadata.namespace. */
  readonly fieldSelectors: readonly string[];
}

const EVENT_FIELDS = [
  'involvedObject.kind',
  'involvedObject.namespace',
  'involvedObject.name',
  'involvedObject.uid',
  'involvedObject.apiVersion',
  'involvedObject.resourceVersion',
  'involvedObject.fieldPath',
  'reason',
  'reportingComponent',
  'source',
  'type',
];

const POD_FIELDS = [
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'spec.hostNetwork',
  'status.phase',
  'status.podIP',
  'status.nominatedNodeName',
];

type Difference = Partial<Omit<KindRules, 'kind' | 'isCustom'>>;

const WORKLOAD: Difference = { hasStatus: true, countsGenerations: true };
const CUSTOM: Difference = { hasStatus: true, countsGenerations: true, allowsUnconditionalReplace: false };

const DIFFERENCES: Readonly<Record<KindName, Difference>> = {
  pods: { hasStatus: true, countsGenerations: true, fieldSelectors: POD_FIELDS },
  nodes: { hasStatus: true, keepsStatusAtCreation: true, fieldSelectors: ['spec.unschedulable'] },
  namespaces: { hasStatus: true, fieldSelectors: ['status.phase'] },
  persistentVolumeClaims: { hasStatus: true },
  persistentVolumes: { hasStatus: true },
  configMaps: {},
  services: { hasStatus: true },
  secrets: { fieldSelectors: ['type'] },
  events: { fieldSelectors: EVENT_FIELDS },
  deployments: WORKLOAD,
  replicaSets: { ...WORKLOAD, fieldSelectors: ['status.replicas'] },
  statefulSets: WORKLOAD,
  daemonSets: WORKLOAD,
  jobs: { ...WORKLOAD, fieldSelectors: ['status.successful'] },
  podDisruptionBudgets: { ...WORKLOAD, allowsUnconditionalReplace: false },
  priorityClasses: { countsGenerations: true },
  runtimeClasses: { allowsUnconditionalReplace: false },
  storageClasses: {},
  csiNodes: { allowsUnconditionalReplace: false },
  volumeAttachments: { hasStatus: true, allowsUnconditionalReplace: false },
  leases: { allowsUnconditionalReplace: false },
  mutatingWebhookConfigurations: { countsGenerations: true },
  validatingWebhookConfigurations: { countsGenerations: true },
  nodePools: CUSTOM,
  nodeClaims: CUSTOM,
  ec2NodeClasses: CUSTOM,
};

const CUSTOM_GROUPS: ReadonlySet<string> = new Set(['karpenter.sh', 'karpenter.k8s.aws']);

/** The key of a kind in tables. */
export function kindKey(kind: Kind): string {
  return `${kind.group}/${kind.plural}`;
}

const RULES: ReadonlyMap<string, KindRules> = new Map(
  Object.entries(KINDS).map(([name, kind]: [string, Kind]) => [
    kindKey(kind),
    {
      kind,
      hasStatus: false,
      keepsStatusAtCreation: false,
      countsGenerations: false,
      allowsUnconditionalReplace: true,
      fieldSelectors: [],
      isCustom: CUSTOM_GROUPS.has(kind.group),
      ...DIFFERENCES[name as KindName],
    },
  ]),
);

/** The rules of a kind, or undefined for one that this cluster does not serve. */
export function rulesOf(kind: Kind): KindRules | undefined {
  return RULES.get(kindKey(kind));
}

const BY_API_KIND: ReadonlyMap<string, Kind> = new Map(
  Object.values(KINDS).map((kind: Kind) => [`${apiVersionOf(kind)}/${kind.kind}`, kind]),
);

/** The kind that an owner reference or an object names, or undefined where it is not served. */
export function kindNamed(apiVersion: string, kind: string): Kind | undefined {
  return BY_API_KIND.get(`${apiVersion}/${kind}`);
}
