// The look at the set-up: whether the controller can do its work in this account, and what is missing otherwise. It reads and
// tries without doing, and changes nothing.
import { DescribeClusterCommand, type Cluster as EksCluster } from '@aws-sdk/client-eks';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { type AccountNames, controllerRoleName, nodeRoleName } from '../../aws-iam/index.ts';
import { CloudError, everyItem, KINDS } from '../../ports/index.ts';
import { effectiveNodeClassSpec } from '../../resources/index.ts';
import { callAws } from '../calls.ts';
import { classOfError } from '../errors.ts';
import { checkForeignInstances } from './foreign-instances.ts';
import { checkNetwork } from './network.ts';
import { checkNodeRoles } from './node-roles.ts';
import { checkPermissions } from './permissions.ts';
import { checkQueue } from './queue.ts';
import { Notes, type Report, shell } from './report.ts';
import type { DoctorOptions, Scene, SeenNodeClass } from './scene.ts';

/** Looks at everything. Rejects only with the reason of the signal, or for a defect. */
export async function examine(options: DoctorOptions): Promise<Report> {
  const { clients, settings } = options;
  const notes = new Notes();
  checkSettings(options, notes);
  const identity = await checkCredentials(options, notes);
  const report = {
    clusterName: settings.clusterName,
    region: clients.region,
    account: identity?.account ?? '',
    findings: notes.findings,
    unchecked: notes.unchecked,
  };
  if (identity === undefined) return report;
  const eks = await checkCluster(options, notes);
  const nodeClasses = await readNodeClasses(options, notes);
  const names = namesOf(options, identity, nodeClasses);
  const scene: Scene = { ...options, notes, names, caller: identity.arn, eks, nodeClasses };
  await checkPermissions(scene);
  await checkQueue(scene);
  await checkNodeRoles(scene);
  await checkNetwork(scene);
  await checkForeignInstances(scene);
  return report;
}

/** The report where nothing names a region: there is nobody to ask. */
export function regionUnknown(clusterName: string, error: unknown): Report {
  const notes = new Notes();
  const problem = `No region is known, neither from AWS_REGION nor from the shared configuration (${error instanceof Error ? error.message : error}).`;
  notes.found('region', problem, ['export AWS_REGION=REGION']);
  notes.skipped('everything else', 'it takes a region');
  const { findings, unchecked } = notes;
  return { clusterName, region: 'no region', account: '', findings, unchecked };
}

/** The names that a policy for this account is written with. Rejects with a CloudError. */
export async function readNames(options: DoctorOptions): Promise<AccountNames> {
  const identity = await readCaller(options);
  return namesOf(options, identity, await readNodeClasses(options, new Notes()));
}

interface Identity {
  readonly arn: string;
  readonly account: string;
  readonly partition: string;
}

function checkSettings({ settings: { defaultInstanceProfile = '' } }: DoctorOptions, notes: Notes): void {
  if (defaultInstanceProfile === '') return;
  const problem =
    `defaultInstanceProfile (${defaultInstanceProfile}) changes nothing: no version of Karpenter with NodePools reads it, and ` +
    'neither does Dovetail. The role or the instanceProfile of each EC2NodeClass counts. Take it out of the settings.';
  notes.found('setting', problem, [
    'kubectl set env -n karpenter deployment/karpenter AWS_DEFAULT_INSTANCE_PROFILE- DEFAULT_INSTANCE_PROFILE-',
  ]);
}

async function readCaller({ clients, signal }: DoctorOptions): Promise<Identity> {
  const { Account: account = '', Arn: arn = '' } = await callAws(
    'sts:GetCallerIdentity',
    (call) => clients.sts.send(new GetCallerIdentityCommand({}), call),
    signal,
  );
  return { arn, account, partition: arn.split(':')[1] ?? 'aws' };
}

