// Small made-up catalogues and requests for tests. Types are explicit, so that what fits where can be worked out by hand.
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  CapacityType,
  type InstanceType,
  type InstanceTypeSchema,
  type SolveRequestSchema,
} from '../../proto/index.ts';
import type { TypeRecord } from '../messages/index.ts';
import type { RegionSource } from '../offerings/index.ts';

/** Bytes in a gibibyte. */
export const GIBIBYTE = 1024 ** 3;

/** Nano-dollars in a cent. */
export const CENT_NANO = 10_000_000;

/** An instance type as plain data, so that tests can spread and change it. */
type PlainType = Exclude<MessageInitShape<typeof InstanceTypeSchema>, InstanceType>;

/** A made-up type: so many vCPUs, four times as many GiB, at a price for each of its zones. */
export function explicitType(
  name: string,
  cpuCount: number,
  priceNano: number,
  options: { readonly zones?: readonly string[]; readonly capacityTypes?: readonly CapacityType[] } = {},
): PlainType {
  const { zones = ['a', 'b'], capacityTypes = [CapacityType.ON_DEMAND] } = options;
  return {
    name,
    form: {
      case: 'explicit',
      value: {
        labels: {
          'node.kubernetes.io/instance-type': name,
          'kubernetes.io/arch': 'amd64',
          'kubernetes.io/os': 'linux',
        },
        capacity: { cpuMilli: BigInt(cpuCount * 1000), memoryBytes: BigInt(cpuCount * 4 * GIBIBYTE), pods: 110n },
      },
    },
    offerings: zones.flatMap((zone) =>
      capacityTypes.map((capacityType) => ({
        zone,
        capacityType,
        priceNanoUsdPerHour: BigInt(priceNano),
        available: true,
      })),
    ),
  };
}

/** Three sizes in two zones; the largest is the dearest and, by the vCPU, the cheapest. */
export function smallCatalogue(): { instanceTypes: PlainType[] } {
  return {
    instanceTypes: [
      explicitType('small', 2, 10 * CENT_NANO),
      explicitType('medium', 4, 18 * CENT_NANO),
      explicitType('large', 8, 34 * CENT_NANO),
    ],
  };
}

/** Regions of made-up types: `us-east-1` and `eu-test-1`. */
export const smallRegions: RegionSource = {
  regions: () => ['eu-test-1', 'us-east-1'],
  load: (region) => ({
    types: ['small', 'medium', 'large'].map((name, position): TypeRecord => {
      const cpuCount = 2 ** (position + 1);
      return {
        name,
        form: {
          kind: 'explicit',
          labels: {
            'node.kubernetes.io/instance-type': name,
            'kubernetes.io/arch': 'amd64',
            'kubernetes.io/os': 'linux',
          },
          capacity: { cpu: cpuCount * 1000, memory: cpuCount * 4 * GIBIBYTE, pods: 110 },
          overhead: {},
        },
        offerings: ['a', 'b'].map((zone) => ({
          zone: `${region}${zone}`,
          zoneId: '',
          capacityType: 'on-demand',
          reservationId: '',
          freeCount: 0,
          priceNanoUsdPerHour: cpuCount * 5 * CENT_NANO,
          available: true,
          priceSource: 'listed',
          priceAsOfUnixSeconds: 1_700_000_000,
        })),
      };
    }),
    notices: [],
  }),
};

/** A request for so many pods of one shape on one pool without conditions. */
export function podsRequest(
  podCount: number,
  options: {
    readonly cpuMilli?: number;
    readonly memoryBytes?: number;
    readonly catalogue?: MessageInitShape<typeof SolveRequestSchema>['catalogue'];
  } = {},
) {
  const { cpuMilli = 1000, memoryBytes = GIBIBYTE, catalogue } = options;
  return {
    ...(catalogue === undefined ? {} : { catalogue }),
    nodePools: [{ name: 'default' }],
    podGroups: [
      {
        shape: { requests: { cpuMilli: BigInt(cpuMilli), memoryBytes: BigInt(memoryBytes) } },
        names: Array.from({ length: podCount }, (_, index) => `pod-${index}`),
      },
    ],
  } satisfies MessageInitShape<typeof SolveRequestSchema>;
}
