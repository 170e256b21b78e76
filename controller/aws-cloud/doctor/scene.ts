// What every check of a look at the set-up has at hand.
import type { Cluster as EksCluster } from '@aws-sdk/client-eks';
import type { AccountNames } from '../../aws-iam/index.ts';
import type { Cluster } from '../../ports/index.ts';
import type { EffectiveNodeClassSpec } from '../../resources/index.ts';
import type { AwsClients } from '../clients.ts';
import type { Notes } from './report.ts';

/** The controller's settings, as far as they say something about an account. */
export interface DoctorSettings {
  readonly clusterName: string;
  /** Empty where it is not set. */
  readonly clusterEndpoint: string;
  /** Empty for none. */
  readonly interruptionQueue: string;
  readonly isolatedVpc: boolean;
  /** What Karpenter had such a setting for, long ago. */
  readonly defaultInstanceProfile?: string | undefined;
}

/** What a look takes. */
export interface DoctorOptions {
  readonly clients: AwsClients;
  readonly settings: DoctorSettings;
  /** Absent where there is no way to it. */
  readonly cluster?: Pick<Cluster, 'get' | 'list'>;
  /** Where its API server is. */
  readonly clusterHost?: string;
  /** Whose rights are looked at: a role of this name, or whoever calls. */
  readonly subject: { readonly role: string } | 'caller';
  /** Whether ConfigMaps of kube-system may be read; the controller itself may not. */
  readonly readsAwsAuth: boolean;
  readonly signal?: AbortSignal;
}

/** A node class, as far as it is looked at. */
export interface SeenNodeClass {
  readonly name: string;
  readonly spec: EffectiveNodeClassSpec;
}

/** What is known by the time of the checks. */
export interface Scene extends DoctorOptions {
  readonly notes: Notes;
  readonly names: AccountNames;
  /** ARN of whoever calls. */
  readonly caller: string;
  /** Undefined where EKS did not tell. */
  readonly eks: EksCluster | undefined;
  /** Undefined where the cluster did not tell. */
  readonly nodeClasses: readonly SeenNodeClass[] | undefined;
}
