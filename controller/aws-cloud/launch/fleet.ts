// The one call that launches: how a CreateFleet of type instant is written, and what its answer says. Pure. Equal input is
// the same request to the byte: a token may only be used with one.
import type {
  CreateFleetCommandInput,
  CreateFleetCommandOutput,
  DefaultTargetCapacityType,
  FleetLaunchTemplateConfigRequest,
} from '@aws-sdk/client-ec2';
import type { LaunchOffering } from '../../ports/index.ts';
import { classOf } from '../errors.ts';
import { tagList } from '../tags.ts';
import type { LaunchPlan } from './plan.ts';

/** What the request is written from. */
export interface FleetInput {
  readonly plan: LaunchPlan;
  /** By zone. */
  readonly subnets: ReadonlyMap<string, string>;
  readonly count: number;
  /** At most 64 characters of ASCII. */
  readonly token: string;
  /** The plan's, and those of this launch. */
  readonly tags: Readonly<Record<string, string>>;
}

const TAGGED = ['instance', 'volume', 'fleet'] as const;

/** Writes the request. */
export function fleetRequest({ plan, subnets, count, token, tags }: FleetInput): CreateFleetCommandInput {
  const byTemplate = Map.groupBy(plan.pools, ({ template }) => template);
  const configs: FleetLaunchTemplateConfigRequest[] = [...byTemplate].map(([name, pools]) => ({
    LaunchTemplateSpecification: { LaunchTemplateName: name, Version: '$Latest' },
    Overrides: pools.map(({ offering, imageId }) => ({
      InstanceType: offering.instanceType as never,
      SubnetId: subnets.get(offering.zone),
      ImageId: imageId,
      // EC2 knows it by the subnet; its errors repeat what is here.
      AvailabilityZone: offering.zone,
    })),
  }));
  return {
    Type: 'instant',
    ClientToken: token,
    LaunchTemplateConfigs: configs,
    TargetCapacitySpecification: { TotalTargetCapacity: count, DefaultTargetCapacityType: targetType(plan) },
    TagSpecifications: TAGGED.map((ResourceType) => ({ ResourceType, Tags: tagList(tags) })),
    ...(plan.context === undefined ? {} : { Context: plan.context }),
    ...strategy(plan),
  };
}

function targetType({ capacityType, reservation }: LaunchPlan): DefaultTargetCapacityType {
  if (capacityType !== 'reserved') return capacityType;
  if (reservation?.reservationType === 'capacity-block') return 'capacity-block';
  return reservation?.interruptible === true ? 'reserved-capacity' : 'on-demand';
}

function strategy({ capacityType, reservation }: LaunchPlan): Partial<CreateFleetCommandInput> {
  if (capacityType === 'spot') return { SpotOptions: { AllocationStrategy: 'price-capacity-optimized' } };
  if (reservation?.reservationType === 'capacity-block') return {};
  if (reservation?.interruptible === true) {
    return { ReservedCapacityOptions: { ReservationTypes: ['interruptible-capacity-reservation'] } };
  }
  return { OnDemandOptions: { AllocationStrategy: 'lowest-price' } };
}

/** An instance as the answer tells of it. */
export interface FleetInstance {
  readonly id: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly imageId: string;
}

/** A pool that was refused. */
export interface FleetRefusal {
  readonly code: string;
  readonly message: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly subnetId: string;
}

/** What an answer says. */
export interface FleetAnswer {
  readonly instances: readonly FleetInstance[];
  readonly refusals: readonly FleetRefusal[];
}

/** Reads the answer. */
export function readFleetAnswer({ Instances = [], Errors = [] }: CreateFleetCommandOutput): FleetAnswer {
  return {
    instances: Instances.flatMap(({ InstanceIds = [], InstanceType = '', LaunchTemplateAndOverrides }) => {
      const { AvailabilityZone = '', ImageId = '' } = LaunchTemplateAndOverrides?.Overrides ?? {};
      return InstanceIds.map((id) => ({ id, instanceType: InstanceType, zone: AvailabilityZone, imageId: ImageId }));
    }),
    refusals: Errors.map(({ ErrorCode = '', ErrorMessage = '', LaunchTemplateAndOverrides }) => {
      const { InstanceType = '', AvailabilityZone = '', SubnetId = '' } = LaunchTemplateAndOverrides?.Overrides ?? {};
      return {
        code: ErrorCode,
        message: ErrorMessage,
        instanceType: InstanceType,
        zone: AvailabilityZone,
        subnetId: SubnetId,
      };
    }),
  };
}

/** Spot needs a role of its own in the account: without it there is no spot capacity at all. */
export const NO_SPOT_ROLE = 'AuthFailure.ServiceLinkedRoleCreationNotPermitted';

/** The offerings of a launch that its refusals say can't be had now. */
export function exhaustedOf(
  pools: readonly { readonly offering: LaunchOffering }[],
  refusals: readonly FleetRefusal[],
): readonly LaunchOffering[] {
  if (refusals.some(({ code }) => code === NO_SPOT_ROLE)) return pools.map(({ offering }) => offering);
  const short = refusals.filter(({ code, message }) => classOf(code, message) === 'capacity');
  const keys = new Set(short.map(({ instanceType, zone }) => `${instanceType} ${zone}`));
  return pools.map(({ offering }) => offering).filter(({ instanceType, zone }) => keys.has(`${instanceType} ${zone}`));
}

/** The refusals in a sentence, each code once. */
export function refusalText(refusals: readonly FleetRefusal[]): string {
  const byCode = new Map(refusals.map((refusal) => [refusal.code, refusal]));
  const parts = [...byCode.values()].map(({ code, message }) => `${code}: ${message}`);
  return parts.length === 0 ? 'EC2 launched nothing and gave no reason' : parts.join('; ');
}
