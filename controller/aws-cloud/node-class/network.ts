// Subnets and security groups that a node class selects: terms are alternatives, what is in one term holds together.
import {
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  type Filter,
  type SecurityGroup,
  type Subnet,
} from '@aws-sdk/client-ec2';
import type { EffectiveNodeClassSpec } from '../../resources/index.ts';
import { readPages } from '../calls.ts';
import type { AwsClients } from '../clients.ts';
import { tagFilters } from '../tags.ts';
import { notReady, type Part, ready } from './selected.ts';

/** A subnet that was found. */
export interface FoundSubnet {
  readonly id: string;
  readonly zone: string;
  readonly zoneId: string;
  readonly freeAddressCount: number;
}

/** A security group that was found. */
export interface FoundGroup {
  readonly id: string;
  readonly name: string;
}

const PAGE_SIZE = 500;

type Terms<Field extends 'subnetSelectorTerms' | 'securityGroupSelectorTerms'> = EffectiveNodeClassSpec[Field];

/** The subnets, those with the most free addresses first. */
export async function findSubnets(
  { ec2 }: Pick<AwsClients, 'ec2'>,
  terms: Terms<'subnetSelectorTerms'>,
): Promise<readonly FoundSubnet[]> {
  const byId = new Map<string, FoundSubnet>();
  for (const filters of filterSets(terms, { id: 'subnet-id' })) {
    const subnets = await readPages<Subnet>('ec2:DescribeSubnets', async (NextToken, call) => {
      const input = { Filters: filters, MaxResults: PAGE_SIZE, NextToken };
      const answer = await ec2.send(new DescribeSubnetsCommand(input), call);
      return { items: answer.Subnets, next: answer.NextToken };
    });
    for (const subnet of subnets) {
      const { SubnetId: id = '', AvailabilityZone: zone = '', AvailabilityZoneId: zoneId = '' } = subnet;
      byId.set(id, { id, zone, zoneId, freeAddressCount: subnet.AvailableIpAddressCount ?? 0 });
    }
  }
  return [...byId.values()].toSorted((a, b) => b.freeAddressCount - a.freeAddressCount || (a.id < b.id ? -1 : 1));
}

/** The condition of subnets. */
export function subnetsPart(found: readonly FoundSubnet[]): Part<readonly FoundSubnet[]> {
  return found.length > 0
    ? ready('SubnetsReady', found)
    : notReady('SubnetsReady', found, 'SubnetsNotFound', 'SubnetSelector did not match any Subnets');
}

/** The security groups, by id. */
export async function findGroups(
  { ec2 }: Pick<AwsClients, 'ec2'>,
  terms: Terms<'securityGroupSelectorTerms'>,
): Promise<readonly FoundGroup[]> {
  const byId = new Map<string, FoundGroup>();
  for (const filters of filterSets(terms, { id: 'group-id', name: 'group-name' })) {
    const groups = await readPages<SecurityGroup>('ec2:DescribeSecurityGroups', async (NextToken, call) => {
      const input = { Filters: filters, MaxResults: PAGE_SIZE, NextToken };
      const answer = await ec2.send(new DescribeSecurityGroupsCommand(input), call);
      return { items: answer.SecurityGroups, next: answer.NextToken };
    });
    for (const { GroupId: id = '', GroupName: name = '' } of groups) byId.set(id, { id, name });
  }
  return [...byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** The condition of security groups. */
export function groupsPart(found: readonly FoundGroup[]): Part<readonly FoundGroup[]> {
  const type = 'SecurityGroupsReady';
  return found.length > 0
    ? ready(type, found)
    : notReady(type, found, 'SecurityGroupsNotFound', 'SecurityGroupSelector did not match any SecurityGroups');
}

interface Term {
  readonly id?: string;
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Filters for each question to EC2: all ids are one, all names are one, and each set of tags. */
export function filterSets(
  terms: readonly Term[],
  names: { readonly id: string; readonly name?: string },
): readonly Filter[][] {
  const ids = terms.flatMap(({ id }) => (id === undefined ? [] : [id]));
  const byName = terms.flatMap(({ id, name }) => (id !== undefined || name === undefined ? [] : [name]));
  const tagged = terms.flatMap(({ id, name, tags }) =>
    id !== undefined || name !== undefined || tags === undefined ? [] : [tagFilters(tags)],
  );
  return [
    ...tagged,
    ...(ids.length === 0 ? [] : [[{ Name: names.id, Values: ids }]]),
    ...(byName.length === 0 || names.name === undefined ? [] : [[{ Name: names.name, Values: byName }]]),
  ];
}
