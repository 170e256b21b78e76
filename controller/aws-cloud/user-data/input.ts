// What user data is written from: the cluster, what the kubelet is told, and what the user adds. Plain values, decided by
// the caller.
import type { EffectiveNodeClassSpec } from '../../resources/index.ts';

/** AL2, AL2023, Bottlerocket, Custom, Windows… */
export type ImageFamily = EffectiveNodeClassSpec['amiFamily'];

/** The kubelet's part of a node class. */
export type KubeletSettings = NonNullable<EffectiveNodeClassSpec['kubelet']>;

/** The cluster that the node joins. */
export interface JoinedCluster {
  readonly name: string;
  /** https://… */
  readonly endpoint: string;
  /** Authority of the API server: PEM in base64. */
  readonly caBundle?: string;
  /** The range that services get their addresses from. AL2023 can't start without. */
  readonly serviceCidr?: string;
}

/** One taint. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** Everything. */
export interface UserDataInput {
  readonly family: ImageFamily;
  readonly cluster: JoinedCluster;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** With maxPods and clusterDNS decided. */
  readonly kubelet: KubeletSettings;
  /** What the user wrote. */
  readonly custom?: string;
  /** All NVMe disks become one for pods. */
  readonly raid0: boolean;
  /** Of the image, where it is known: v1.46.0, or latest. Bottlerocket only. */
  readonly imageVersion?: string;
}

/** User data that can't be made: the message says what is wrong with what the user wrote. */
export class UserDataError extends Error {
  readonly reason: 'UserDataInvalid' | 'UserDataSizeLimitExceeded' | 'ClusterUnknown';

  constructor(reason: UserDataError['reason'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'UserDataError';
    this.reason = reason;
  }
}
