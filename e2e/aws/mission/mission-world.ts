// Everything that the walk-through stands on: moto behind the fault proxy with the account of the article's reader, a real
// control plane with a node for the controller, nodes that join for instances, and a shell with `aws`, `kubectl`, `helm` (a
// stand-in) and `npx` in it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../controller/clock/index.ts';
import { clusterAccess, KubernetesCluster } from '../../../controller/kubernetes-cluster/index.ts';
import { ControlledCluster } from '../../controller/index.ts';
import { PRICES } from '../aws-world.ts';
import { ACCOUNT, awsCli, type Moto, REGION, startMoto } from '../moto/index.ts';
import { type FaultProxy, startFaultProxy } from '../proxy/index.ts';
import { CLUSTER_NAME, type MissionAccount, makeMissionAccount } from './account.ts';
import { Chart } from './chart.ts';
import { JoiningNodes } from './joining-nodes.ts';
import { Shell } from './shell.ts';
import { SystemNode } from './system-node.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const HERE = fileURLToPath(new URL('./', import.meta.url));

/** Whose calls by the AWS CLI the proxy lets through whatever the controller's role may do. */
const ADMINISTRATOR = 'administrator';

/** The world. */
export interface MissionWorld {
  readonly motoPort: number;
  readonly proxy: FaultProxy;
  readonly account: MissionAccount;
  readonly cluster: ControlledCluster;
  readonly system: SystemNode;
  readonly nodes: JoiningNodes;
  readonly shell: Shell;
  close(): Promise<void>;
}

/** Starts it. What has been started is ended when the rest fails. */
export async function startMissionWorld(): Promise<MissionWorld> {
  const ends: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.reverse()) await end();
  };
  try {
    return { ...(await furnish(ends)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function furnish(ends: (() => Promise<void> | void)[]): Promise<Omit<MissionWorld, 'close'>> {
  const moto: Moto = await startMoto();
  ends.push(() => moto.stop());
  const account = await makeMissionAccount(moto.port);
  ends.push(() => account.ec2.destroy());
  const { clusterSecurityGroupId } = account;
  const facts = { prices: PRICES, region: REGION, account: ACCOUNT, clusterSecurityGroupId } as const;
  const administrator = { hasAdministrator: true, administratorKeyId: ADMINISTRATOR } as const;
  const proxy = await startFaultProxy(moto.port, { ...facts, ...administrator });
  ends.push(() => proxy.stop());
  const cluster = await ControlledCluster.startEmpty(CLUSTER_NAME);
  ends.push(() => cluster.stop());
  const clock = systemClock();
  const access = clusterAccess({ kubeconfig: cluster.controlPlane.kubeconfig, clock });
  const limit = { qps: 10_000, burst: 10_000 };
  const adapter = new KubernetesCluster(access, { clock, limit, userAgent: 'kubelet', fieldManager: 'kubelet' });
  ends.push(() => adapter.close());
  const system = new SystemNode(cluster, adapter, proxy.endpoint);
  await system.start();
  ends.push(() => system.stop());
  const nodes = new JoiningNodes(adapter, clock);
  ends.push(() => nodes.stop());
  const chart = new Chart(cluster);
  const chartPort = await chart.start();
  ends.push(() => chart.stop());
  const directory = mkdtempSync(join(tmpdir(), 'dovetail-mission-'));
  ends.push(() => rmSync(directory, { recursive: true, force: true }));
  const shell = openShell(directory, { cluster, proxy, chartPort });
  ends.push(() => shell.close());
  return { motoPort: moto.port, proxy, account, cluster, system, shell, nodes };
}

interface Programs {
  readonly cluster: ControlledCluster;
  readonly proxy: FaultProxy;
  readonly chartPort: number;
}

function openShell(directory: string, { cluster, proxy, chartPort }: Programs): Shell {
  const programs = mkdtempSync(join(directory, 'bin-'));
  const script = (name: string, body: string): void =>
    writeFileSync(join(programs, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  // Version 1 of the CLI, which is the one of PyPI, takes neither variable that version 2 takes.
  script('aws', `AWS_DEFAULT_REGION="$AWS_REGION" exec ${awsCli()} --endpoint-url "$AWS_ENDPOINT_URL" "$@"`);
  script('kubectl', `exec "${cluster.controlPlane.programDirectory}/kubectl" "$@"`);
  script('helm', `exec "${process.execPath}" "${HERE}helm-stand-in.ts" ${chartPort} "$@"`);
  // What npx finds in a checkout.
  script('npx', `shift\nexec "${process.execPath}" "${ROOT}bin/dovetail.js" "$@"`);
  return new Shell(directory, {
    PATH: [programs, process.env.PATH].join(delimiter),
    HOME: directory,
    LANG: 'C.UTF-8',
    KUBECONFIG: cluster.controlPlane.kubeconfig,
    AWS_ENDPOINT_URL: proxy.endpoint,
    AWS_ACCESS_KEY_ID: ADMINISTRATOR,
    AWS_SECRET_ACCESS_KEY: ADMINISTRATOR,
  });
}
