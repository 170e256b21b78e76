// Which rights of the controller's policy are missing. IAM is asked what it would say of each, for an example that the
// statement means; where IAM does not tell, and it is the controller that asks, reads are tried and a dry run is made.
import {
  type ContextEntry,
  type EvaluationResult,
  ListAttachedRolePoliciesCommand,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam';
import { controllerPolicyName, controllerStatements, iamArn, type Statement } from '../../aws-iam/index.ts';
import { CloudError } from '../../ports/index.ts';
import { callAws, readPages } from '../calls.ts';
import { classOfError } from '../errors.ts';
import { deniedByTrying } from './probes.ts';
import { shell } from './report.ts';
import type { Scene } from './scene.ts';

const CHECK = 'permissions';

/** Rights that nobody misses who has no use for the service. */
function needed({ names, settings }: Scene): readonly Statement[] {
  return controllerStatements(names)
    .filter(({ isOptional }) => isOptional !== true)
    .filter(({ actions }) => settings.interruptionQueue !== '' || !actions.some((action) => action.startsWith('sqs:')))
    .filter(({ actions }) => !settings.isolatedVpc || !actions.some((action) => /^(iam|pricing):/.test(action)));
}

/** Says which are missing. */
export async function checkPermissions(scene: Scene): Promise<void> {
  const { notes, names, subject, settings } = scene;
  if (settings.isolatedVpc) return tryOut(scene, 'IAM is out of reach in an isolated VPC');
  try {
    const missing = new Set<string>();
    for (const statement of needed(scene)) for (const action of await deniedOf(scene, statement)) missing.add(action);
    await report(scene, [...missing].sort());
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    if (classOfError(error) === 'not-found' && subject !== 'caller') {
      const problem = `There is no role ${names.controllerRole} (--controller-role): the controller has nobody to be.`;
      return notes.found('controller-role', problem, [
        `aws iam create-role --role-name ${names.controllerRole} --assume-role-policy-document file://controller-trust-policy.json`,
        grantCommand(scene),
      ]);
    }
    await tryOut(scene, error.message);
  }
}

/** Actions of a statement that IAM would refuse. */
async function deniedOf(scene: Scene, statement: Statement): Promise<readonly string[]> {
  const { clients, signal } = scene;
  const input = {
    PolicySourceArn: sourceOf(scene),
    ActionNames: [...statement.actions],
    ResourceArns: statement.resources.map((arn) => exampleArn(arn, scene.names.account)),
    ContextEntries: exampleContext(statement),
  };
  const results = await readPages<EvaluationResult>(
    'iam:SimulatePrincipalPolicy',
    async (Marker, call) => {
      const answer = await clients.iam.send(new SimulatePrincipalPolicyCommand({ ...input, Marker }), call);
      return { items: answer.EvaluationResults, next: answer.Marker };
    },
    signal,
  );
  return results.filter((result) => !isAllowed(result)).map(({ EvalActionName = '' }) => EvalActionName);
}

function isAllowed({ EvalDecision, ResourceSpecificResults = [] }: EvaluationResult): boolean {
  if (ResourceSpecificResults.length === 0) return EvalDecision === 'allowed';
  return ResourceSpecificResults.every(({ EvalResourceDecision }) => EvalResourceDecision === 'allowed');
}

/** Users are who they are; of a role that is taken on, the role counts. */
function sourceOf({ subject, caller, names }: Scene): string {
  const isUser = /^arn:[^:]+:iam:.*:user\//.test(caller);
  return subject === 'caller' && isUser ? caller : iamArn(names, `role/${names.controllerRole}`);
}

/** Something that a pattern means. */
export function exampleArn(pattern: string, account: string): string {
  if (pattern === '*') return pattern;
  return pattern.replace(':*:', `:${account}:`).replaceAll('*', 'example');
}

/** Keys under which a statement holds. */
export function exampleContext({ conditions = {} }: Statement): ContextEntry[] {
  return Object.entries(conditions).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([ContextKeyName, wanted]) => {
      const values = [wanted].flat().map((value) => value.replaceAll('*', 'example'));
      const isSet = operator.startsWith('For');
      return {
        ContextKeyName,
        ContextKeyType: isSet ? ('stringList' as const) : ('string' as const),
        ContextKeyValues: isSet ? values : values.slice(0, 1),
      };
    }),
  );
}

async function tryOut(scene: Scene, why: string): Promise<void> {
  const { notes, names, caller, subject } = scene;
  if (subject !== 'caller' && !caller.includes(`:assumed-role/${names.controllerRole}/`)) {
    return notes.skipped(CHECK, `IAM does not say what the role ${names.controllerRole} may do: ${why}`);
  }
  const { denied, unknown } = await deniedByTrying(
    scene,
    needed(scene).flatMap(({ actions }) => actions),
  );
  await report(scene, denied);
  if (unknown.length > 0) {
    notes.skipped(
      CHECK,
      `IAM does not say what the controller may do (${why}), and these can't be tried: ${unknown.join(', ')}`,
    );
  }
}

async function report(scene: Scene, missing: readonly string[]): Promise<void> {
  if (missing.length === 0) return;
  const { notes, names } = scene;
  const rights = missing.length === 1 ? 'a right' : `${missing.length} rights`;
  const problem = `The controller's role ${names.controllerRole} lacks ${rights}: ${missing.join(', ')}.${await attachedText(scene)}`;
  notes.found(CHECK, problem, [grantCommand(scene)]);
}

/** What it has instead. */
async function attachedText({ clients, names, signal }: Scene): Promise<string> {
  try {
    const command = new ListAttachedRolePoliciesCommand({ RoleName: names.controllerRole });
    const answer = await callAws('iam:ListAttachedRolePolicies', (call) => clients.iam.send(command, call), signal);
    const attached = (answer.AttachedPolicies ?? []).map(({ PolicyName = '' }) => PolicyName);
    if (attached.length === 0) return ' No managed policy is attached to it.';
    const isForNodes = attached.some((name) => name === 'AmazonEKSWorkerNodePolicy');
    return ` Attached to it: ${attached.join(', ')}${isForNodes ? '; AmazonEKSWorkerNodePolicy is for nodes and lets it launch nothing' : ''}.`;
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    // It was only to explain.
    return '';
  }
}

function grantCommand({ names, settings, subject }: Scene): string {
  const { controllerRole, clusterName, region } = names;
  const words = ['--cluster-name', clusterName, '--region', region];
  if (settings.interruptionQueue !== '') words.push('--interruption-queue', settings.interruptionQueue);
  if (subject !== 'caller') words.push('--controller-role', controllerRole);
  const policy = shell('npx', 'dovetail', 'doctor', ...words, '--policy');
  const put = shell(
    'aws',
    'iam',
    'put-role-policy',
    '--role-name',
    controllerRole,
    '--policy-name',
    controllerPolicyName(clusterName),
  );
  return `${put} --policy-document "$(${policy})"`;
}
