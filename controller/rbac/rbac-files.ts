// The files of deploy/rbac as text.
import { stringify } from 'yaml';
import { KINDS } from '../ports/index.ts';
import { GRANTS, type Grant } from './grants.ts';

/** Who the controller is in a cluster; name and namespace are those of Karpenter's chart. */
export const SERVICE_ACCOUNT = { name: 'karpenter', namespace: 'karpenter' } as const;

const HEADER = '# Written by "npm run rbac" from controller/rbac; never edited.\n';
const NAME = 'dovetail';
const SYSTEM = 'kube-system';
const API = 'rbac.authorization.k8s.io';

/** Content by file name, ready for kubectl apply. The namespace has to be there. */
export function rbacFiles(): Map<string, string> {
  const { namespace } = SERVICE_ACCOUNT;
  const everywhere = GRANTS.filter(({ where }) => where === undefined);
  const own = GRANTS.filter(({ where }) => where === 'own');
  const system = GRANTS.filter(({ where }) => where === 'kube-system');
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...SERVICE_ACCOUNT, labels: labels() } };
  return new Map([
    ['service-account.yaml', HEADER + yaml(account)],
    ['cluster-role.yaml', `${HEADER}${role('ClusterRole', everywhere)}---\n${binding('ClusterRole')}`],
    ['role.yaml', `${HEADER}${role('Role', own, namespace)}---\n${binding('Role', namespace)}`],
    ['role-kube-system.yaml', `${HEADER}${role('Role', system, SYSTEM)}---\n${binding('Role', SYSTEM)}`],
  ]);
}

/** A role, with what each rule is for above it. */
function role(kind: string, grants: readonly Grant[], namespace?: string): string {
  const head = { apiVersion: `${API}/v1`, kind, metadata: metadata(namespace) };
  return `${yaml(head)}rules:\n${grants.map((grant) => `  # ${grant.why}\n${rule(grant)}`).join('')}`;
}

function rule({ kind, subresource, verbs, names }: Grant): string {
  const { group, plural } = KINDS[kind];
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const lines = [`  - apiGroups: ["${group}"]`, `    resources: ["${resource}"]`];
  if (names !== undefined) lines.push(`    resourceNames: ${JSON.stringify(names)}`);
  lines.push(`    verbs: [${verbs.map((verb) => `"${verb}"`).join(', ')}]`);
  return `${lines.join('\n')}\n`;
}

function binding(of: 'ClusterRole' | 'Role', namespace?: string): string {
  return yaml({
    apiVersion: `${API}/v1`,
    kind: `${of}Binding`,
    metadata: metadata(namespace),
    roleRef: { apiGroup: API, kind: of, name: NAME },
    subjects: [{ kind: 'ServiceAccount', ...SERVICE_ACCOUNT }],
  });
}

function metadata(namespace: string | undefined): object {
  return { name: NAME, ...(namespace === undefined ? {} : { namespace }), labels: labels() };
}

/** The label by which Karpenter's users find the controller. */
function labels(): object {
  return { 'app.kubernetes.io/name': 'karpenter' };
}

function yaml(object: object): string {
  return stringify(object, { lineWidth: 0, aliasDuplicateObjects: false });
}
