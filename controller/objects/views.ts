// Objects of the API as this controller reads them: the fields that are used, with their types. The API server has checked
// the shapes; nothing is checked again here.
import type { ApiObject } from '../ports/index.ts';
import type { EffectiveNodeClaimSpec } from '../resources/index.ts';

/** One entry of status.conditions. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
}

/** One taint of a node. */
export interface TaintView {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  readonly timeAdded?: string;
}

/** One toleration of a pod. */
export interface TolerationView {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
}

/** Amounts by resource, as quantities. */
export type Quantities = Readonly<Record<string, string | number>>;

/** What NodeClaims say of themselves. */
export interface NodeClaimStatus {
  readonly providerID?: string;
  readonly imageID?: string;
  readonly nodeName?: string;
  readonly capacity?: Quantities;
  readonly allocatable?: Quantities;
  readonly lastPodEventTime?: string;
  readonly conditions?: readonly Condition[];
}

/** karpenter.sh/v1 NodeClaim. */
export interface NodeClaimView extends ApiObject {
  readonly spec: EffectiveNodeClaimSpec;
  readonly status?: NodeClaimStatus;
}

/** v1 Node. */
export interface NodeView extends ApiObject {
  readonly spec?: {
    readonly providerID?: string;
    readonly taints?: readonly TaintView[];
    readonly unschedulable?: boolean;
  };
  readonly status?: {
    readonly capacity?: Quantities;
    readonly allocatable?: Quantities;
    readonly conditions?: readonly Condition[];
  };
}

/** v1 Pod. */
export interface PodView extends ApiObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly tolerations?: readonly TolerationView[];
    readonly priorityClassName?: string;
    readonly terminationGracePeriodSeconds?: number;
    readonly volumes?: readonly {
      readonly name?: string;
      readonly persistentVolumeClaim?: { readonly claimName?: string };
      readonly ephemeral?: unknown;
    }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly startTime?: string;
    readonly conditions?: readonly Condition[];
  };
}

/** An object whose status has conditions. */
export interface ConditionedView extends ApiObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

export const asNodeClaim = (object: ApiObject): NodeClaimView => object as NodeClaimView;
export const asNode = (object: ApiObject): NodeView => object as NodeView;
export const asPod = (object: ApiObject): PodView => object as PodView;

/** metadata.name, which every stored object has. */
export function nameOf(object: ApiObject): string {
  const { name } = object.metadata;
  if (name === undefined) throw new Error(`read object: it has no name (kind=${object.kind})`);
  return name;
}

/** True from the moment that somebody has asked for its deletion. */
export function isDeleting(object: ApiObject): boolean {
  return object.metadata.deletionTimestamp !== undefined && object.metadata.deletionTimestamp !== null;
}

export function labelOf(object: ApiObject, key: string): string | undefined {
  return object.metadata.labels?.[key];
}

export function annotationOf(object: ApiObject, key: string): string | undefined {
  return object.metadata.annotations?.[key];
}

export function hasFinalizer(object: ApiObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) === true;
}

/** The moment of an RFC 3339 text in milliseconds since 1970; undefined where there is none. */
export function momentMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A moment as Kubernetes writes it, to the second. */
export function momentText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** The instance's id: the last part of aws:///ZONE/ID. */
export function instanceIdOf(providerId: string): string {
  return providerId.slice(providerId.lastIndexOf('/') + 1);
}
