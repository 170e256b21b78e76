// The instance profile of a node class: the one that it names, or one that is made for its role. A profile belongs to one
// node class by its path, and to one role by its name: a new role is a new profile, so that nodes that run keep theirs.
import { createHash } from 'node:crypto';
import { DescribeInstancesCommand, type Reservation } from '@aws-sdk/client-ec2';
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  DeleteInstanceProfileCommand,
  GetInstanceProfileCommand,
  type InstanceProfile,
  ListInstanceProfilesCommand,
  RemoveRoleFromInstanceProfileCommand,
} from '@aws-sdk/client-iam';
import type { ApiObject, Clock } from '../../ports/index.ts';
import type { EffectiveNodeClassSpec } from '../../resources/index.ts';
import { callAws, readPages } from '../calls.ts';
import type { AwsClients } from '../clients.ts';
import { classOfError } from '../errors.ts';
import { Kept } from '../kept.ts';
import { LIMITS } from '../limits.ts';
import type { AwsSettings } from '../settings.ts';
import { clusterTags, NODE_CLASS_TAG, tagList } from '../tags.ts';
import { notReady, type Part, ready } from './selected.ts';

const TYPE = 'InstanceProfileReady';

/** States of instances that still need their profile. */
const LIVING = ['pending', 'running', 'stopping', 'stopped'];

/** What profiles are made with. */
export interface ProfileOptions {
  readonly clients: Pick<AwsClients, 'iam' | 'ec2' | 'region'>;
  readonly settings: Pick<AwsSettings, 'clusterName' | 'isolatedVpc'>;
  readonly clock: Clock;
}

/** Makes, finds and removes profiles. */
export class InstanceProfiles {
  readonly #options: ProfileOptions;
  readonly #kept: Kept<Part<string>>;
  readonly #cleaned: Kept<number>;

  constructor(options: ProfileOptions) {
    this.#options = options;
    this.#kept = new Kept(options.clock, LIMITS.rememberedClasses);
    this.#cleaned = new Kept(options.clock, LIMITS.rememberedClasses);
  }

