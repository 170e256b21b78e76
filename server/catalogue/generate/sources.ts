// What the two sources print, as far as the generator reads it, and how it is fetched. Versions are pinned here and
// nowhere else.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The releases the catalogue is made from. `asOf` says how old the data in them is at least. */
export const SOURCES = {
  moto: {
    name: 'moto (PyPI)',
    version: '5.2.5',
    licence: 'Apache-2.0',
    asOf: '2026-10-27',
    asOfMeaning: 'date of the files in the published wheel; the data in it is not dated',
    gives: 'instance types, zones, offerings by zone, EBS attachment limits',
  },
  karpenter: {
    name: 'github.com/aws/karpenter-provider-aws (Go module)',
    version: 'v1.14.1',
    licence: 'Apache-2.0',
    asOf: '2026-05-18',
    asOfMeaning: 'date written in the branch-interface table; the bandwidth table is not dated',
    gives: 'branch interfaces, network bandwidth, on-demand prices',
  },
} as const;

/** When each region's on-demand prices were read, as written in the Go module's tables. */
export const PRICE_DATES: Readonly<Record<string, string>> = {
  'us-east-1': '2026-07-06',
  'us-gov-east-1': '2026-06-15',
  'us-gov-west-1': '2026-06-15',
  'cn-north-1': '2024-11-06',
};

/** One type as EC2's DescribeInstanceTypes writes it; only what is read. */
export interface RawType {
  readonly InstanceType: string;
  readonly BareMetal: boolean;
  readonly Hypervisor?: string;
  readonly SupportedUsageClasses: readonly string[];
  readonly SupportedVirtualizationTypes: readonly string[];
  readonly VCpuInfo: { readonly DefaultVCpus: number };
  readonly MemoryInfo: { readonly SizeInMiB: number };
  readonly ProcessorInfo: {
    readonly Manufacturer?: string;
    readonly SupportedArchitectures: readonly string[];
    readonly SustainedClockSpeedInGhz?: number;
    readonly SupportedFeatures?: readonly string[];
  };
  readonly PlacementGroupInfo: { readonly SupportedStrategies: readonly string[] };
  readonly NetworkInfo: {
    readonly EnaSupport: string;
    readonly EncryptionInTransitSupported: boolean;
    readonly DefaultNetworkCardIndex: number;
    readonly Ipv4AddressesPerInterface: number;
    readonly EfaInfo?: { readonly MaximumEfaInterfaces?: number };
    readonly NetworkCards: readonly { readonly NetworkCardIndex: number; readonly MaximumNetworkInterfaces: number }[];
  };
  readonly EbsInfo: {
    readonly EbsOptimizedSupport: string;
    readonly EbsOptimizedInfo?: { readonly MaximumBandwidthInMbps: number };
    readonly AttachmentLimitType: string;
    readonly MaximumEbsAttachments: number;
  };
  readonly InstanceStorageInfo?: { readonly TotalSizeInGB?: number; readonly NvmeSupport: string };
  readonly GpuInfo?: {
    readonly Gpus: readonly {
      readonly Name: string;
      readonly Manufacturer: string;
      readonly Count: number;
      readonly MemoryInfo: { readonly SizeInMiB: number };
    }[];
  };
  readonly InferenceAcceleratorInfo?: {
    readonly Accelerators: readonly { readonly Name: string; readonly Manufacturer: string; readonly Count: number }[];
  };
  readonly NeuronInfo?: {
    readonly NeuronDevices: readonly {
      readonly Name: string;
      readonly Count: number;
      readonly CoreInfo: { readonly Count: number };
    }[];
  };
}

/** What moto_data.py prints. */
export interface MotoData {
  readonly version: string;
  readonly types: Readonly<Record<string, RawType>>;
  /** region → zone or zone id → types */
  readonly offeringsByZone: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly offeringsByZoneId: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly zones: Readonly<Record<string, readonly { readonly name: string; readonly zoneId: string }[]>>;
}

/** What the Go program's `facts` prints. Prices are decimal text in the region's currency per hour. */
export interface KarpenterFacts {
  readonly onDemandPrices: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bandwidthMbps: Readonly<Record<string, number>>;
  readonly vpcLimits: Readonly<Record<string, { branchInterfaceCount: number; ipv4PerInterface: number }>>;
}

/** Most that a source may print: moto's document is about 6 MB, the expected figures about 100 MB. */
const MAX_OUTPUT_BYTES = 1024 ** 3;

const here = fileURLToPath(new URL('.', import.meta.url));
const goFolder = join(here, 'karpenter');

/** Installs moto into `scratchFolder` and reads its data. */
export function readMoto(scratchFolder: string): MotoData {
  const environment = join(scratchFolder, 'venv');
  run('python3', ['-m', 'venv', environment]);
  const python = join(environment, 'bin', 'python');
  run(python, ['-m', 'pip', 'install', '--quiet', `moto==${SOURCES.moto.version}`]);
  return JSON.parse(run(python, [join(here, 'moto_data.py')])) as MotoData;
}

/** Builds the Go program once; minutes when the module cache is cold. Returns its path. */
export function buildKarpenterReader(scratchFolder: string): string {
  const program = join(scratchFolder, 'karpenter-reader');
  run('go', ['build', '-o', program, '.'], goFolder);
  return program;
}

/** Reads the module's tables. */
export function readKarpenterFacts(program: string): KarpenterFacts {
  return JSON.parse(run(program, ['facts'])) as KarpenterFacts;
}

/** Lets Karpenter compute the cases of `casesPath` over `types`; the answer is described in expected.ts. */
export function computeExpected(
  program: string,
  types: Readonly<Record<string, RawType>>,
  casesPath: string,
  scratchFolder: string,
): unknown {
  const typesPath = join(scratchFolder, 'types.json');
  writeFileSync(typesPath, JSON.stringify(types));
  return JSON.parse(run(program, ['expected', typesPath, casesPath]));
}

function run(command: string, commandArguments: readonly string[], folder: string = here): string {
  return execFileSync(command, commandArguments, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT_BYTES,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
