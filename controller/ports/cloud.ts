// The Cloud port: what the controller asks of whoever sells instances. It speaks of instances and offerings, not of pods.
// The adapters are EC2 and the simulated cloud, held to one contract suite.
import type { ApiObject } from './cluster.ts';
import type { CloudInstanceType } from './instance-types.ts';

/** On demand, spot, or out of a capacity reservation: the values of `karpenter.sh/capacity-type`. */
export type CapacityTypeName = 'on-demand' | 'spot' | 'reserved';

/** What kind of reservation stands behind reserved capacity. */
export type ReservationKindName = 'default' | 'capacity-block' | 'interruptible';

/** One thing that can be launched. */
export interface LaunchOffering {
  readonly instanceType: string;
  /** The zone's name (us-west-2a). */
  readonly zone: string;
  readonly capacityType: CapacityTypeName;
  /** Present for `reserved`. */
  readonly reservationId?: string;
}

/** What nodes of an instance type are and have with a node class, as the planning service works it out. */
export interface NodeType {
  /** Labels whatever the zone (architecture, family, size, …). */
  readonly labels: Readonly<Record<string, string>>;
  /** Resource name to quantity. */
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
}

/** A launch: one instance for one NodeClaim. */
export interface LaunchRequest {
  /** The NodeClaim: name, UID, labels, taints, startup taints, kubelet settings are read from it. */
  readonly nodeClaim: ApiObject;
  /** The node class that it names, with the status that `nodeClassStatus` gave it. */
  readonly nodeClass: ApiObject;
  /** What may be launched, best first. Never empty. */
  readonly offerings: readonly LaunchOffering[];
  /** By instance type. A type that is not in here can't be launched. */
  readonly nodeTypes: Readonly<Record<string, NodeType>>;
  /**
   * Names the launch. The same id always means the same instance: a second call with it, also after a crash, finds the
   * instance of the first and launches none.
   */
  readonly launchId: string;
  /**
   * Tags of the instance besides those that the adapter adds itself. Where several launches are made in one call, the one
   * that names the claim may be left to `tag`.
   */
  readonly tags: Readonly<Record<string, string>>;
}

/** How a launch ended. Outcomes that a user or a shortage causes are data; broken calls are a `CloudError`. */
export type LaunchResult =
  | { readonly kind: 'launched'; readonly instance: Instance; readonly exhausted: readonly LaunchOffering[] }
  /**
   * Nothing can be had now of what was tried: all of the list, or all of the best capacity type in it (reserved, then spot,
   * then on demand), so that the rest goes into another plan. `exhausted` says which offerings the cloud refused.
   */
  | { readonly kind: 'insufficient-capacity'; readonly message: string; readonly exhausted: readonly LaunchOffering[] }
  /** The node class can't be launched with as it is. */
  | { readonly kind: 'node-class-not-ready'; readonly message: string };

/** One instance that this cluster launched. */
export interface Instance {
  /** aws:///ZONE/ID */
  readonly providerId: string;
  /** i-… */
  readonly id: string;
  readonly instanceType: string;
  readonly zone: string;
  /** use1-az1; absent where it is not known. */
  readonly zoneId?: string;
  readonly capacityType: CapacityTypeName;
  readonly reservationId?: string;
  readonly imageId: string;
  readonly state: 'pending' | 'running' | 'shutting-down' | 'stopping' | 'stopped' | 'terminated';
  readonly launchTimeMs: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Present and true while its launch may still give it to a claim: nobody's yet, and no garbage. */
  readonly isUnsettled?: true;
}

/** A condition of a node class, without time stamps. */
export interface NodeClassCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** What a node class comes to in the cloud: the status of EC2NodeClass apart from conditions, and the conditions. */
export interface NodeClassResolution {
  /** subnets, securityGroups, amis, instanceProfile, capacityReservations as EC2NodeClass has them in status. */
  readonly status: Readonly<Record<string, unknown>>;
  readonly conditions: readonly NodeClassCondition[];
}

