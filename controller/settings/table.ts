// Every setting: its flag, its environment variable, how it is written, what it is when nobody says anything, and what is not
// built yet. Names and defaults are Karpenter's where Karpenter has the setting.
import {
  amount,
  duration,
  list,
  localPort,
  oneOf,
  type Parse,
  port,
  ratio,
  switches,
  text,
  truth,
  whole,
} from './parsers.ts';

/** One setting. */
export interface Setting<Value> {
  /** Without the dashes; absent for what only the environment says. */
  readonly flag?: string;
  /** The environment variables, the first that is set counts. */
  readonly variables: readonly string[];
  readonly help: string;
  readonly parse: Parse<Value>;
  /** As it would be written; absent where it has to be said, or may be left out. */
  readonly default?: string;
  readonly isRequired?: true;
  /** Set where only the default is built, with the reason. Every other value is refused. */
  readonly unbuilt?: string;
  /** Set where no value changes anything here, with the reason. Whoever sets it is told. */
  readonly withoutEffect?: string;
}

type Extras = Partial<Pick<Setting<never>, 'unbuilt' | 'withoutEffect'>>;

/** A setting with a default. The variable is named as the flag, in capitals, with underscores: Karpenter has no other. */
function setting<Value>(flag: string, parse: Parse<Value>, value: string, help: string, extras: Extras = {}) {
  return { flag, variables: [variableOf(flag)], parse, default: value, help, ...extras } satisfies Setting<Value>;
}

/** A setting that may be left out. */
function optional<Value>(flag: string, parse: Parse<Value>, help: string): Setting<Value> & { readonly mayLack: true } {
  return { flag, variables: [variableOf(flag)], parse, help, mayLack: true };
}

/** What only the environment says. */
function surrounding(variables: readonly string[], help: string): Setting<string> & { readonly mayLack: true } {
  return { variables, parse: text, help, mayLack: true };
}

function variableOf(flag: string): string {
  return flag.toUpperCase().replaceAll('-', '_');
}

const GATE_DEFAULTS = {
  NodeRepair: false,
  ReservedCapacity: true,
  SpotToSpotConsolidation: false,
  NodeOverlay: false,
  StaticCapacity: false,
  CapacityBuffer: false,
} as const satisfies Readonly<Record<string, boolean>>;

/** A feature gate. */
export type FeatureGate = keyof typeof GATE_DEFAULTS;

/** Gates as they have to be: what the other position asks for is not built. */
export const BUILT_GATES: Readonly<Record<FeatureGate, boolean>> = GATE_DEFAULTS;

const GATES_TEXT = Object.entries(GATE_DEFAULTS)
  .map(([name, isOn]) => `${name}=${isOn}`)
  .join(',');

