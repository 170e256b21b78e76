// What every generator answers: one problem, as parsed objects in memory.
import type { InstanceTypeManifest, NodeManifest, ObjectManifest, PodManifest } from './manifests.ts';

/** A generated problem. Either the embedded catalogue of a region or the problem's own types are on sale. */
export interface GeneratedProblem {
  readonly nodePools: readonly ObjectManifest[];
  readonly catalogue:
    | { readonly kind: 'region'; readonly region: string; readonly nodeClasses: readonly ObjectManifest[] }
    | { readonly kind: 'types'; readonly instanceTypes: readonly InstanceTypeManifest[] };
  readonly pods: readonly PodManifest[];
  readonly daemonSets: readonly ObjectManifest[];
  readonly nodes: readonly NodeManifest[];
  /** Pods that run on those nodes. */
  readonly runningPods: readonly PodManifest[];
}
