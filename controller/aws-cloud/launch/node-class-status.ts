// The status of a node class as a launch reads it, which image an instance type gets, and what user data says. Pure.
import { isIPv6 } from 'node:net';
import type { ApiObject, CapacityTypeName, NodeType } from '../../ports/index.ts';
import type { EffectiveNodeClassSpec } from '../../resources/index.ts';
import type { ClusterFacts } from '../cluster-facts.ts';
import type { FoundImage, NodeClassStatus } from '../status.ts';
import { clusterTags, NODE_CLASS_TAG, NODE_POOL_TAG } from '../tags.ts';
import { renderUserData, type Taint, UserDataError } from '../user-data/index.ts';
import { type TemplateContent, templateContent } from './template.ts';

/** The status; empty where there is none. */
export function statusOf({ status }: ApiObject): NodeClassStatus {
  return (status ?? {}) as NodeClassStatus;
}

/** Why nothing can be launched with it; undefined where it can. */
export function statusObstacle(status: NodeClassStatus): string | undefined {
  const fields = ['subnets', 'securityGroups', 'amis', 'instanceProfile'] as const;
  const missing = fields.find((field) => (status[field]?.length ?? 0) === 0);
  return missing === undefined ? undefined : `the node class has no ${missing} in its status`;
}

/** The first image that is for a type; undefined where none is. */
export function imageFor(images: NodeClassStatus['amis'], { labels }: NodeType): FoundImage | undefined {
  return images?.find(({ requirements }) =>
    requirements.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      return value === undefined || values.includes(value);
    }),
  );
}

/** Who the user data is for. */
export interface UserDataFor {
  readonly nodeClaim: ApiObject;
  readonly spec: EffectiveNodeClassSpec;
  readonly facts: ClusterFacts;
  readonly capacityType: CapacityTypeName;
  readonly image: Pick<FoundImage, 'name'>;
  /** Pods that a node of the type has room for. */
  readonly maxPods: number;
}

interface ClaimSpec {
  readonly taints?: readonly Taint[];
  readonly startupTaints?: readonly Taint[];
}

/** Keeps pods off a node until the controller has recognised it. */
const UNREGISTERED: Taint = { key: 'karpenter.sh/unregistered', effect: 'NoExecute' };

/** Kubelets register with all taints themselves: the controller need not put them on. */
const HAS_TAINTS = { 'karpenter.sh/do-not-sync-taints': 'true' };

/** The user data; throws a UserDataError. */
export function userDataFor({ nodeClaim, spec, facts, capacityType, image, maxPods }: UserDataFor): string {
  const { taints = [], startupTaints = [] } = (nodeClaim.spec ?? {}) as ClaimSpec;
  const all = [...taints, ...startupTaints];
  if (!all.some(({ key, effect }) => key === UNREGISTERED.key && effect === UNREGISTERED.effect))
    all.push(UNREGISTERED);
  const labels = {
    ...nodeClaim.metadata.labels,
    'karpenter.sh/capacity-type': capacityType,
    ...(spec.amiFamily === 'Custom' ? {} : HAS_TAINTS),
  };
  const { kubelet = {} } = spec;
  const clusterDNS = kubelet.clusterDNS ?? (facts.dnsAddress === undefined ? undefined : [facts.dnsAddress]);
  return renderUserData({
    family: spec.amiFamily,
    cluster: {
      name: facts.name,
      endpoint: endpointOf(facts, spec),
      ...(facts.caBundle === undefined ? {} : { caBundle: facts.caBundle }),
      ...(facts.serviceCidr === undefined ? {} : { serviceCidr: facts.serviceCidr }),
    },
    labels: Object.fromEntries(
      Object.entries(labels)
        .filter(([key]) => mayKubeletSet(key))
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
    taints: all.map(({ key, value, effect }) => ({ key, ...(value === undefined ? {} : { value }), effect })),
    kubelet: {
      ...kubelet,
      maxPods: kubelet.maxPods ?? maxPods,
      ...(clusterDNS === undefined ? {} : { clusterDNS }),
    },
    ...(spec.userData === undefined ? {} : { custom: spec.userData }),
    raid0: spec.instanceStorePolicy === 'RAID0',
    ...imageVersion(spec, image),
  });
}

/** True where pods have addresses of IPv6. */
export function isIpv6(facts: ClusterFacts): boolean {
  return isIPv6(facts.dnsAddress ?? '');
}

function endpointOf({ endpoint, trouble }: ClusterFacts, { amiFamily }: EffectiveNodeClassSpec): string {
  if (endpoint !== undefined || amiFamily === 'Custom') return endpoint ?? '';
  const why = trouble === undefined ? '' : ` (${trouble})`;
  throw new UserDataError(
    'ClusterUnknown',
    `write user data: the address of the API server is not known: set --cluster-endpoint (CLUSTER_ENDPOINT)${why}`,
  );
}

/** Nodes may not give themselves labels of Kubernetes' own domains: the API server refuses such nodes. */
function mayKubeletSet(label: string): boolean {
  const slash = label.indexOf('/');
  const domain = slash < 0 ? '' : label.slice(0, slash);
  return !/(^|\.)(kubernetes|k8s)\.io$/.test(domain);
}

function imageVersion(
  { amiFamily, amiSelectorTerms }: EffectiveNodeClassSpec,
  image: Pick<FoundImage, 'name'>,
): { readonly imageVersion?: string } {
  if (amiFamily !== 'Bottlerocket') return {};
  const alias = amiSelectorTerms.find((term) => term.alias !== undefined)?.alias?.split('@')[1];
  const version = alias ?? image.name.split('-').find((part) => /^v\d+\.\d/.test(part));
  return version === undefined ? {} : { imageVersion: version };
}

/** A template as launches with a node class make them, for trying whether one could be made. */
export function sampleTemplate(
  nodeClass: ApiObject,
  spec: EffectiveNodeClassSpec,
  facts: ClusterFacts,
  region: string,
): TemplateContent {
  const { amis = [], securityGroups = [], instanceProfile = '' } = statusOf(nodeClass);
  const [image] = amis;
  const capacityType = 'on-demand';
  const nodeClaim: ApiObject = { metadata: { name: 'validation', labels: { [NODE_POOL_TAG]: '' } } };
  return templateContent({
    spec,
    region,
    imageId: image?.id ?? '',
    instanceProfile,
    securityGroupIds: securityGroups.map(({ id }) => id),
    userData: userDataFor({ nodeClaim, spec, facts, capacityType, image: { name: image?.name ?? '' }, maxPods: 110 }),
    capacityType,
    tenancy: 'default',
    efaCount: 0,
    hasEnclaves: false,
    isIpv6: isIpv6(facts),
    tags: {
      ...spec.tags,
      [NODE_POOL_TAG]: '',
      [NODE_CLASS_TAG]: nodeClass.metadata.name ?? '',
      ...clusterTags(facts.name, facts.uid),
    },
  });
}
