// What IAM would ask about a call before it is done: each action on each resource, with the keys that conditions may name.
// Which those are stands in AWS' Service Authorization Reference; what the tags of things are, and what is in launch
// templates and profiles, is remembered from the calls that made them.
import { type AwsRequest, listOf, requestTags } from '../request.ts';
import type { AuthorizationRequest } from './evaluator.ts';

type Tags = Readonly<Record<string, string>>;
type Context = AuthorizationRequest['context'];
type Parameters = ReadonlyMap<string, string>;

interface Template {
  readonly id: string;
  readonly tags: Tags;
  readonly parameters: Parameters;
}

interface Profile {
  readonly path: string;
  readonly tags: Tags;
  role?: string;
}

/** Where the calls go. */
export interface Place {
  readonly region: string;
  readonly account: string;
}

/** Tells what is asked, and remembers what was made. */
export class Authorizations {
  readonly #place: Place;
  readonly #templates = new Map<string, Template>();
  readonly #instances = new Map<string, Tags>();
  readonly #profiles = new Map<string, Profile>();

  constructor(place: Place) {
    this.#place = place;
  }

  /** To be called before a call is done: a thing that ends is known for the last time. */
  of(request: AwsRequest): readonly AuthorizationRequest[] {
    const { service, action, parameters } = request;
    switch (service) {
      case 'ec2':
        return this.#ofEc2(action, parameters);
      case 'iam':
        return this.#ofIam(action, parameters);
      case 'sts':
        // Nobody needs a right to know who he is.
        return [];
      default:
        return [{ action: `${service}:${action}`, resource: this.#resource(request), context: this.#here({}) }];
    }
  }

  /** To be called once a call was done. */
  note({ service, action, parameters }: AwsRequest, body: string): void {
    if (parameters.get('DryRun') === 'true') return;
    if (service === 'ec2' && action === 'CreateLaunchTemplate') {
      const [, id = ''] = /<launchTemplateId>([^<]+)</.exec(body) ?? [];
      const tags = requestTags(parameters)['launch-template'] ?? {};
      this.#templates.set(parameters.get('LaunchTemplateName') ?? '', { id, tags, parameters });
    } else if (service === 'ec2' && action === 'CreateFleet') {
      for (const [id] of body.matchAll(/\bi-[0-9a-f]{8,17}\b/g)) {
        if (!this.#instances.has(id)) this.#instances.set(id, requestTags(parameters).instance ?? {});
      }
    } else if (service === 'iam' && action === 'CreateInstanceProfile') {
      this.#profiles.set(parameters.get('InstanceProfileName') ?? '', {
        path: parameters.get('Path') ?? '/',
        tags: memberTags(parameters),
      });
    } else if (service === 'iam' && action === 'AddRoleToInstanceProfile') {
      const profile = this.#profiles.get(parameters.get('InstanceProfileName') ?? '');
      if (profile !== undefined) profile.role = parameters.get('RoleName') ?? '';
    }
  }

  #ofEc2(action: string, parameters: Parameters): readonly AuthorizationRequest[] {
    switch (action) {
      case 'CreateFleet':
        return this.#ofFleet(parameters);
      case 'RunInstances':
        return this.#ofRun(parameters);
      case 'CreateLaunchTemplate':
        return this.#making(action, requestTags(parameters), ['launch-template']);
      case 'DeleteLaunchTemplate': {
        const template = this.#templates.get(parameters.get('LaunchTemplateName') ?? '');
        return template === undefined ? [] : [this.#own(action, `launch-template/${template.id}`, template.tags)];
      }
      case 'TerminateInstances':
        return listOf(parameters, 'InstanceId').flatMap((id) => {
          const tags = this.#instances.get(id);
          return tags === undefined ? [] : [this.#own(action, `instance/${id}`, tags)];
        });
      case 'CreateTags': {
        const asked = requestTags(parameters)[''] ?? {};
        return listOf(parameters, 'ResourceId').flatMap((id) => {
          const tags = this.#instances.get(id);
          return tags === undefined ? [] : [this.#own(action, `instance/${id}`, tags, requestContext(asked))];
        });
      }
      default:
        return [{ action: `ec2:${action}`, resource: '*', context: this.#here({}) }];
    }
  }

  #ofFleet(parameters: Parameters): readonly AuthorizationRequest[] {
    const names = valuesOf(parameters, /^LaunchTemplateConfigs\.\d+\.LaunchTemplateSpecification\.LaunchTemplateName$/);
    const isSpot = parameters.get('TargetCapacitySpecification.DefaultTargetCapacityType') === 'spot';
    const tags = requestTags(parameters);
    const found: AuthorizationRequest[] = [];
    const both = (resource: string, context: Context): void => {
      for (const action of ['ec2:CreateFleet', 'ec2:RunInstances']) found.push({ action, resource, context });
    };
    for (const id of valuesOf(parameters, /\.Overrides\.\d+\.SubnetId$/))
      both(this.#arn(`subnet/${id}`), this.#here({}));
    for (const id of valuesOf(parameters, /\.Overrides\.\d+\.ImageId$/)) both(this.#image(id), this.#here({}));
    for (const template of names.flatMap((name) => this.#templates.get(name) ?? [])) {
      both(this.#arn(`launch-template/${template.id}`), this.#here(resourceContext(template.tags)));
      for (const id of valuesOf(template.parameters, /\.SecurityGroupId\.\d+$/)) {
        both(this.#arn(`security-group/${id}`), this.#here({}));
      }
      found.push(...this.#passing(template.parameters.get('LaunchTemplateData.IamInstanceProfile.Name')));
      const given = requestTags(template.parameters, 'LaunchTemplateData.');
      const made = ['network-interface', ...(isSpot ? ['spot-instances-request'] : [])];
      found.push(...this.#making('CreateFleet', given, made), ...this.#making('RunInstances', given, made));
    }
    return [
      ...found,
      ...this.#making('CreateFleet', tags, ['fleet', 'instance', 'volume']),
      ...this.#making('RunInstances', tags, ['instance', 'volume']),
    ];
  }

  #ofRun(parameters: Parameters): readonly AuthorizationRequest[] {
    const used = [
      this.#image(parameters.get('ImageId') ?? ''),
      ...valuesOf(parameters, /\.SubnetId$/).map((id) => this.#arn(`subnet/${id}`)),
      ...valuesOf(parameters, /\.SecurityGroupId\.\d+$/).map((id) => this.#arn(`security-group/${id}`)),
    ];
    return [
      ...used.map((resource) => ({ action: 'ec2:RunInstances', resource, context: this.#here({}) })),
      ...this.#passing(parameters.get('IamInstanceProfile.Name')),
      ...this.#making('RunInstances', requestTags(parameters), ['instance', 'volume', 'network-interface']),
    ];
  }

  /** Things that a call makes, and their tags, which are a right of their own. */
  #making(
    action: string,
    tags: Readonly<Record<string, Tags>>,
    types: readonly string[],
  ): readonly AuthorizationRequest[] {
    return types.flatMap((type) => {
      const resource = this.#arn(`${type}/*`);
      const asked = tags[type] ?? {};
      const context = this.#here(requestContext(asked));
      const made = { action: `ec2:${action}`, resource, context };
      if (Object.keys(asked).length === 0) return [made];
      return [made, { action: 'ec2:CreateTags', resource, context: { ...context, 'ec2:CreateAction': action } }];
    });
  }

  #own(action: string, name: string, tags: Tags, more: Context = {}): AuthorizationRequest {
    return {
      action: `ec2:${action}`,
      resource: this.#arn(name),
      context: this.#here({ ...resourceContext(tags), ...more }),
    };
  }

  /** An instance gets a role: that has to be allowed of the role. */
  #passing(profileName: string | undefined): readonly AuthorizationRequest[] {
    const role = this.#profiles.get(profileName ?? '')?.role;
    return role === undefined ? [] : [this.#pass(role)];
  }

  #pass(role: string): AuthorizationRequest {
    const context = this.#here({ 'iam:PassedToService': 'ec2.amazonaws.com' });
    return { action: 'iam:PassRole', resource: this.#iam(`role/${role}`), context };
  }

  #ofIam(action: string, parameters: Parameters): readonly AuthorizationRequest[] {
    const name = parameters.get('InstanceProfileName') ?? '';
    const role = parameters.get('RoleName') ?? '';
    const known = this.#profiles.get(name);
    const asked = (resource: string, more: Context = {}): AuthorizationRequest => ({
      action: `iam:${action}`,
      resource: this.#iam(resource),
      context: this.#here(more),
    });
    switch (action) {
      case 'ListInstanceProfiles':
        return [asked(`instance-profile${parameters.get('PathPrefix') ?? '/'}`)];
      case 'CreateInstanceProfile': {
        const context = requestContext(memberTags(parameters));
        const made = asked(`instance-profile${parameters.get('Path') ?? '/'}${name}`, context);
        return [made, { ...made, action: 'iam:TagInstanceProfile' }];
      }
      case 'GetInstanceProfile':
        return [asked(`instance-profile${known?.path ?? '/'}${name}`)];
      case 'AddRoleToInstanceProfile':
      case 'RemoveRoleFromInstanceProfile':
      case 'DeleteInstanceProfile': {
        if (known === undefined) return [];
        const changed = asked(`instance-profile${known.path}${name}`, resourceContext(known.tags));
        return action === 'AddRoleToInstanceProfile' ? [changed, this.#pass(role)] : [changed];
      }
      case 'SimulatePrincipalPolicy':
        return [asked((parameters.get('PolicySourceArn') ?? '').split(':').at(-1) ?? '')];
      default:
        return [asked(role === '' ? '*' : `role/${role}`)];
    }
  }

  #resource({ service, action, parameters, path }: AwsRequest): string {
    const { region, account } = this.#place;
    const arn = (resource: string): string => `arn:aws:${service}:${region}:${account}:${resource}`;
    switch (service) {
      case 'sqs':
        return arn(parameters.get('QueueName') ?? (parameters.get('QueueUrl') ?? '').split('/').at(-1) ?? '');
      case 'ssm':
        return `arn:aws:ssm:${region}::parameter${parameters.get('Name') ?? ''}`;
      case 'events':
        return arn(`rule/${parameters.get('Name') ?? 'any'}`);
      case 'eks': {
        const [, cluster = '*', principal] = /^\/clusters\/([^/?]+)(?:\/access-entries\/(.+))?/.exec(path) ?? [];
        const role = decodeURIComponent(principal ?? '')
          .split('/')
          .at(-1);
        return action === 'DescribeAccessEntry'
          ? arn(`access-entry/${cluster}/role/${account}/${role}/id`)
          : arn(`cluster/${cluster}`);
      }
      default:
        return '*';
    }
  }

  #arn(name: string): string {
    return `arn:aws:ec2:${this.#place.region}:${this.#place.account}:${name}`;
  }

  /** Images and snapshots are of no account. */
  #image(id: string): string {
    return `arn:aws:ec2:${this.#place.region}::image/${id}`;
  }

  #iam(name: string): string {
    return `arn:aws:iam::${this.#place.account}:${name}`;
  }

  #here(context: Context): Context {
    return { 'aws:RequestedRegion': this.#place.region, ...context };
  }
}

function requestContext(tags: Tags): Context {
  const keys = Object.keys(tags);
  const values = Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value] as const);
  return { ...Object.fromEntries(values), ...(keys.length === 0 ? {} : { 'aws:TagKeys': keys }) };
}

function resourceContext(tags: Tags): Context {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
}

/** Tags of IAM: Tags.member.1.Key. */
function memberTags(parameters: Parameters): Tags {
  return Object.fromEntries(
    [...parameters].flatMap(([name, key]) => {
      const [, index] = /^Tags\.member\.(\d+)\.Key$/.exec(name) ?? [];
      return index === undefined ? [] : [[key, parameters.get(`Tags.member.${index}.Value`) ?? '']];
    }),
  );
}

/** Values of parameters by their names, each once. */
function valuesOf(parameters: Parameters, name: RegExp): string[] {
  return [...new Set([...parameters].flatMap(([key, value]) => (name.test(key) ? [value] : [])))];
}