  /** The profile of a node class. */
  ensure(nodeClass: ApiObject, spec: EffectiveNodeClassSpec, clusterUid: string): Promise<Part<string>> {
    const { role, instanceProfile } = spec;
    const present = (nodeClass.status as { readonly instanceProfile?: string } | undefined)?.instanceProfile ?? '';
    const key = JSON.stringify([nodeClass.metadata.uid, role, instanceProfile, present]);
    const forMs = ({ condition }: Part<string>): number => (condition.status === 'True' ? LIMITS.profileMs : 0);
    return this.#kept.get(key, forMs, () =>
      role === undefined ? this.#named(instanceProfile ?? '') : this.#ofRole(nodeClass, spec, present, clusterUid),
    );
  }

  /** Removes everything that was made for a node class. */
  async forget(nodeClass: ApiObject, signal?: AbortSignal): Promise<void> {
    if (this.#options.settings.isolatedVpc) return;
    for (const profile of await this.#made(nodeClass, signal)) await this.#remove(profile, signal);
  }

  /** Removes profiles of roles that the node class had before, once no instance has them. At most once in a while. */
  async removeOld(nodeClass: ApiObject, current: string): Promise<number> {
    const key = JSON.stringify([nodeClass.metadata.uid, current]);
    return this.#cleaned.get(key, LIMITS.profileMs, async () => {
      let count = 0;
      for (const profile of await this.#made(nodeClass)) {
        const ageMs = this.#options.clock.nowMs() - (profile.CreateDate?.getTime() ?? 0);
        if (profile.InstanceProfileName === current || ageMs < LIMITS.oldProfileMs) continue;
        if (await this.#isUsed(profile)) continue;
        await this.#remove(profile);
        count += 1;
      }
      return count;
    });
  }

  async #named(name: string): Promise<Part<string>> {
    // There is no way to IAM out of an isolated VPC; EC2 will say what it thinks of the name.
    if (this.#options.settings.isolatedVpc) return ready(TYPE, name);
    const profile = await this.#get(name);
    if (profile === undefined) {
      const message = `There is no instance profile ${name}: make it, or write spec.role in place of spec.instanceProfile`;
      return notReady(TYPE, '', 'InstanceProfileNotFound', message);
    }
    return ready(TYPE, name);
  }

  async #ofRole(
    nodeClass: ApiObject,
    spec: EffectiveNodeClassSpec,
    present: string,
    clusterUid: string,
  ): Promise<Part<string>> {
    if (this.#options.settings.isolatedVpc) {
      const message = 'IAM is out of reach in an isolated VPC: write spec.instanceProfile in place of spec.role';
      return notReady(TYPE, '', 'InstanceProfileNotFound', message);
    }
    const role = roleName(spec.role ?? '');
    if (present !== '' && roleOf(await this.#get(present)) === role) return ready(TYPE, present);
    const name = this.#nameFor(nodeClass, role);
    try {
      await this.#make(name, role, nodeClass, spec, clusterUid);
      return ready(TYPE, name);
    } catch (error) {
      if (classOfError(error) !== 'not-found') throw error;
      const message = `There is no role ${role}: make it, with the policies of an EKS node, or mend spec.role`;
      return notReady(TYPE, '', 'RoleNotFound', message);
    }
  }

  async #make(
    name: string,
    role: string,
    nodeClass: ApiObject,
    spec: EffectiveNodeClassSpec,
    clusterUid: string,
  ): Promise<void> {
    const { clients, settings } = this.#options;
    const found = await this.#get(name);
    if (roleOf(found) === role) return;
    const input = { InstanceProfileName: name };
    if (found === undefined) {
      const tags = {
        ...spec.tags,
        ...clusterTags(settings.clusterName, clusterUid),
        [NODE_CLASS_TAG]: nodeClass.metadata.name ?? '',
        'topology.kubernetes.io/region': clients.region,
      };
      const command = new CreateInstanceProfileCommand({
        ...input,
        Path: this.#pathOf(nodeClass),
        Tags: tagList(tags).map(({ Key, Value }) => ({ Key: Key ?? '', Value: Value ?? '' })),
      });
      await ignoring('already-exists', () =>
        callAws('iam:CreateInstanceProfile', (call) => clients.iam.send(command, call)),
      );
    }
    await this.#removeRoles(found);
    const add = new AddRoleToInstanceProfileCommand({ ...input, RoleName: role });
    await callAws('iam:AddRoleToInstanceProfile', (call) => clients.iam.send(add, call));
  }

  async #get(name: string): Promise<InstanceProfile | undefined> {
    const { iam } = this.#options.clients;
    const command = new GetInstanceProfileCommand({ InstanceProfileName: name });
    const answer = await ignoring('not-found', () =>
      callAws('iam:GetInstanceProfile', (call) => iam.send(command, call)),
    );
    return answer?.InstanceProfile;
  }

  #made(nodeClass: ApiObject, signal?: AbortSignal): Promise<InstanceProfile[]> {
    const { iam } = this.#options.clients;
    const PathPrefix = this.#pathOf(nodeClass);
    return readPages<InstanceProfile>(
      'iam:ListInstanceProfiles',
      async (Marker, call) => {
        const answer = await iam.send(new ListInstanceProfilesCommand({ PathPrefix, Marker }), call);
        // Nothing that is not under the path is ever touched, whatever the answer has.
        const items = answer.InstanceProfiles?.filter(({ Path }) => Path === PathPrefix);
        return { items, next: answer.Marker };
      },
      signal,
    );
  }

  async #isUsed({ Arn = '' }: InstanceProfile): Promise<boolean> {
    const Filters = [
      { Name: 'iam-instance-profile.arn', Values: [Arn] },
      { Name: 'instance-state-name', Values: LIVING },
    ];
    const found = await readPages<Reservation>('ec2:DescribeInstances', async (NextToken, call) => {
      const answer = await this.#options.clients.ec2.send(new DescribeInstancesCommand({ Filters, NextToken }), call);
      return { items: answer.Reservations, next: answer.NextToken };
    });
    return found.length > 0;
  }

  async #remove(profile: InstanceProfile, signal?: AbortSignal): Promise<void> {
    const { iam } = this.#options.clients;
    await this.#removeRoles(profile, signal);
    const command = new DeleteInstanceProfileCommand({ InstanceProfileName: profile.InstanceProfileName });
    await ignoring('not-found', () => callAws('iam:DeleteInstanceProfile', (call) => iam.send(command, call), signal));
  }

  async #removeRoles(profile: InstanceProfile | undefined, signal?: AbortSignal): Promise<void> {
    const { iam } = this.#options.clients;
    for (const { RoleName } of profile?.Roles ?? []) {
      const input = { InstanceProfileName: profile?.InstanceProfileName, RoleName };
      await ignoring('not-found', () =>
        callAws(
          'iam:RemoveRoleFromInstanceProfile',
          (call) => iam.send(new RemoveRoleFromInstanceProfileCommand(input), call),
          signal,
        ),
      );
    }
  }

  #pathOf({ metadata }: ApiObject): string {
    const { clients, settings } = this.#options;
    return `/karpenter/${clients.region}/${settings.clusterName}/${metadata.uid ?? ''}/`;
  }

  #nameFor({ metadata }: ApiObject, role: string): string {
    const { clients, settings } = this.#options;
    const text = JSON.stringify([clients.region, metadata.name, metadata.uid, role]);
    const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
    return `${settings.clusterName.slice(0, LONGEST_NAME - HASH_LENGTH - 1)}_${hash}`;
  }
}

const HASH_LENGTH = 20;

/** IAM's own bound. */
const LONGEST_NAME = 128;

/** Roles are attached by their names, without their paths. */
function roleName(role: string): string {
  return role.slice(role.lastIndexOf('/') + 1);
}

function roleOf(profile: InstanceProfile | undefined): string | undefined {
  return profile?.Roles?.[0]?.RoleName;
}

async function ignoring<Answer>(
  what: 'not-found' | 'already-exists',
  call: () => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await call();
  } catch (error) {
    if (classOfError(error) === what) return undefined;
    throw error;
  }
}
