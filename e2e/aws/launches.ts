// Launches for tests of the EC2 adapter: claims that nobody else has, all of one node class, and what became of them.
import assert from 'node:assert/strict';
import { DescribeInstancesCommand, type Instance as Ec2Instance } from '@aws-sdk/client-ec2';
import type { AwsCloud } from '../../controller/aws-cloud/index.ts';
import {
  type ApiObject,
  type Instance,
  KINDS,
  type LaunchOffering,
  type LaunchRequest,
} from '../../controller/ports/index.ts';
import { smallNodeTypes } from '../../controller/simulated-cloud/testing/index.ts';
import { type AwsWorld, NODE_CLASS_SPEC } from './aws-world.ts';

export const SPOT: LaunchOffering = { instanceType: 'm7i.large', zone: 'us-west-2a', capacityType: 'spot' };
export const OTHER_SPOT: LaunchOffering = { instanceType: 'c7i.2xlarge', zone: 'us-west-2c', capacityType: 'spot' };
export const ON_DEMAND: LaunchOffering = { instanceType: 'm7g.large', zone: 'us-west-2b', capacityType: 'on-demand' };

let nameCount = 0;

/** A node class with its status. */
export async function resolvedClass(cloud: AwsCloud, spec: object = {}, name = 'default'): Promise<ApiObject> {
  const nodeClass: ApiObject = {
    metadata: { name, uid: `uid-${name}` },
    spec: { ...NODE_CLASS_SPEC, ...spec },
  };
  const { status } = await cloud.resolveNodeClass(nodeClass);
  return { ...nodeClass, status };
}

/** Launches that could be one call. */
export function launchRequests(
  nodeClass: ApiObject,
  count: number,
  offerings: readonly LaunchOffering[] = [SPOT],
): LaunchRequest[] {
  return Array.from({ length: count }, () => {
    nameCount += 1;
    const name = `claim-${nameCount}`;
    return {
      nodeClaim: {
        metadata: { name, uid: `uid-${name}`, labels: { 'karpenter.sh/nodepool': 'default' } },
        spec: { nodeClassRef: { name: 'default' }, requirements: [] },
      },
      nodeClass,
      offerings,
      nodeTypes: smallNodeTypes(),
      launchId: `uid-${name}`,
      tags: { 'karpenter.sh/nodeclaim': name },
    };
  });
}

/** The instance of a launch that went well. */
export async function instanceOf(cloud: AwsCloud, request: LaunchRequest): Promise<Instance> {
  const result = await cloud.launch(request);
  if (result.kind === 'launched') return result.instance;
  throw new assert.AssertionError({ message: `nothing was launched: ${result.kind}: ${result.message}` });
}

/** All instances that moto has, also those of nobody. */
export async function everyInstance({ account }: AwsWorld): Promise<Ec2Instance[]> {
  const found: Ec2Instance[] = [];
  let NextToken: string | undefined;
  do {
    const answer = await account.ec2.send(new DescribeInstancesCommand({ NextToken }));
    found.push(...(answer.Reservations ?? []).flatMap(({ Instances = [] }) => Instances));
    NextToken = answer.NextToken;
  } while (NextToken !== undefined && NextToken !== '');
  return found;
}

/** CreateFleet calls of the journal from an index on, dry runs aside. */
export function fleets({ proxy }: AwsWorld, from = 0) {
  return proxy.journal
    .slice(from)
    .filter(({ action, parameters }) => action === 'CreateFleet' && parameters.get('DryRun') !== 'true');
}

/** Tokens of those calls, each once. */
export function tokens(world: AwsWorld, from = 0): string[] {
  return [...new Set(fleets(world, from).map(({ parameters }) => parameters.get('ClientToken') ?? ''))];
}

/** How many records of launches there are. */
export async function recordCount({ cluster }: AwsWorld): Promise<number> {
  const page = await cluster.list(KINDS.configMaps, { namespace: 'karpenter', labelSelector: 'dovetail/launch' });
  return page.items.length;
}
