// Kubernetes objects as generators write them: plain parsed manifests, as a YAML or JSON file would give them. Only the
// fields that generators set; nothing here decides or checks anything. Type aliases, not interfaces: only those pass as
// the plain records that readers of manifests take.

/** Quantities by resource name, as written (500m, 2Gi). */
export type Quantities = Readonly<Record<string, string>>;

/** A v1.Pod. */
export type PodManifest = {
  readonly apiVersion: 'v1';
  readonly kind: 'Pod';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: { readonly phase: string };
};

/** A karpenter.sh/v1 NodePool, a karpenter.k8s.aws/v1 EC2NodeClass or an apps/v1 DaemonSet. */
export type ObjectManifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Readonly<Record<string, unknown>>;
};

/** An instance type of the problem format. */
export type InstanceTypeManifest = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: Quantities;
  readonly overhead: Quantities;
  readonly offerings: readonly {
    readonly zone: string;
    readonly capacityType: 'on-demand' | 'spot';
    /** US dollars per hour. */
    readonly price: number;
    readonly available: boolean;
  }[];
};

/** A v1.Node. */
export type NodeManifest = {
  readonly apiVersion: 'v1';
  readonly kind: 'Node';
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  };
  readonly status: { readonly capacity: Quantities; readonly allocatable: Quantities };
};

/** A condition as NodePools and node affinity write it. */
export interface RequirementManifest {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** What makes a pod. */
export interface PodOptions {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly cpuMilli: number;
  readonly memoryMebibytes: number;
  /** Further requests, which are limits as well (GPUs). */
  readonly devices?: Quantities;
  /** Further fields of the pod's spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** A pod with one container. */
export function makePod(options: PodOptions): PodManifest {
  const requests = {
    cpu: `${options.cpuMilli}m`,
    memory: `${options.memoryMebibytes}Mi`,
    ...options.devices,
  };
  const resources = options.devices === undefined ? { requests } : { requests, limits: options.devices };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: options.name, namespace: options.namespace ?? 'default', labels: options.labels ?? {} },
    spec: { containers: [{ name: 'main', image: 'example.com/app:1', resources }], ...options.spec },
  };
}

/** What makes a pool of EC2 nodes. */
export interface NodePoolOptions {
  readonly name: string;
  readonly weight?: number;
  readonly requirements: readonly RequirementManifest[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly limits?: Quantities;
}

/** A NodePool that refers to the node class `default`. */
export function makeNodePool(options: NodePoolOptions): ObjectManifest {
  return {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name: options.name },
    spec: {
      ...(options.weight === undefined ? {} : { weight: options.weight }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      template: {
        metadata: { labels: options.labels ?? {} },
        spec: {
          requirements: options.requirements,
          taints: options.taints ?? [],
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
        },
      },
    },
  };
}

/** The node class `default`: Amazon Linux 2023 with its defaults. */
export function makeNodeClass(): ObjectManifest {
  return {
    apiVersion: 'karpenter.k8s.aws/v1',
    kind: 'EC2NodeClass',
    metadata: { name: 'default' },
    spec: {
      amiFamily: 'AL2023',
      amiSelectorTerms: [{ alias: 'al2023@latest' }],
      role: 'bench',
      subnetSelectorTerms: [{ tags: { bench: '*' } }],
      securityGroupSelectorTerms: [{ tags: { bench: '*' } }],
    },
  };
}

/** `key In values`. */
export function isIn(key: string, ...values: string[]): RequirementManifest {
  return { key, operator: 'In', values };
}

/** A name with a number of fixed width, so that names sort as their numbers do. */
export function numbered(prefix: string, index: number): string {
  return `${prefix}-${String(index).padStart(6, '0')}`;
}
