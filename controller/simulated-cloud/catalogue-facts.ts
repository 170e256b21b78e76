// An account that sells what the service's embedded catalogue has: its types, offerings and prices, asked for over its own
// interface as any client would, with what a node of each type has by Karpenter's formulas.
import { create } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import {
  CatalogueReferenceSchema,
  type ListedInstanceType,
  type ListedOffering,
  type NodeClass,
  type OfferingService,
  PriceSource,
  type Resources,
} from '../../proto/index.ts';
import { capacityTypeName, type KubernetesObject, nodeClassMessage, nodeClassSpec } from '../kubernetes/index.ts';
import type { ApiObject, CapacityTypeName, CatalogueIdentity, PricedOffering } from '../ports/index.ts';
import type { CloudFacts, InstanceTypeFacts, Network } from './facts.ts';
import { LIMITS } from './limits.ts';
import { plainNetwork } from './network.ts';

/** The service's part that lists offerings. */
export interface OfferingLister {
  readonly offerings: Pick<Client<typeof OfferingService>, 'listOfferings'>;
}

/** An account that is nobody's, so that what is fed for it is on sale nowhere else. */
const NOBODYS_ACCOUNT = '000000000000';

/** The account's facts for a cluster with these node classes. */
export async function readCloudFacts(
  engine: OfferingLister,
  at: { readonly region: string; readonly clusterName: string },
  nodeClasses: readonly ApiObject[],
): Promise<CloudFacts> {
  const catalogue: CatalogueIdentity = { partition: 'aws', account: NOBODYS_ACCOUNT, region: at.region };
  const { types, offerings } = await listEverything(engine, catalogue, classOf(nodeClasses[0]));
  return {
    catalogue,
    clusterName: at.clusterName,
    instanceTypes: [...types.values()].map(typeFacts),
    offerings: offerings.flatMap(pricedOffering),
    network: networkOf(at.clusterName, offerings, nodeClasses),
  };
}

/** The class as far as it says what every node of a type has. What it tells kubelets, nodes subtract themselves. */
function classOf(nodeClass: ApiObject | undefined): NodeClass | undefined {
  if (nodeClass === undefined) return undefined;
  const object = nodeClass as unknown as KubernetesObject;
  const { kubelet: _, ...message } = nodeClassMessage(object, nodeClassSpec(object));
  return message;
}

async function listEverything(
  { offerings }: OfferingLister,
  identity: CatalogueIdentity,
  nodeClass: NodeClass | undefined,
): Promise<{ readonly types: Map<string, ListedInstanceType>; readonly offerings: ListedOffering[] }> {
  const catalogue = create(CatalogueReferenceSchema, { catalogue: { case: 'identity', value: identity } });
  const types = new Map<string, ListedInstanceType>();
  const listed: ListedOffering[] = [];
  let pageToken = '';
  do {
    const page = await offerings.listOfferings({
      catalogue,
      pageSize: LIMITS.offeringsPerPage,
      pageToken,
      ...(nodeClass === undefined ? {} : { nodeClass }),
    });
    for (const type of page.instanceTypes) types.set(type.name, type);
    listed.push(...page.offerings);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return { types, offerings: listed };
}

function typeFacts({ name, labels, capacity, allocatable }: ListedInstanceType): InstanceTypeFacts {
  return { instanceType: name, labels, capacity: quantities(capacity), allocatable: quantities(allocatable) };
}

function quantities(resources: Resources | undefined): Record<string, string> {
  if (resources === undefined) return {};
  const { cpuMilli, memoryBytes, ephemeralStorageBytes, pods, extended } = resources;
  const entries: (readonly [string, bigint | undefined, string])[] = [
    ['cpu', cpuMilli, 'm'],
    ['memory', memoryBytes, ''],
    ['ephemeral-storage', ephemeralStorageBytes, ''],
    ['pods', pods, ''],
    ...Object.entries(extended).map(([resource, amount]) => [resource, amount, ''] as const),
  ];
  return Object.fromEntries(
    entries.flatMap(([resource, amount, unit]) => (amount === undefined ? [] : [[resource, `${amount}${unit}`]])),
  );
}

/** Offerings without a price can't be had. */
function pricedOffering({ instanceType, offering }: ListedOffering): PricedOffering[] {
  if (offering?.priceNanoUsdPerHour === undefined) return [];
  return [
    {
      instanceType,
      zone: offering.zone,
      capacityType: capacityTypeName(offering.capacityType) as CapacityTypeName,
      priceNanoUsdPerHour: Number(offering.priceNanoUsdPerHour),
      available: offering.available,
      ...(offering.priceSource === PriceSource.ESTIMATED ? { priceSource: 'estimated' } : {}),
    },
  ];
}

type Tags = Readonly<Record<string, string>>;

interface SelectorTerms {
  readonly subnetSelectorTerms?: readonly { readonly tags?: Tags }[];
  readonly securityGroupSelectorTerms?: readonly { readonly tags?: Tags }[];
}

/** One subnet a zone and one security group, with every tag by which the node classes look for theirs. */
function networkOf(clusterName: string, offerings: readonly ListedOffering[], classes: readonly ApiObject[]): Network {
  const zones = new Map(offerings.map(({ offering }) => [offering?.zone ?? '', offering?.zoneId ?? '']));
  zones.delete('');
  const names = [...zones.keys()].sort();
  const network = plainNetwork(
    clusterName,
    names.map((name) => ({ name, zoneId: zones.get(name) ?? '' })),
  );
  const wanted = (read: (spec: SelectorTerms) => readonly { readonly tags?: Tags }[] | undefined): Tags =>
    Object.assign(
      {},
      ...classes.flatMap(({ spec }) => (read((spec ?? {}) as SelectorTerms) ?? []).map(({ tags }) => tags)),
    );
  const subnetTags = wanted((spec) => spec.subnetSelectorTerms);
  const groupTags = wanted((spec) => spec.securityGroupSelectorTerms);
  return {
    ...network,
    subnets: network.subnets.map((subnet) => ({ ...subnet, tags: { ...subnet.tags, ...subnetTags } })),
    securityGroups: network.securityGroups.map((group) => ({ ...group, tags: { ...group.tags, ...groupTags } })),
  };
}
