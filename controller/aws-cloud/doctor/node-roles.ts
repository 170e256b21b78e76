// The roles of nodes: are they there, may instances take them, can the kubelet and the CNI do their work with them, and does
// the cluster let in who has them.
import { DescribeAccessEntryCommand } from '@aws-sdk/client-eks';
import { type AttachedPolicy, GetRoleCommand, ListAttachedRolePoliciesCommand } from '@aws-sdk/client-iam';
import { iamArn, NODE_POLICIES, nodeTrust } from '../../aws-iam/index.ts';
import { ClusterError, KINDS } from '../../ports/index.ts';
import { callAws, readPages } from '../calls.ts';
import { classOfError } from '../errors.ts';
import { shell } from './report.ts';
import type { Scene } from './scene.ts';

const CHECK = 'node-role';

/** Says what keeps nodes from joining. */
export async function checkNodeRoles(scene: Scene): Promise<void> {
  const { notes, names, settings, nodeClasses } = scene;
  if (nodeClasses?.length && nodeClasses.every(({ spec }) => spec.role === undefined)) return;
  if (settings.isolatedVpc) return notes.skipped(CHECK, 'IAM is out of reach in an isolated VPC');
  for (const role of names.nodeRoles) {
    const arn = await notes.look(CHECK, () => checkRole(scene, bare(role)));
    if (arn === undefined) continue;
    await notes.look(CHECK, () => checkPolicies(scene, bare(role)));
    await notes.look('access-entry', () => checkAccess(scene, role, arn));
  }
}

/** IAM takes roles by their names, without their paths. */
function bare(role: string): string {
  return role.slice(role.lastIndexOf('/') + 1);
}

/** The role's ARN; undefined where there is none, which is noted. */
async function checkRole(scene: Scene, RoleName: string): Promise<string | undefined> {
  const { clients, notes, names, signal } = scene;
  const trust = JSON.stringify(nodeTrust());
  try {
    const { Role } = await callAws(
      'iam:GetRole',
      (call) => clients.iam.send(new GetRoleCommand({ RoleName }), call),
      signal,
    );
    if (!decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '').includes('ec2.amazonaws.com')) {
      notes.found(CHECK, `The role ${RoleName} can't be taken by instances: its trust policy does not name EC2.`, [
        shell('aws', 'iam', 'update-assume-role-policy', '--role-name', RoleName, '--policy-document', trust),
      ]);
    }
    return Role?.Arn;
  } catch (error) {
    if (classOfError(error) !== 'not-found') throw error;
    const policies = NODE_POLICIES.map(({ names: [name = ''] }) => attachCommand(scene, RoleName, name));
    notes.found(CHECK, `There is no role ${RoleName} for nodes: no instance can be launched with it.`, [
      shell('aws', 'iam', 'create-role', '--role-name', RoleName, '--assume-role-policy-document', trust),
      ...policies,
      entryCommand(scene, RoleName, iamArn(names, `role/${RoleName}`)),
    ]);
    return undefined;
  }
}

function attachCommand({ names }: Scene, role: string, policy: string): string {
  const arn = `arn:${names.partition}:iam::aws:policy/${policy}`;
  return shell('aws', 'iam', 'attach-role-policy', '--role-name', role, '--policy-arn', arn);
}

async function checkPolicies(scene: Scene, RoleName: string): Promise<void> {
  const { clients, notes, signal } = scene;
  const attached = await readPages<AttachedPolicy>(
    'iam:ListAttachedRolePolicies',
    async (Marker, call) => {
      const answer = await clients.iam.send(new ListAttachedRolePoliciesCommand({ RoleName, Marker }), call);
      return { items: answer.AttachedPolicies, next: answer.Marker };
    },
    signal,
  );
  const has = new Set(attached.map(({ PolicyName = '' }) => PolicyName));
  for (const { names, why } of NODE_POLICIES) {
    if (names.some((name) => has.has(name))) continue;
    const [name = ''] = names;
    const also =
      name === 'AmazonEKS_CNI_Policy' ? ', unless the ServiceAccount aws-node has a role of its own for it' : '';
    notes.found(CHECK, `The role ${RoleName} of nodes lacks the policy ${name}: ${why}${also}.`, [
      attachCommand(scene, RoleName, name),
    ]);
  }
}

function entryCommand({ names, nodeClasses }: Scene, role: string, arn: string): string {
  const families = (nodeClasses ?? [])
    .filter(({ spec }) => bare(spec.role ?? '') === bare(role))
    .map(({ spec }) => spec.amiFamily);
  const type =
    families.length > 0 && families.every((family) => family.startsWith('Windows')) ? 'EC2_WINDOWS' : 'EC2_LINUX';
  const { region, clusterName } = names;
  const where = ['--region', region, '--cluster-name', clusterName];
  return shell('aws', 'eks', 'create-access-entry', ...where, '--principal-arn', arn, '--type', type);
}

async function checkAccess(scene: Scene, role: string, arn: string): Promise<void> {
  const { notes, eks, names } = scene;
  if (eks === undefined) return notes.skipped('access-entry', 'EKS does not tell of the cluster');
  const mode = eks.accessConfig?.authenticationMode;
  if (mode !== 'CONFIG_MAP' && (await hasEntry(scene, arn))) return;
  if (mode !== 'API') {
    const isMapped = await isInAwsAuth(scene, arn);
    if (isMapped === true) return;
    if (isMapped === undefined) {
      const why = `the role ${bare(role)} has no access entry, and whether aws-auth lets nodes with it in can't be read here`;
      return notes.skipped('access-entry', why);
    }
  }
  const problem = `The cluster lets nobody in with the role ${bare(role)}: nodes start and never join.`;
  const map = ['--cluster', names.clusterName, '--region', names.region, '--arn', arn];
  notes.found('access-entry', problem, [
    mode === 'CONFIG_MAP'
      ? `${shell('eksctl', 'create', 'iamidentitymapping', ...map)} --username 'system:node:{{EC2PrivateDNSName}}' --group system:bootstrappers --group system:nodes`
      : entryCommand(scene, role, arn),
  ]);
}

async function hasEntry({ clients, names, signal }: Scene, principalArn: string): Promise<boolean> {
  const command = new DescribeAccessEntryCommand({ clusterName: names.clusterName, principalArn });
  try {
    await callAws('eks:DescribeAccessEntry', (call) => clients.eks.send(command, call), signal);
    return true;
  } catch (error) {
    if (classOfError(error) === 'not-found') return false;
    throw error;
  }
}

/** Undefined where nobody can tell. */
async function isInAwsAuth({ cluster, readsAwsAuth }: Scene, arn: string): Promise<boolean | undefined> {
  if (cluster === undefined || !readsAwsAuth) return undefined;
  try {
    const map = await cluster.get(KINDS.configMaps, { namespace: 'kube-system', name: 'aws-auth' });
    const { mapRoles = '' } = (map?.data ?? {}) as { readonly mapRoles?: string };
    // There are no paths in it.
    return mapRoles.includes(arn.replace(/:role\/.*\//, ':role/'));
  } catch (error) {
    if (error instanceof ClusterError) return undefined;
    throw error;
  }
}