/** The settings, by the name that the program uses. */
export const SETTINGS = {
  clusterName: {
    flag: 'cluster-name',
    variables: ['CLUSTER_NAME'],
    parse: text,
    isRequired: true,
    help: 'Name of the cluster; instances are tagged with it.',
  } satisfies Setting<string>,
  batchMaxMs: setting('batch-max-duration', duration(), '10s', 'Longest time that a batch of pending pods stays open.'),
  batchIdleMs: setting(
    'batch-idle-duration',
    duration(),
    '1s',
    'A batch of pending pods is closed when no new one came for this long.',
  ),
  preferencePolicy: setting(
    'preference-policy',
    oneOf('Respect', 'Ignore'),
    'Respect',
    'Whether preferences of pods are rules for as long as they can be kept (Respect) or play no part (Ignore).',
  ),
  minValuesPolicy: setting(
    'min-values-policy',
    oneOf('Strict', 'BestEffort'),
    'Strict',
    'Whether minValues of a NodePool are rules (Strict) or kept as far as possible (BestEffort).',
  ),
  nodeChargeUsdPerHour: setting(
    'node-charge',
    amount(1_000),
    '0.01',
    'What each new node counts for beside its price where plans are chosen, in US dollars an hour. Karpenter has no such flag.',
  ),
  nominatePods: setting(
    'nominate-pods',
    truth,
    'true',
    'Tells kube-scheduler which pods a new node was planned for (status.nominatedNodeName). Karpenter has no such flag.',
  ),
  featureGates: setting('feature-gates', switches(GATE_DEFAULTS), GATES_TEXT, 'Features that can be switched.'),
  vmMemoryOverheadPercent: setting(
    'vm-memory-overhead-percent',
    ratio,
    '0.075',
    'Part of the memory of an instance type that its operating system and hypervisor keep; 0.075 are 7.5 %.',
  ),
  reservedEnis: setting('reserved-enis', whole(0), '0', 'Network interfaces of each instance that pods do not get.'),
  kubeClientQps: setting('kube-client-qps', whole(1), '200', 'Calls of the API server per second in the long run.'),
  kubeClientBurst: setting('kube-client-burst', whole(1), '300', 'Calls of the API server at once.'),
  bindAddress: optional(
    'bind-address',
    text,
    'Where metrics, health and the webhook are served; all addresses unless it is set.',
  ),
  metricsPort: setting('metrics-port', port, '8080', 'Port of the metrics.'),
  healthProbePort: setting('health-probe-port', port, '8081', 'Port of the health probes.'),
  webhookPort: setting('webhook-port', port, '8443', 'Port of the admission webhook.'),
  webhookCertificateLifetimeMs: setting(
    'webhook-certificate-lifetime',
    duration(30_000),
    '2160h',
    'For how long a certificate of the webhook is valid; it is replaced when a third of that is left.',
  ),
  disableLeaderElection: setting(
    'disable-leader-election',
    truth,
    'false',
    'Leads without asking: for a single replica that nothing else runs beside.',
  ),
  leaderElectionName: setting('leader-election-name', text, 'karpenter-leader-election', 'Name of the Lease.'),
  leaderElectionNamespace: setting(
    'leader-election-namespace',
    text,
    '',
    'Namespace of the Lease; without one that of the controller.',
  ),
  leaseDurationMs: setting(
    'leader-election-lease-duration',
    duration(1_000),
    '15s',
    'Others take a Lease that has not been renewed for so long.',
  ),
  renewDeadlineMs: setting(
    'leader-election-renew-deadline',
    duration(1),
    '10s',
    'A leader that has not renewed its Lease for so long writes nothing any more.',
  ),
  retryPeriodMs: setting(
    'leader-election-retry-period',
    duration(1),
    '2s',
    'Between two tries to get or keep the Lease.',
  ),
  disableControllerWarmup: setting(
    'disable-controller-warmup',
    truth,
    'false',
    'A replica that does not lead fills no caches: it needs less memory and takes over more slowly.',
  ),
  engineAddress: optional(
    'engine-address',
    text,
    'HOST:PORT of a planning service; without one it runs in this process.',
  ),
  engineTlsCa: optional('engine-tls-ca', text, 'PEM file with the authority of the planning service.'),
  engineTlsCert: optional('engine-tls-cert', text, 'PEM file with the certificate for the planning service.'),
  engineTlsKey: optional('engine-tls-key', text, 'PEM file with the key of that certificate.'),
  simulatedCloudPort: optional(
    'simulated-cloud',
    localPort,
    '127.0.0.1:PORT of a simulated cloud (controller/simulated-cloud/server.ts) that sells the instances.',
  ),
  page: {
    ...setting(
      'page',
      truth,
      'false',
      'Show the cluster and what is planned for it on a page on 127.0.0.1, which changes nothing.',
    ),
    // Names of their own, as in the demo.
    variables: ['DOVETAIL_PAGE'],
  },
  pagePort: { ...setting('page-port', port, '8090', 'Port of that page.'), variables: ['DOVETAIL_PAGE_PORT'] },
  cpuRequestsMilli: setting(
    'cpu-requests',
    whole(1),
    '1000',
    'CPU that the container asks for, in thousandths: the embedded planning service has a worker for each whole one.',
  ),
  logLevel: setting('log-level', oneOf('debug', 'info', 'warn', 'error'), 'info', 'The least important lines to log.'),
  logOutputPaths: setting('log-output-paths', list, 'stdout', 'Where to log: stdout, stderr, files.'),
  podName: surrounding(['POD_NAME'], 'Name of the Pod that this runs in: events about launches are told there too.'),
  podNamespace: surrounding(['POD_NAMESPACE', 'SYSTEM_NAMESPACE'], 'Namespace of that Pod.'),

  memoryLimitBytes: setting('memory-limit', whole(-1), '-1', 'Memory limit of the container.', {
    withoutEffect: 'Node sizes its heap by the limit of its container, without being told',
  }),
  karpenterService: setting('karpenter-service', text, '', 'Service in front of the webhook.', {
    withoutEffect: 'nothing asks for the name of the service',
  }),
  logErrorOutputPaths: setting('log-error-output-paths', list, 'stderr', 'Where failures to log are told.', {
    unbuilt: 'they are told on standard error',
  }),
  enableProfiling: setting('enable-profiling', truth, 'false', 'Profiles on the metrics port.', {
    unbuilt: 'there are no profiles to serve; start Node with --cpu-prof',
  }),
  disableClusterStateObservability: setting(
    'disable-cluster-state-observability',
    truth,
    'false',
    'No metrics of the state of the cluster.',
    { unbuilt: 'they can not be switched off' },
  ),
  ignoreDraRequests: setting('ignore-dra-requests', truth, 'true', 'Leaves pods with resource claims alone.', {
    unbuilt: 'dynamic resource allocation is not planned for',
  }),
  clusterCaBundle: setting(
    'cluster-ca-bundle',
    text,
    '',
    'Authority of the API server for nodes, PEM in base64; without it EKS is asked.',
  ),
  clusterEndpoint: setting(
    'cluster-endpoint',
    text,
    '',
    'Address of the API server for nodes, https://…; without it EKS is asked.',
  ),
  isolatedVpc: setting(
    'isolated-vpc',
    truth,
    'false',
    'IAM and the price list are out of reach: node classes have to name instance profiles, known prices stay.',
  ),
  eksControlPlane: setting(
    'eks-control-plane',
    truth,
    'false',
    'Asks EKS for the version of Kubernetes, in place of the API server.',
  ),
  interruptionQueue: setting(
    'interruption-queue',
    text,
    '',
    'Name of the SQS queue with news of instances; without one nobody hears of interruptions.',
  ),
  defaultInstanceProfile: {
    ...surrounding(
      ['AWS_DEFAULT_INSTANCE_PROFILE', 'DEFAULT_INSTANCE_PROFILE'],
      'Instance profile of nodes, in Karpenter before NodePools.',
    ),
    withoutEffect: 'the role or the instanceProfile of each EC2NodeClass counts',
  },
  disableDryRun: setting(
    'disable-dry-run',
    truth,
    'false',
    'No dry runs to find out whether node classes can be used.',
  ),
  enableZonalShift: setting('enable-zonal-shift', truth, 'false', 'Keeps out of zones that are shifted away from.', {
    unbuilt: 'zonal shifts are not looked for',
  }),
  amiRefreshMs: setting('ami-refresh-interval', duration(60_000), '1m', 'How often AMIs are read.'),
  subnetRefreshMs: setting('subnet-refresh-interval', duration(60_000), '1m', 'How often subnets are read.'),
  catalogueRefreshMs: setting(
    'catalogue-refresh-interval',
    duration(60_000),
    '12h',
    'How often instance types and where they are offered are read. Karpenter has no such flag, and the same period.',
  ),
  priceRefreshMs: setting(
    'price-refresh-interval',
    duration(60_000),
    '12h',
    'How often prices are read, spot and on demand. Karpenter has no such flag, and the same period.',
  ),
} as const;

/** Settings that mean something where EC2 is the cloud, and nothing to a simulated one. */
export const AWS_SETTINGS = [
  'clusterCaBundle',
  'clusterEndpoint',
  'isolatedVpc',
  'eksControlPlane',
  'interruptionQueue',
  'disableDryRun',
  'amiRefreshMs',
  'subnetRefreshMs',
  'catalogueRefreshMs',
  'priceRefreshMs',
] as const satisfies readonly (keyof typeof SETTINGS)[];

type ValueOf<One> = One extends { readonly parse: Parse<infer Value> }
  ? One extends { readonly mayLack: true }
    ? Value | undefined
    : Value
  : never;

/** The settings as read. */
export type Settings = { readonly [Name in keyof typeof SETTINGS]: ValueOf<(typeof SETTINGS)[Name]> };
