// Whether a node class can be launched with: its user data can be written, and EC2 would let the controller make what it asks
// for. Dry runs make nothing.
import {
  CreateFleetCommand,
  CreateLaunchTemplateCommand,
  type RequestLaunchTemplateData,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { type Clock, CloudError, type NodeClassCondition } from '../../ports/index.ts';
import { callAws } from '../calls.ts';
import type { AwsClients } from '../clients.ts';
import { classOfError } from '../errors.ts';
import { Kept } from '../kept.ts';
import type { TemplateContent } from '../launch/index.ts';
import { LIMITS } from '../limits.ts';
import { tagList } from '../tags.ts';

const TYPE = 'ValidationSucceeded';

/** What to try. */
export interface ValidationInput {
  readonly template: TemplateContent;
  readonly subnetIds: readonly string[];
  readonly architecture: string;
}

/** Tries. */
export class Validator {
  readonly #clients: Pick<AwsClients, 'ec2Once'>;
  readonly #kept: Kept<NodeClassCondition>;

  constructor(clients: Pick<AwsClients, 'ec2Once'>, clock: Clock) {
    this.#clients = clients;
    this.#kept = new Kept(clock, LIMITS.rememberedClasses);
  }

  /** The condition; what was found out holds for a while. */
  validate(input: ValidationInput): Promise<NodeClassCondition> {
    const key = JSON.stringify([input.template.name, input.subnetIds, input.architecture]);
    const forMs = ({ status }: NodeClassCondition): number => (status === 'Unknown' ? 0 : LIMITS.validationMs);
    return this.#kept.get(key, forMs, () => this.#tryAll(input));
  }

  async #tryAll(input: ValidationInput): Promise<NodeClassCondition> {
    const tries = [
      ['CreateLaunchTemplate', () => this.#template(input)],
      ['CreateFleet', () => this.#fleet(input)],
      ['RunInstances', () => this.#run(input)],
    ] as const;
    for (const [action, dryRun] of tries) {
      const failure = failureOf(action, await dryRun().catch((error: unknown) => error));
      if (failure !== undefined) return failure;
    }
    return { type: TYPE, status: 'True', reason: TYPE, message: '' };
  }

  #template({ template }: ValidationInput): Promise<unknown> {
    const command = new CreateLaunchTemplateCommand({
      DryRun: true,
      LaunchTemplateName: template.name,
      LaunchTemplateData: template.data,
      TagSpecifications: [{ ResourceType: 'launch-template', Tags: tagList(template.tags) }],
    });
    return callAws('ec2:CreateLaunchTemplate', (call) => this.#clients.ec2Once.send(command, call));
  }

  #fleet({ template, subnetIds, architecture }: ValidationInput): Promise<unknown> {
    const Tags = tagList(template.tags);
    const command = new CreateFleetCommand({
      DryRun: true,
      Type: 'instant',
      LaunchTemplateConfigs: [
        {
          LaunchTemplateSpecification: { LaunchTemplateName: template.name, Version: '$Latest' },
          Overrides: subnetIds.map((SubnetId) => ({ InstanceType: typeFor(architecture), SubnetId })),
        },
      ],
      TargetCapacitySpecification: { TotalTargetCapacity: 1, DefaultTargetCapacityType: 'on-demand' },
      OnDemandOptions: { AllocationStrategy: 'lowest-price' },
      TagSpecifications: (['instance', 'volume', 'fleet'] as const).map((ResourceType) => ({ ResourceType, Tags })),
    });
    return callAws('ec2:CreateFleet', (call) => this.#clients.ec2Once.send(command, call));
  }

  #run({ template, subnetIds, architecture }: ValidationInput): Promise<unknown> {
    const Tags = tagList(template.tags);
    const command = new RunInstancesCommand({
      ...runData(template.data, subnetIds[0]),
      DryRun: true,
      MinCount: 1,
      MaxCount: 1,
      InstanceType: typeFor(architecture),
      TagSpecifications: (['instance', 'volume', 'network-interface'] as const).map((ResourceType) => ({
        ResourceType,
        Tags,
      })),
    });
    return callAws('ec2:RunInstances', (call) => this.#clients.ec2Once.send(command, call));
  }
}

/** A type of each architecture that is sold everywhere. */
function typeFor(architecture: string) {
  return architecture === 'arm64' ? 'm6g.large' : 'm5.large';
}

/** What a template and a launch without one have in common. */
function runData(data: RequestLaunchTemplateData, subnetId: string | undefined): Partial<RunInstancesCommandInput> {
  const { ImageId, IamInstanceProfile, UserData, MetadataOptions, BlockDeviceMappings } = data;
  const interfaces = (data.NetworkInterfaces ?? []).map((one) => ({ ...one, SubnetId: subnetId }));
  return {
    ImageId,
    IamInstanceProfile,
    UserData,
    MetadataOptions,
    BlockDeviceMappings,
    NetworkInterfaces: interfaces,
  } as Partial<RunInstancesCommandInput>;
}

function failureOf(action: string, outcome: unknown): NodeClassCondition | undefined {
  if (!(outcome instanceof CloudError)) return undefined;
  const { code, message } = outcome;
  // EC2 would have done it.
  if (code === 'DryRunOperation') return undefined;
  if (/User data is limited to/i.test(message)) {
    return { type: TYPE, status: 'False', reason: 'UserDataSizeLimitExceeded', message };
  }
  switch (classOfError(outcome)) {
    case 'denied':
      return { type: TYPE, status: 'False', reason: `${action}AuthCheckFailed`, message };
    // Rights come first: it has passed them. The template of a dry run is not there, and capacity comes and goes.
    case 'not-found':
    case 'already-exists':
    case 'capacity':
      return undefined;
    default:
      return { type: TYPE, status: 'Unknown', reason: `${action}DryRunFailed`, message };
  }
}
