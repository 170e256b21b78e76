// The walk-through as it is walked: commands are typed into the shell one by one and kept for the transcript, and what came of
// them is looked up in the cluster and in moto.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeInstancesCommand,
  DescribeLaunchTemplateVersionsCommand,
  type ResponseLaunchTemplateData,
} from '@aws-sdk/client-ec2';
import type { ControllerProcess, KubeObject } from '../../controller/index.ts';
import { REGION } from '../moto/index.ts';
import type { CallRecord } from '../proxy/index.ts';
import { LIMITS } from './limits.ts';
import { type MissionWorld, startMissionWorld } from './mission-world.ts';
import { commandsOf, type Ran } from './shell.ts';
import { Transcript } from './transcript.ts';

/** The article's region has zones that moto contradicts itself about. */
const PRINTED_REGION = 'us-east-1';

/** Not typed: it is fetched from the Internet, and is no part of this. */
const LEFT_OUT = /opencost/;

/** The walk. */
export class Walk {
  readonly world: MissionWorld;
  readonly transcript = new Transcript();

  private constructor(world: MissionWorld) {
    this.world = world;
  }

  static async start(): Promise<Walk> {
    return new Walk(await startMissionWorld());
  }

  /** Types a command that ends well. */
  async type(command: string): Promise<Ran> {
    const ran = await this.typeAnyhow(command);
    assert.equal(ran.status, 0, `${command}\n${ran.output}`);
    return ran;
  }

  /** Types a command however it ends; with `until`, interrupts it once it has said that. */
  async typeAnyhow(command: string, until?: RegExp): Promise<Ran> {
    const ran = await this.world.shell.run(command, until);
    this.transcript.ran(ran);
    return ran;
  }

  /** Types the commands of one of the article's scripts. */
  async article(name: string, until?: RegExp): Promise<Ran[]> {
    const script = readFileSync(new URL(`./article/${name}.sh`, import.meta.url), 'utf8');
    const all: Ran[] = [];
    for (const command of commandsOf(script.replaceAll(PRINTED_REGION, REGION))) {
      if (LEFT_OUT.test(command)) continue;
      all.push(await this.typeAnyhow(command, command.endsWith('--follow') ? until : undefined));
    }
    return all;
  }

  /** Applies what the article prints as YAML alone, the way it applies the first. */
  applyPrinted(name: string): Promise<Ran> {
    const text = readFileSync(new URL(`../../../examples/mission/${name}`, import.meta.url), 'utf8');
    return this.typeAnyhow(`cat <<EOF | kubectl apply -f -\n${text.trimEnd()}\nEOF`);
  }

  /** Applies manifests of ours, from ours/. */
  applyOwn(name: string): Promise<Ran> {
    const text = readFileSync(new URL(`./ours/${name}`, import.meta.url), 'utf8');
    return this.type(`cat <<EOF | kubectl apply -f -\n${text.trimEnd()}\nEOF`);
  }

  /** Resolves when the question is answered with yes; throws with what there is when that takes too long. */
  async waitUntil(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = performance.now() + LIMITS.waitMs;
    while (!(await isSo())) {
      if (performance.now() > deadline) {
        throw new Error(`wait until ${what}: not after ${LIMITS.waitMs} ms\n${await this.world.cluster.describe()}`);
      }
      await sleep(LIMITS.pollMs);
    }
  }

  /** Pods of a deployment that run, once there are so many and no others. */
  async untilRunning(app: string, count: number): Promise<KubeObject[]> {
    let pods: KubeObject[] = [];
    await this.waitUntil(`${count} pods of ${app} run`, async () => {
      pods = await this.world.cluster.get('pods', '-l', `app=${app}`);
      return pods.length === count && pods.every(isReady);
    });
    return pods;
  }

  claims(pool: string): Promise<KubeObject[]> {
    return this.world.cluster.get('nodeclaims', '-l', `karpenter.sh/nodepool=${pool}`);
  }

  /** The controller that leads, once it has had its look at the set-up. */
  async leader(): Promise<ControllerProcess> {
    const own = (): ControllerProcess | undefined => this.world.system.controllers.at(-1);
    await this.waitUntil('a controller leads', () => own()?.says('became leader') === true);
    return own() as ControllerProcess;
  }

  /** Launches of a pool up to now, dry runs aside. */
  fleets(pool: string): CallRecord[] {
    return this.world.proxy.journal.filter(
      ({ action, parameters, tags }) =>
        action === 'CreateFleet' &&
        parameters.get('DryRun') !== 'true' &&
        tags.instance?.['karpenter.sh/nodepool'] === pool,
    );
  }

  /** The offerings that launches asked for since the journal had so many lines. */
  overrides(from: number): { instanceType: string; zone: string; isSpot: boolean }[] {
    return this.world.proxy.journal
      .slice(from)
      .filter(({ action, parameters }) => action === 'CreateFleet' && parameters.get('DryRun') !== 'true')
      .flatMap(({ parameters }) =>
        [...parameters].flatMap(([key, instanceType]) => {
          if (!/\.Overrides\.\d+\.InstanceType$/.test(key)) return [];
          const zone = parameters.get(key.replace(/InstanceType$/, 'AvailabilityZone')) ?? '';
          const isSpot = parameters.get('TargetCapacitySpecification.DefaultTargetCapacityType') === 'spot';
          return [{ instanceType, zone, isSpot }];
        }),
      );
  }

  /** What moto says of a claim's instance. */
  async instanceState(claim: KubeObject | undefined): Promise<string> {
    const id = String(claim?.status.providerID).split('/').at(-1) ?? '';
    const { Reservations = [] } = await this.world.account.ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [id] }),
    );
    return Reservations[0]?.Instances?.[0]?.State?.Name ?? 'unknown';
  }

  /** What the launch templates of a pool's last launch say. */
  async launchTemplates(pool: string): Promise<ResponseLaunchTemplateData[]> {
    const names = [...(this.fleets(pool).at(-1)?.parameters ?? [])].flatMap(([key, value]) =>
      key.endsWith('.LaunchTemplateSpecification.LaunchTemplateName') ? [value] : [],
    );
    assert.ok(names.length > 0, `nothing was launched for ${pool}`);
    const found: ResponseLaunchTemplateData[] = [];
    for (const LaunchTemplateName of names) {
      const command = new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName });
      const { LaunchTemplateVersions = [] } = await this.world.account.ec2.send(command);
      found.push(...LaunchTemplateVersions.flatMap(({ LaunchTemplateData }) => LaunchTemplateData ?? []));
    }
    return found;
  }
}

/** Of a launch template. */
export function userDataOf({ UserData = '' }: ResponseLaunchTemplateData): string {
  return Buffer.from(UserData, 'base64').toString();
}

function isReady({ metadata, status }: KubeObject): boolean {
  const conditions = (status?.conditions ?? []) as readonly { readonly type: string; readonly status: string }[];
  const ready = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  return metadata.deletionTimestamp === undefined && ready;
}
