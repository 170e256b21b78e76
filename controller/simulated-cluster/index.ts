// The door of controller/simulated-cluster: a Kubernetes cluster in memory behind the Cluster port, with the controllers,
// the scheduler and the kubelets that it takes to make pods run. On any Clock, and the same every time for the same seed.
export { type ControlPlaneOptions, startControlPlane } from './controllers/index.ts';
export { Kubelets, type KubeletsOptions } from './kubelet/index.ts';
export { SimulatedCluster, type SimulatedClusterOptions } from './simulated-cluster.ts';
