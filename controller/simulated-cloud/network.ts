// The simulated account's network: a plain one to begin with, and what the selectors of a node class find in one.
import type { Image, Network, Reservation, SecurityGroup, Subnet } from './facts.ts';

type Tags = Readonly<Record<string, string>>;

/** Addresses that a subnet of the plain network has free. */
const PLAIN_FREE_ADDRESSES = 4_000;
const PLAIN_ACCOUNT = '123456789012';
const PLAIN_ALIASES: readonly (readonly [alias: string, name: string])[] = [
  ['al2023@v20260101', 'amazon-eks-node-al2023'],
  ['bottlerocket@v1.50.0', 'bottlerocket-aws-k8s'],
  ['al2@v20251101', 'amazon-eks-node-al2'],
];

/** One subnet for each zone, one security group, the published images; all tagged for discovery by a cluster's name. */
export function plainNetwork(clusterName: string, zones: readonly { name: string; zoneId: string }[]): Network {
  const tags = { 'karpenter.sh/discovery': clusterName };
  return {
    subnets: zones.map(({ name, zoneId }, index) => ({
      id: `subnet-${hex(0xa0 + index)}`,
      zone: name,
      zoneId,
      tags,
      addressPrefix: `10.${index}`,
      freeAddressCount: PLAIN_FREE_ADDRESSES,
    })),
    securityGroups: [{ id: `sg-${hex(0xb0)}`, name: `${clusterName}-node`, tags }],
    images: PLAIN_ALIASES.flatMap(([alias, name], index) =>
      (['amd64', 'arm64'] as const).map((architecture, side) => ({
        id: `ami-${hex(0xc0 + 2 * index + side)}`,
        name: `${name}-${architecture}-${alias.split('@')[1]}`,
        alias,
        owner: 'amazon',
        architecture,
        createdMs: Date.UTC(2026, 0, 1),
        tags: {},
      })),
    ),
    reservations: [],
  };
}

/** The account that the plain network belongs to. */
export function plainAccount(): string {
  return PLAIN_ACCOUNT;
}

function hex(value: number): string {
  return value.toString(16).padStart(17, '0');
}

/** `*` as a value stands for any. */
function hasTags(tags: Tags, wanted: Tags | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) =>
    value === '*' ? tags[key] !== undefined : tags[key] === value,
  );
}

/** A term of a selector; the fields that it has hold together. */
export interface SelectorTerm {
  readonly id?: string;
  readonly name?: string;
  readonly tags?: Tags;
  readonly alias?: string;
  readonly owner?: string;
  readonly ssmParameter?: string;
  readonly ownerID?: string;
  readonly instanceMatchCriteria?: string;
}

type Terms = readonly SelectorTerm[] | undefined;

export function findSubnets(network: Network, terms: Terms): Subnet[] {
  return network.subnets.filter((subnet) =>
    terms?.some(({ id, tags }) => (id === undefined || id === subnet.id) && hasTags(subnet.tags, tags)),
  );
}

export function findSecurityGroups(network: Network, terms: Terms): SecurityGroup[] {
  return network.securityGroups.filter((group) =>
    terms?.some(
      ({ id, name, tags }) =>
        (id === undefined || id === group.id) &&
        (name === undefined || matchesPattern(group.name, name)) &&
        hasTags(group.tags, tags),
    ),
  );
}

export function findReservations(network: Network, terms: Terms): Reservation[] {
  return network.reservations.filter((reservation) =>
    terms?.some(
      ({ id, tags, ownerID, instanceMatchCriteria: criteria }) =>
        (id === undefined || id === reservation.id) &&
        (ownerID === undefined || ownerID === reservation.ownerId) &&
        (criteria === undefined || criteria === reservation.instanceMatchCriteria) &&
        hasTags(reservation.tags, tags),
    ),
  );
}

/** The images that terms select, the newest of each architecture only; withdrawn ones only where no other is left. */
export function findImages(network: Network, terms: Terms): Image[] {
  const found = network.images.filter((image) => terms?.some((term) => isSelectedImage(image, term)));
  const newest = new Map<string, Image>();
  for (const image of found.toSorted(compareImages)) {
    if (!newest.has(image.architecture)) newest.set(image.architecture, image);
  }
  return [...newest.values()];
}

function compareImages(a: Image, b: Image): number {
  return (
    Number(a.isDeprecated ?? false) - Number(b.isDeprecated ?? false) ||
    b.createdMs - a.createdMs ||
    (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  );
}

function isSelectedImage(image: Image, term: SelectorTerm): boolean {
  if (term.alias !== undefined) {
    const [family, version] = term.alias.split('@');
    const [ownFamily, ownVersion] = image.alias?.split('@') ?? [];
    return ownFamily === family && (version === 'latest' || version === ownVersion);
  }
  if (term.ssmParameter !== undefined) return image.ssmParameters?.includes(term.ssmParameter) ?? false;
  if (term.owner !== undefined && term.owner !== image.owner) return false;
  return (
    (term.id === undefined || term.id === image.id) &&
    (term.name === undefined || matchesPattern(image.name, term.name)) &&
    hasTags(image.tags, term.tags)
  );
}

/** `*` stands for any text, `?` for any letter. */
function matchesPattern(text: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(text);
}
