// The door of controller/kubernetes: Kubernetes objects and files to the contract's messages, and plans back to what
// people read. Pure; it imports the contract and libraries only, so that the command line, the benchmark and the
// controller all stand on it.
export { type Advice, nodePoolAdvice, requirementAdvice } from './advice.ts';
export { type ClusterFacts, clusterFacts, NO_CLUSTER_FACTS } from './cluster-facts.ts';
export { poolRequirements, taintMessages } from './constraints.ts';
export { addAttachmentLimits } from './csi-nodes.ts';
export { daemonPodOf, daemonSetMessage, newestDaemonPods } from './daemon-sets.ts';
export { nodeClassMessage, nodeClassSpec } from './ec2-node-class.ts';
export { type FieldPath, formatPath, InputError, type KubernetesObject, pathKeys, pathOf } from './fields.ts';
export { type GroupedPods, groupPods, type RefusedPod, selectedLabelKeys } from './grouping.ts';
export { MAX_FILE_BYTES, MAX_PODS } from './limits.ts';
export {
  formatPlace,
  type ManifestObject,
  type ManifestProblem,
  type Manifests,
  type ParsedFile,
  parseFile,
  readManifests,
  type SourcePlace,
} from './manifests.ts';
export {
  checkTaintsUnique,
  nodeClassName,
  nodePoolMessage,
  nodePoolSpec,
  unusableNodePool,
} from './node-pool.ts';
export { nodeMessages } from './nodes.ts';
export {
  capacityTypeName,
  dollars,
  type PlanReport,
  planReportJson,
  type ReportedExtras,
  type ReportedNode,
  type ReportedOffering,
  rankedOfferings,
  reasonText,
  reportExtras,
  reportPlan,
} from './plan-report.ts';
export { type PodContext, podShape } from './pod.ts';
export { podRequests } from './pod-requests.ts';
export { isReschedulable, NOMINATED_ANNOTATION, ownNomination, type PodState, podState } from './pod-state.ts';
export { type ProblemInput, priceNanoUsd, readProblem, readProblemCatalogue } from './problem.ts';
export { amountOf, parseQuantity, quantityText } from './quantity.ts';
export { offeredResources, quantitiesOf, requestedResources } from './resources.ts';
export { crowdedOut } from './room.ts';
export {
  buildSolveInput,
  type Finding,
  formatFinding,
  type SolveInput,
  type SolveInputOptions,
} from './solve-request.ts';
export { claimsOfSeveral } from './volumes.ts';
export { type Scale, WORKLOAD_KINDS } from './workloads.ts';
