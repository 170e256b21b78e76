// The door of controller/kubernetes-cluster: the Cluster port on a real API server.
export { type AccessOptions, type ClusterAccess, type Credentials, clusterAccess } from './access.ts';
export { KubernetesCluster, type KubernetesClusterOptions } from './kubernetes-cluster.ts';
export type { RateLimit } from './rate-limiter.ts';
export type { CallReport } from './transport.ts';
