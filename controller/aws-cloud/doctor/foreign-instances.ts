// Instances with this cluster's name that another cluster has launched: two control planes of one name in one account.
import { DescribeInstancesCommand, type Instance, type Reservation } from '@aws-sdk/client-ec2';
import { KINDS } from '../../ports/index.ts';
import { readPages } from '../calls.ts';
import { CLUSTER_NAME_TAG, CLUSTER_UID_TAG, isForeign, tagFilters, tagsOf } from '../tags.ts';
import { shell } from './report.ts';
import type { Scene } from './scene.ts';

const CHECK = 'cluster-uid';

/** States of instances that run up a bill. */
const LIVING = ['pending', 'running', 'stopping', 'stopped'];

/** Instances that are named; of more their number is told. */
const NAMED = 10;

/** Says whose instances are left alone. */
export async function checkForeignInstances(scene: Scene): Promise<void> {
  const { notes, cluster, names } = scene;
  if (cluster === undefined)
    return notes.skipped(CHECK, 'there is no way to the cluster (--context), which knows its UID');
  await notes.look(CHECK, async () => {
    const system = await cluster.get(KINDS.namespaces, { name: 'kube-system' });
    const uid = system?.metadata.uid ?? '';
    const foreign = (await readInstances(scene)).filter(({ Tags }) => isForeign(tagsOf(Tags), uid));
    if (foreign.length === 0) return;
    const ids = foreign.map(({ InstanceId = '' }) => InstanceId).sort();
    const uids = [...new Set(foreign.map(({ Tags }) => tagsOf(Tags)[CLUSTER_UID_TAG]))].sort();
    const shown = ids.slice(0, NAMED);
    const more = ids.length > NAMED ? ` and ${ids.length - NAMED} more` : '';
    const problem =
      `${ids.length} instances of another cluster with the name ${names.clusterName} run in this account (${CLUSTER_UID_TAG} ` +
      `${uids.join(', ')}; this one is ${uid}): ${shown.join(', ')}${more}. They are left alone. Give one of the clusters ` +
      'another name, or end them if that cluster is gone.';
    notes.found(CHECK, problem, [
      shell('aws', 'ec2', 'describe-instances', '--region', names.region, '--instance-ids', ...shown),
    ]);
  });
}

async function readInstances({ clients, names, signal }: Scene): Promise<readonly Instance[]> {
  const Filters = [
    ...tagFilters({ [CLUSTER_NAME_TAG]: names.clusterName, [CLUSTER_UID_TAG]: '*' }),
    { Name: 'instance-state-name', Values: LIVING },
  ];
  const reservations = await readPages<Reservation>(
    'ec2:DescribeInstances',
    async (NextToken, call) => {
      const answer = await clients.ec2.send(new DescribeInstancesCommand({ Filters, NextToken }), call);
      return { items: answer.Reservations, next: answer.NextToken };
    },
    signal,
  );
  return reservations.flatMap(({ Instances = [] }) => Instances);
}