async function checkCredentials(options: DoctorOptions, notes: Notes): Promise<Identity | undefined> {
  const { clients, settings } = options;
  try {
    return await readCaller(options);
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    if (classOfError(error) === 'denied') {
      const role = controllerRoleName(settings.clusterName);
      const problem = `AWS knows nobody here: ${error.message}. Log in, or give the controller's ServiceAccount its role.`;
      notes.found('credentials', problem, [
        'aws sts get-caller-identity',
        `kubectl annotate serviceaccount -n karpenter karpenter eks.amazonaws.com/role-arn=arn:aws:iam::ACCOUNT:role/${role}`,
      ]);
    } else {
      const problem = `AWS can't be reached in region ${clients.region}: ${error.message}. Is that the region, and is there a way to it?`;
      notes.found('region', problem, ['aws configure set region REGION']);
    }
    notes.skipped('everything else', 'it takes credentials and a way to AWS');
    return undefined;
  }
}

async function checkCluster(options: DoctorOptions, notes: Notes): Promise<EksCluster | undefined> {
  const { clients, settings, signal } = options;
  const { clusterName: name } = settings;
  return notes.look('cluster', async () => {
    try {
      const command = new DescribeClusterCommand({ name });
      return (await callAws('eks:DescribeCluster', (call) => clients.eks.send(command, call), signal)).cluster;
    } catch (error) {
      if (classOfError(error) !== 'not-found') throw error;
      const elsewhere = await regionOf(options);
      if (elsewhere !== undefined && elsewhere !== clients.region) {
        const problem = `There is no EKS cluster ${name} in ${clients.region}: its API server is in ${elsewhere}. The region is wrong.`;
        notes.found('region', problem, [
          `export AWS_REGION=${elsewhere}`,
          `kubectl set env -n karpenter deployment/karpenter AWS_REGION=${elsewhere}`,
        ]);
      } else {
        const problem = `There is no EKS cluster ${name} in ${clients.region}: --cluster-name (CLUSTER_NAME) or the region is wrong.`;
        notes.found('cluster', problem, [shell('aws', 'eks', 'list-clusters', '--region', clients.region)]);
      }
      return undefined;
    }
  });
}

/** The region that the cluster itself tells of. */
async function regionOf({ settings, clusterHost, cluster }: DoctorOptions): Promise<string | undefined> {
  for (const address of [settings.clusterEndpoint, clusterHost ?? '']) {
    const [, region] = /\.([a-z]{2}(?:-[a-z]+)+-\d)\.eks\.amazonaws\.com/.exec(address) ?? [];
    if (region !== undefined) return region;
  }
  try {
    const page = await cluster?.list(KINDS.nodes, { limit: 1 });
    return page?.items[0]?.metadata.labels?.['topology.kubernetes.io/region'];
  } catch {
    // It was a hint only.
    return undefined;
  }
}

async function readNodeClasses(options: DoctorOptions, notes: Notes): Promise<readonly SeenNodeClass[] | undefined> {
  const { cluster } = options;
  if (cluster === undefined) {
    notes.skipped(
      'EC2NodeClasses',
      'there is no way to the cluster (--context): the names of the walk-through stand in',
    );
    return undefined;
  }
  return notes.look('EC2NodeClasses', async () => {
    const found: SeenNodeClass[] = [];
    for await (const object of everyItem(cluster, KINDS.ec2NodeClasses)) {
      found.push({ name: object.metadata.name ?? '', spec: effectiveNodeClassSpec(object) });
    }
    return found;
  });
}

function namesOf(
  { clients, settings, subject }: DoctorOptions,
  { arn, account, partition }: Identity,
  nodeClasses: readonly SeenNodeClass[] | undefined,
): AccountNames {
  const { clusterName, interruptionQueue } = settings;
  const roles = new Set((nodeClasses ?? []).flatMap(({ spec: { role } }) => (role === undefined ? [] : [role])));
  const [, assumed] = /:assumed-role\/([^/]+)\//.exec(arn) ?? [];
  return {
    partition,
    account,
    region: clients.region,
    clusterName,
    nodeRoles: roles.size === 0 ? [nodeRoleName(clusterName)] : [...roles].sort(),
    queue: interruptionQueue === '' ? clusterName : interruptionQueue,
    controllerRole: subject === 'caller' ? (assumed ?? controllerRoleName(clusterName)) : subject.role,
  };
}
