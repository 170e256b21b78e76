// Node classes on moto: what their selectors find, which profile they get, and what is said where something is wrong. Dates of
// withdrawal, reservations and placement groups moto does not have.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  CopyImageCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DescribeLaunchTemplatesCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2';
import { CreateRoleCommand, GetInstanceProfileCommand, ListInstanceProfilesCommand } from '@aws-sdk/client-iam';
import type { AwsCloud } from '../../controller/aws-cloud/index.ts';
import { systemClock } from '../../controller/clock/index.ts';
import { type ApiObject, KINDS, type NodeClassResolution } from '../../controller/ports/index.ts';
import { SimulatedCluster } from '../../controller/simulated-cluster/index.ts';
import { DISCOVERY, NODE_ROLE } from './account.ts';
import { type AwsWorld, NODE_CLASS_SPEC, startAwsWorld } from './aws-world.ts';
import { instanceOf, launchRequests } from './launches.ts';
import { IMAGES, REGION } from './moto/index.ts';

let world: AwsWorld;
let cloud: AwsCloud;

before(async () => {
  world = await startAwsWorld();
  cloud = await world.openCloud();
});
afterEach(() => world.proxy.faults.clear());
after(() => world?.close());

let classCount = 0;

/** A class that no other case has; fields that are undefined are left out. */
function classOf(spec: object): ApiObject {
  classCount += 1;
  const name = `class-${classCount}`;
  const all = Object.entries({ ...NODE_CLASS_SPEC, ...spec }).filter(([, value]) => value !== undefined);
  return { metadata: { name, uid: `uid-${name}` }, spec: Object.fromEntries(all) };
}

interface Found {
  readonly subnets: readonly { readonly id: string; readonly zone: string }[];
  readonly securityGroups: readonly { readonly id: string; readonly name: string }[];
  readonly amis: readonly { readonly id: string; readonly name: string; readonly requirements: readonly object[] }[];
  readonly instanceProfile?: string;
}

async function resolve(spec: object, on = cloud): Promise<Found> {
  const { status } = await on.resolveNodeClass(classOf(spec));
  return status as unknown as Found;
}

function condition({ conditions }: NodeClassResolution, type: string): string {
  const found = conditions.find((one) => one.type === type);
  return `${found?.status} ${found?.reason}: ${found?.message}`;
}

describe('selectors', () => {
  test('subnets are found by tags, by any value of a tag, and by id, and terms are alternatives', async () => {
    const [first = '', second = ''] = world.account.subnetIds;
    const ids = async (...terms: object[]): Promise<string[]> =>
      (await resolve({ subnetSelectorTerms: terms })).subnets.map(({ id }) => id).sort();
    assert.deepEqual(await ids({ tags: DISCOVERY }), [...world.account.subnetIds].sort());
    assert.deepEqual(await ids({ tags: { 'karpenter.sh/discovery': '*' } }), [...world.account.subnetIds].sort());
    assert.deepEqual(await ids({ id: first }), [first]);
    assert.deepEqual(await ids({ id: first }, { id: second }), [first, second].sort());
    assert.deepEqual(await ids({ tags: { nobody: 'x' } }, { id: second }), [second]);
    assert.deepEqual(await ids({ tags: { ...DISCOVERY, nobody: 'x' } }), []);
  });

  test('security groups are found by name and id too', async () => {
    const { Vpcs = [] } = await world.account.ec2.send(new DescribeVpcsCommand({}));
    const { GroupId = '' } = await world.account.ec2.send(
      new CreateSecurityGroupCommand({ VpcId: Vpcs[0]?.VpcId, GroupName: 'extra', Description: 'extra' }),
    );
    const names = async (...terms: object[]): Promise<string[]> =>
      (await resolve({ securityGroupSelectorTerms: terms })).securityGroups.map(({ name }) => name).sort();
    assert.deepEqual(await names({ name: 'extra' }), ['extra']);
    assert.deepEqual(await names({ id: GroupId }, { tags: DISCOVERY }), ['extra', 'nodes']);
  });
});

