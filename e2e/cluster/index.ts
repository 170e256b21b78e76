// The door of e2e/cluster: a real API server with our kinds, and adapters on it.
export { RealCluster } from './real-cluster.ts';