/** News that an instance will go, or has gone. */
export interface Interruption {
  readonly kind:
    | 'spot_interrupted'
    | 'scheduled_change'
    | 'instance_stopped'
    | 'instance_terminated'
    | 'instance_status'
    | 'system_status'
    | 'rebalance_recommendation';
  readonly instanceId: string;
  /** When the news was made. */
  readonly timeMs: number;
  /** To be called when it has been acted on; until then it may come again. */
  acknowledge(): Promise<void>;
}

/** Where a price comes from: the cloud told it, a list that was recorded before has it, or a rule made it. */
export type PriceSourceName = 'reported' | 'listed' | 'estimated';

/** One offering with its price. */
export interface PricedOffering extends LaunchOffering {
  /** use1-az1; absent where it is not known. */
  readonly zoneId?: string;
  /** Whole nano-dollars per hour. */
  readonly priceNanoUsdPerHour: number;
  readonly available: boolean;
  /** Present for `reserved`: its kind, and how many instances can still be launched from it. */
  readonly reservation?: { readonly kind: ReservationKindName; readonly freeCount: number };
  /** Absent means reported. */
  readonly priceSource?: PriceSourceName;
  /** When the price was seen, in milliseconds since 1970; absent where nobody said. */
  readonly priceAsOfMs?: number;
}

/** What is on sale, as far as the cloud has told it. */
export interface OnSale {
  /** All that can be bought; undefined while the cloud has not said it: what is known elsewhere stays. */
  readonly offerings: readonly PricedOffering[] | undefined;
  /** What the cloud says of the types among them; those that it says nothing of are known elsewhere, or not at all. */
  readonly instanceTypes: readonly CloudInstanceType[];
  /** When to ask again. */
  readonly refreshMs: number;
}

/** Which catalogue of the server holds what this cloud sells. */
export interface CatalogueIdentity {
  readonly partition: string;
  readonly account: string;
  readonly region: string;
}

/** The whole port. Calls reject with a `CloudError`, or with the signal's reason. */
export interface Cloud {
  readonly catalogue: CatalogueIdentity;
  launch(request: LaunchRequest, signal?: AbortSignal): Promise<LaunchResult>;
  /** Ends instances. Ids that are gone already are no error. */
  terminate(instanceIds: readonly string[], signal?: AbortSignal): Promise<void>;
  /** The instance, also while it shuts down; undefined once the cloud knows nothing of it or calls it terminated. */
  get(instanceId: string, signal?: AbortSignal): Promise<Instance | undefined>;
  /** Every instance of this cluster that is not terminated. Complete, or the call rejects. */
  list(signal?: AbortSignal): Promise<readonly Instance[]>;
  tag(instanceId: string, tags: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void>;
  /** Looks up what a node class selects, and whether it can be launched with. */
  resolveNodeClass(nodeClass: ApiObject, signal?: AbortSignal): Promise<NodeClassResolution>;
  /** Gives back what was made for a node class that is being deleted (profiles, templates). */
  forgetNodeClass(nodeClass: ApiObject, signal?: AbortSignal): Promise<void>;
  /** What is on sale now. What can't be found out is as it was before, or missing: that rejects nothing. */
  onSale(signal?: AbortSignal): Promise<OnSale>;
  /**
   * Resolves when `onSale` would answer otherwise than it last did, because of what was launched: reservations have fewer
   * places. Rejects with the signal's reason. Absent where nothing changes before `refreshMs` is over.
   */
  saleChanged?(signal: AbortSignal): Promise<void>;
  /** News about instances until the signal aborts. */
  interruptions(signal: AbortSignal): AsyncIterable<Interruption>;
}

/** A call to the cloud that failed: nothing is known of what it did. */
export class CloudError extends Error {
  /** As the cloud names it (RequestLimitExceeded). */
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { readonly retryable: boolean; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CloudError';
    this.code = code;
    this.retryable = options.retryable;
  }
}
