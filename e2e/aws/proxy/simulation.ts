// What moto does not have of IAM: what the policies of a role would say. The policies are moto's; who evaluates them is not.
import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  NoSuchEntityException,
} from '@aws-sdk/client-iam';
import { evaluate, type Policy } from './iam/index.ts';
import { escapeXml } from './xml.ts';

/** All policies of a role; undefined where there is no such role. */
export async function rolePolicies(motoPort: number, RoleName: string): Promise<readonly Policy[] | undefined> {
  const credentials = { accessKeyId: 'tests', secretAccessKey: 'tests' };
  const iam = new IAMClient({ endpoint: `http://127.0.0.1:${motoPort}`, region: 'us-east-1', credentials });
  try {
    const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    const attached = AttachedPolicies.map(async ({ PolicyArn }) => {
      const { Policy: policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
      const VersionId = policy?.DefaultVersionId;
      const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
      return readDocument(PolicyVersion?.Document);
    });
    const own = PolicyNames.map(async (PolicyName) => {
      const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      return readDocument(PolicyDocument);
    });
    return await Promise.all([...attached, ...own]);
  } catch (error) {
    if (error instanceof NoSuchEntityException) return undefined;
    throw error;
  } finally {
    iam.destroy();
  }
}

function readDocument(document = '{}'): Policy {
  return JSON.parse(document.startsWith('%7B') ? decodeURIComponent(document) : document) as Policy;
}

/** The answer of SimulatePrincipalPolicy. */
export function simulation(parameters: ReadonlyMap<string, string>, policies: readonly Policy[]): string {
  const members = (list: string): string[] =>
    [...parameters].flatMap(([key, value]) => (new RegExp(`^${list}\\.member\\.\\d+$`).test(key) ? [value] : []));
  const context = Object.fromEntries(
    [...parameters].flatMap(([key, name]) => {
      const [, index] = /^ContextEntries\.member\.(\d+)\.ContextKeyName$/.exec(key) ?? [];
      if (index === undefined) return [];
      const values = members(`ContextEntries\\.member\\.${index}\\.ContextKeyValues`);
      return [[name, values.length === 1 ? (values[0] ?? '') : values]];
    }),
  );
  const results = members('ActionNames').map((action) => {
    const verdicts = members('ResourceArns').map((resource) => {
      const verdict = evaluate(policies, { action, resource, context });
      return { resource, verdict };
    });
    const worst = verdicts.find(({ verdict }) => verdict !== 'allowed')?.verdict ?? 'allowed';
    const specific = verdicts.map(
      ({ resource, verdict }) =>
        `<member><EvalResourceName>${escapeXml(resource)}</EvalResourceName><EvalResourceDecision>${verdict}</EvalResourceDecision></member>`,
    );
    return `<member><EvalActionName>${action}</EvalActionName><EvalDecision>${worst}</EvalDecision><ResourceSpecificResults>${specific.join('')}</ResourceSpecificResults></member>`;
  });
  return `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>${results.join('')}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`;
}
