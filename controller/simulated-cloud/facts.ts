// What a simulated cloud is made of: instance types, prices, a network, times. Data that is handed in; where it comes from
// is nobody's business here.
import type { CapacityTypeName, CatalogueIdentity, PricedOffering } from '../ports/index.ts';

/** One instance type. The figures are what a node of it has with an unchanged kubelet, and what NodeClaims promise. */
export interface InstanceTypeFacts {
  readonly instanceType: string;
  /** Labels that nodes of this type have whatever their zone (architecture, family, size, …). */
  readonly labels: Readonly<Record<string, string>>;
  /** Resource name to quantity. */
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
}

/** A subnet of the simulated network. */
export interface Subnet {
  readonly id: string;
  readonly zone: string;
  readonly zoneId: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The first three parts of its addresses: 10.0.1 */
  readonly addressPrefix: string;
  readonly freeAddressCount: number;
}

/** A security group. */
export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** An image. */
export interface Image {
  readonly id: string;
  readonly name: string;
  /** The family and version that an alias names (al2023@v20260101); absent for an account's own images. */
  readonly alias?: string;
  readonly owner: string;
  readonly architecture: 'amd64' | 'arm64';
  readonly createdMs: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly isDeprecated?: boolean;
  /** SSM parameters whose value it is. */
  readonly ssmParameters?: readonly string[];
}

/** A capacity reservation. */
export interface Reservation {
  readonly id: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly ownerId: string;
  readonly instanceMatchCriteria: 'open' | 'targeted';
  readonly tags: Readonly<Record<string, string>>;
  readonly instanceCount: number;
}

/** What an account has in a region. */
export interface Network {
  readonly subnets: readonly Subnet[];
  readonly securityGroups: readonly SecurityGroup[];
  readonly images: readonly Image[];
  readonly reservations: readonly Reservation[];
  /** Instance profiles and roles that exist; absent means that any does. */
  readonly roles?: readonly string[];
}

/** A time that is drawn anew each time: from the first to the second, both included. */
export type Span = readonly [fromMs: number, toMs: number];

/** How long things take. */
export interface CloudTimes {
  /** A launch call. */
  readonly launchMs: Span;
  /** Any other call. */
  readonly callMs: Span;
  /** From the launch to the instance running. */
  readonly runningMs: Span;
  /** From the launch to the node joining the cluster. */
  readonly joinMs: Span;
  /** From joining to being ready. */
  readonly readyMs: Span;
  /** From joining until the cloud controller has labelled the node. */
  readonly labelMs: Span;
  /** From the order to terminate to being terminated. */
  readonly shutdownMs: Span;
  /** From a node falling silent to the cluster calling it unreachable. */
  readonly silenceMs: Span;
  /** From a node being unreachable, its instance gone, until the cloud controller deletes its object. */
  readonly removalMs: Span;
  /** From the warning of a spot instance to its end. */
  readonly spotWarningMs: number;
  /** Until an instance shows in lists: none by default. */
  readonly listLagMs: Span;
}

/** Times as EC2 and EKS show them. */
export const EC2_TIMES: CloudTimes = {
  launchMs: [1_500, 3_000],
  callMs: [50, 200],
  runningMs: [5_000, 10_000],
  joinMs: [20_000, 40_000],
  readyMs: [5_000, 15_000],
  labelMs: [500, 2_000],
  shutdownMs: [20_000, 60_000],
  silenceMs: [40_000, 50_000],
  removalMs: [1_000, 6_000],
  spotWarningMs: 120_000,
  listLagMs: [0, 0],
};

/** Which offerings are meant; what is left out counts for all. */
export interface OfferingMatch {
  readonly instanceType?: string;
  readonly zone?: string;
  readonly capacityType?: CapacityTypeName;
}

/** Something that goes wrong with launches. */
export interface LaunchFault {
  readonly match?: OfferingMatch;
  /** With how many launches; all from now on where it is left out. */
  readonly count?: number;
  /** The instance runs and its node never joins. */
  readonly neverJoins?: boolean;
  /** The node has so much less memory than it promised. */
  readonly smallerByPercent?: number;
  /** The call fails before anything is launched. */
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
  /** The instance is launched and the answer is lost. */
  readonly loseAnswer?: boolean;
}

/** What a simulated cloud is made of. */
export interface CloudFacts {
  readonly catalogue: CatalogueIdentity;
  readonly clusterName: string;
  readonly instanceTypes: readonly InstanceTypeFacts[];
  readonly offerings: readonly PricedOffering[];
  readonly network: Network;
}
