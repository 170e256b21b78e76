// The door of controller/ports/testing: what every adapter of a port has to pass.
export { type CloudUnderTest, testCloudContract } from './cloud-contract.ts';
export { type ClusterUnderTest, testClusterContract } from './cluster-contract.ts';
export { testWorkloads, type WorkloadsUnderTest } from './workload-contract.ts';
