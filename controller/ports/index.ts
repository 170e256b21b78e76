// The door of controller/ports: everything outside the controller, as interfaces, and what any adapter is read with. Adapters are in folders of their own.
export type { Clock } from './clock.ts';
export {
  type CapacityTypeName,
  type CatalogueIdentity,
  type Cloud,
  CloudError,
  type Instance,
  type Interruption,
  type LaunchOffering,
  type LaunchRequest,
  type LaunchResult,
  type NodeClassCondition,
  type NodeClassResolution,
  type NodeType,
  type OnSale,
  type PricedOffering,
  type PriceSourceName,
  type ReservationKindName,
} from './cloud.ts';
export {
  type ApiObject,
  CLUSTER_ERROR_CODES,
  type Cluster,
  ClusterError,
  type ClusterErrorCode,
  type DeleteOptions,
  type ObjectEvent,
  type ObjectMeta,
  type ObjectName,
  type ObjectPage,
  type ObjectReader,
  type ObjectWriter,
  type OwnerReference,
  type PatchType,
  type Selection,
} from './cluster.ts';
export { everyItem } from './every-item.ts';
export type { CloudInstanceType, DeviceFacts } from './instance-types.ts';
export { apiVersionOf, KINDS, type Kind, type KindName } from './kinds.ts';