describe('images', () => {
  const nameOf = (part: string): string => IMAGES.findLast(({ name }) => name.includes(part))?.name ?? part;

  test('an alias is the newest image of each kind, the ones for accelerators apart', async () => {
    const { amis } = await resolve({ amiFamily: undefined, amiSelectorTerms: [{ alias: 'al2023@latest' }] });
    const kinds = Object.fromEntries(amis.map(({ name, requirements }) => [name, JSON.stringify(requirements)]));
    assert.deepEqual(
      Object.keys(kinds).sort(),
      ['x86_64-standard', 'x86_64-nvidia', 'x86_64-neuron', 'arm64-standard'].map((kind) => nameOf(kind)).sort(),
    );
    assert.match(kinds[nameOf('x86_64-nvidia')] ?? '', /instance-gpu-count","operator":"Exists"/);
    assert.match(kinds[nameOf('x86_64-standard')] ?? '', /instance-gpu-count","operator":"DoesNotExist"/);
    assert.match(kinds[nameOf('arm64-standard')] ?? '', /"values":\["arm64"\]/);
  });

  test('a version that an alias pins is that version', async () => {
    const { amis } = await resolve({ amiSelectorTerms: [{ alias: 'al2023@v20260101' }] });
    assert.deepEqual(
      amis.map(({ name }) => name),
      [IMAGES.find(({ name }) => name.includes('v20260101'))?.name],
    );
  });

  for (const [alias, family, count] of [
    ['bottlerocket@latest', 'Bottlerocket', 4],
    ['bottlerocket@v1.50.0', 'Bottlerocket', 4],
    ['al2@latest', 'AL2', 1],
    ['windows2019@latest', 'Windows2019', 1],
    ['windows2022@latest', 'Windows2022', 1],
  ] as const) {
    test(`${alias} has ${count === 1 ? 'one image' : `images for ${count} kinds of types`}`, async () => {
      const { amis } = await resolve({ amiFamily: family, amiSelectorTerms: [{ alias }] });
      assert.equal(amis.length, count);
    });
  }

  test('an alias that is not published is said to be none, with its name', async () => {
    const nodeClass = classOf({ amiSelectorTerms: [{ alias: 'al2023@v19990101' }] });
    assert.match(
      condition(await cloud.resolveNodeClass(nodeClass), 'AMIsReady'),
      /^False AMINotFound: .*alias al2023@v19990101/,
    );
  });

  test('an alias that the cluster’s version rules out says so', async () => {
    const windows = classOf({ amiFamily: 'Windows2025', amiSelectorTerms: [{ alias: 'windows2025@latest' }] });
    assert.match(
      condition(await cloud.resolveNodeClass(windows), 'AMIsReady'),
      /^False UnsupportedAlias: .*1\.35 or later, and this cluster is 1\.32/,
    );
  });

  test('images of one’s own are found by id, name and owner, tags and SSM parameter; the newest of an architecture counts', async () => {
    const ids: string[] = [];
    for (const Name of ['mine-1', 'mine-2']) {
      const SourceImageId = IMAGES.find(({ name }) => name.includes('x86_64-standard'))?.ami_id;
      const { ImageId = '' } = await world.account.ec2.send(
        new CopyImageCommand({ Name, SourceImageId, SourceRegion: REGION }),
      );
      await world.account.ec2.send(
        new CreateTagsCommand({ Resources: [ImageId], Tags: [{ Key: 'golden', Value: Name }] }),
      );
      ids.push(ImageId);
    }
    const found = async (term: object): Promise<string[]> =>
      (await resolve({ amiFamily: 'Custom', amiSelectorTerms: [term] })).amis.map(({ id }) => id);
    assert.deepEqual(await found({ id: ids[0] }), [ids[0]]);
    assert.deepEqual(await found({ name: 'mine-1', owner: 'self' }), [ids[0]]);
    assert.deepEqual(await found({ name: 'mine-*' }), [ids[1]]);
    assert.deepEqual(await found({ tags: { golden: 'mine-1' } }), [ids[0]]);
    const ssmParameter = '/aws/service/eks/optimized-ami/1.32/amazon-linux-2023/arm64/standard/recommended/image_id';
    const [arm] = await found({ ssmParameter });
    assert.equal(IMAGES.find(({ ami_id }) => ami_id === arm)?.architecture, 'arm64');
    assert.deepEqual(await found({ ssmParameter: '/nobody/has/this' }), []);
  });
});

describe('instance profiles', () => {
  const roleOf = async (name = ''): Promise<string | undefined> => {
    const { InstanceProfile } = await world.account.iam.send(
      new GetInstanceProfileCommand({ InstanceProfileName: name }),
    );
    return InstanceProfile?.Roles?.[0]?.RoleName;
  };

  test('a role gets a profile of its own under the path of its class, and another role another one', async () => {
    const trust = JSON.stringify({ Version: '2012-10-17', Statement: [] });
    await world.account.iam.send(new CreateRoleCommand({ RoleName: 'second', AssumeRolePolicyDocument: trust }));
    const nodeClass = classOf({ role: NODE_ROLE });
    const first = await cloud.resolveNodeClass(nodeClass);
    const name = first.status.instanceProfile as string;
    assert.equal(await roleOf(name), NODE_ROLE);
    const changed = {
      ...nodeClass,
      spec: { ...(nodeClass.spec as object), role: 'some/path/second' },
      status: first.status,
    };
    const second = (await cloud.resolveNodeClass(changed)).status.instanceProfile as string;
    assert.notEqual(second, name);
    assert.equal(await roleOf(second), 'second');
    assert.equal(await roleOf(name), NODE_ROLE, 'nodes that run keep theirs');
    const PathPrefix = `/karpenter/us-west-2/test/${nodeClass.metadata.uid}/`;
    const made = async () => {
      // moto answers all profiles, whatever the prefix.
      const { InstanceProfiles = [] } = await world.account.iam.send(new ListInstanceProfilesCommand({ PathPrefix }));
      return InstanceProfiles.filter(({ Path }) => Path === PathPrefix).length;
    };
    assert.equal(await made(), 2);
    await cloud.forgetNodeClass(nodeClass);
    assert.equal(await made(), 0);
  });

  test('a role that does not exist is named, and a profile that does not exist too', async () => {
    const role = await cloud.resolveNodeClass(classOf({ role: 'nobody' }));
    assert.match(condition(role, 'InstanceProfileReady'), /^False RoleNotFound: There is no role nobody/);
    const profile = await cloud.resolveNodeClass(classOf({ role: undefined, instanceProfile: 'none' }));
    assert.match(condition(profile, 'InstanceProfileReady'), /^False InstanceProfileNotFound: .*profile none/);
    const good = await cloud.resolveNodeClass(classOf({ role: undefined, instanceProfile: 'by-hand' }));
    assert.equal(good.status.instanceProfile, 'by-hand');
  });

  test('in an isolated VPC IAM is not asked, and a role can’t be used', async () => {
    const isolated = await world.openCloud({ settings: { isolatedVpc: true } });
    const from = world.proxy.journal.length;
    const named = await isolated.resolveNodeClass(classOf({ role: undefined, instanceProfile: 'anything' }));
    assert.match(condition(named, 'InstanceProfileReady'), /^True/);
    const role = await isolated.resolveNodeClass(classOf({}));
    assert.match(condition(role, 'InstanceProfileReady'), /^False .*write spec\.instanceProfile/);
    assert.deepEqual(
      world.proxy.journal.slice(from).filter(({ service }) => service === 'iam'),
      [],
    );
  });
});

describe('what goes wrong', () => {
  test('a part that can’t be looked up for a moment stays as it was', async () => {
    const nodeClass = classOf({});
    const { status, conditions } = await cloud.resolveNodeClass(nodeClass);
    const other = await world.openCloud();
    world.proxy.faults.plan('DescribeSubnets', { kind: 'throttle' }, 20);
    const again = await other.resolveNodeClass({ ...nodeClass, status: { ...status, conditions } });
    assert.deepEqual(again.status.subnets, status.subnets);
    assert.match(condition(again, 'SubnetsReady'), /^True/);
  });

  test('a right that is missing is named in the condition of its part, and the other parts are found', async () => {
    const other = await world.openCloud();
    const message = 'You are not authorized to perform this operation.';
    world.proxy.faults.plan('DescribeSecurityGroups', { kind: 'refuse', code: 'UnauthorizedOperation', message }, 5);
    const found = await other.resolveNodeClass(classOf({}));
    assert.match(
      condition(found, 'SecurityGroupsReady'),
      /^Unknown UnauthorizedOperation: .*allow ec2:DescribeSecurityGroups/,
    );
    assert.match(condition(found, 'SubnetsReady'), /^True/);
    assert.match(condition(found, 'AMIsReady'), /^True/);
    assert.match(condition(found, 'ValidationSucceeded'), /^Unknown DependenciesNotReady/);
  });

  for (const action of ['CreateLaunchTemplate', 'CreateFleet', 'RunInstances']) {
    test(`a dry run tells that ${action} is not permitted`, async () => {
      const other = await world.openCloud();
      const message = `You are not authorized to perform: ec2:${action}`;
      world.proxy.faults.plan(action, { kind: 'refuse', code: 'UnauthorizedOperation', message, status: 403 });
      const found = await other.resolveNodeClass(classOf({}));
      assert.match(
        condition(found, 'ValidationSucceeded'),
        new RegExp(`^False ${action}AuthCheckFailed: ec2:${action}: not permitted`),
      );
    });
  }

  test('dry runs can be left out', async () => {
    const other = await world.openCloud({ settings: { disableDryRun: true } });
    const from = world.proxy.journal.length;
    assert.match(condition(await other.resolveNodeClass(classOf({})), 'ValidationSucceeded'), /^True/);
    const dry = world.proxy.journal.slice(from).filter(({ parameters }) => parameters.get('DryRun') === 'true');
    assert.equal(dry.length, 0);
  });

  test('user data that can’t be merged, or is too much, fails the validation and quotes nothing', async () => {
    const broken = await cloud.resolveNodeClass(classOf({ userData: 'MIME-Version: 1.0\n\nsecret' }));
    assert.match(condition(broken, 'ValidationSucceeded'), /^False UserDataInvalid: /);
    assert.doesNotMatch(JSON.stringify(broken), /secret/);
    const much = await cloud.resolveNodeClass(classOf({ userData: `#!/bin/sh\n${'#'.repeat(17_000)}` }));
    assert.match(condition(much, 'ValidationSucceeded'), /^False UserDataSizeLimitExceeded: .*16384/);
  });

  test('a cluster that EKS does not know is no class to launch with, and an address in the settings mends a custom one', async () => {
    const other = await world.openCloud({ settings: { clusterName: 'nobody' } });
    assert.match(
      condition(await other.resolveNodeClass(classOf({})), 'ValidationSucceeded'),
      /^False ClusterUnknown: .*--cluster-endpoint.*eks:DescribeCluster/,
    );
    const told = await world.openCloud({ settings: { clusterName: 'nobody', clusterEndpoint: 'https://api' } });
    const bottlerocket = classOf({ amiFamily: 'Bottlerocket' });
    assert.match(condition(await told.resolveNodeClass(bottlerocket), 'ValidationSucceeded'), /^True/);
  });
});

test('templates of a class go with it, and those of another cluster stay', async () => {
  const templatesOf = async (name: string | undefined): Promise<number> => {
    const Filters = [{ Name: 'tag:karpenter.k8s.aws/ec2nodeclass', Values: [name ?? ''] }];
    const { LaunchTemplates = [] } = await world.account.ec2.send(new DescribeLaunchTemplatesCommand({ Filters }));
    return LaunchTemplates.length;
  };
  const launched = async (by: AwsCloud): Promise<ApiObject> => {
    const nodeClass = classOf({});
    const { status } = await by.resolveNodeClass(nodeClass);
    const [request] = launchRequests({ ...nodeClass, status }, 1);
    assert.ok(request !== undefined);
    await instanceOf(by, request);
    return nodeClass;
  };
  const own = await launched(cloud);
  assert.equal(await templatesOf(own.metadata.name), 1);
  await cloud.forgetNodeClass(own);
  assert.equal(await templatesOf(own.metadata.name), 0);
  // Another control plane with the same cluster name in the same account.
  const cluster = new SimulatedCluster({ clock: systemClock(), seed: 2 });
  await cluster.create(KINDS.namespaces, { metadata: { name: 'karpenter' } });
  const foreign = await launched(await world.openCloud({ cluster }));
  await cloud.forgetNodeClass(foreign);
  assert.equal(await templatesOf(foreign.metadata.name), 1);
});
