// Subnets and security groups: does every node class find some.
import { findGroups, findSubnets } from '../node-class/index.ts';
import { shell } from './report.ts';
import type { Scene, SeenNodeClass } from './scene.ts';

/** The tag of the walk-through. */
const DISCOVERY = 'karpenter.sh/discovery';

interface Term {
  readonly id?: string;
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

interface Selection {
  readonly what: 'subnets' | 'security groups';
  readonly terms: readonly Term[];
  readonly find: () => Promise<readonly object[]>;
  /** Of the cluster itself: what is likely to be meant. */
  readonly ids: readonly string[];
}

/** Says which find nothing. */
export async function checkNetwork(scene: Scene): Promise<void> {
  const { notes, nodeClasses, names } = scene;
  const tags = { [DISCOVERY]: names.clusterName };
  const seen = new Set<string>();
  const all = nodeClasses?.length ? nodeClasses : [undefined];
  for (const nodeClass of all) {
    for (const selection of selectionsOf(scene, nodeClass, [{ tags }])) {
      const key = JSON.stringify([selection.what, selection.terms]);
      if (seen.has(key)) continue;
      seen.add(key);
      const found = await notes.look(selection.what.replace(' ', '-'), selection.find);
      if (found?.length === 0) report(scene, nodeClass, selection);
    }
  }
}

function selectionsOf(
  scene: Scene,
  nodeClass: SeenNodeClass | undefined,
  instead: readonly Term[],
): readonly Selection[] {
  const { clients, eks } = scene;
  const { subnetIds = [], securityGroupIds = [], clusterSecurityGroupId } = eks?.resourcesVpcConfig ?? {};
  const subnetTerms = nodeClass?.spec.subnetSelectorTerms ?? instead;
  const groupTerms = nodeClass?.spec.securityGroupSelectorTerms ?? instead;
  return [
    { what: 'subnets', terms: subnetTerms, find: () => findSubnets(clients, subnetTerms), ids: subnetIds },
    {
      what: 'security groups',
      terms: groupTerms,
      find: () => findGroups(clients, groupTerms),
      ids: clusterSecurityGroupId === undefined ? securityGroupIds : [clusterSecurityGroupId],
    },
  ];
}

function report({ notes, names }: Scene, nodeClass: SeenNodeClass | undefined, { what, terms, ids }: Selection): void {
  const who = nodeClass === undefined ? '' : ` that the EC2NodeClass ${nodeClass.name} selects`;
  const check = what.replace(' ', '-');
  const problem = `There are no ${what}${who} (${terms.map(termText).join(', or ')}): no instance can be launched in them.`;
  const tags = terms.find((term) => term.tags !== undefined)?.tags;
  if (tags === undefined || ids.length === 0) {
    const command = what === 'subnets' ? 'describe-subnets' : 'describe-security-groups';
    notes.found(check, problem, [shell('aws', 'ec2', command, '--region', names.region)]);
    return;
  }
  const pairs = Object.entries(tags).map(
    ([key, value]) => `Key=${key},Value=${value === '*' ? names.clusterName : value}`,
  );
  notes.found(check, `${problem} Those of the cluster are ${ids.join(', ')}: tag them.`, [
    shell('aws', 'ec2', 'create-tags', '--region', names.region, '--resources', ...ids, '--tags', ...pairs),
  ]);
}

function termText({ id, name, tags = {} }: Term): string {
  if (id !== undefined) return `id ${id}`;
  if (name !== undefined) return `name ${name}`;
  return Object.entries(tags)
    .map(([key, value]) => (value === '*' ? `with a tag ${key}` : `tagged ${key}=${value}`))
    .join(' and ');
}
