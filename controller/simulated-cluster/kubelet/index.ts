// The door of controller/simulated-cluster/kubelet: nodes that run their pods, on a simulated or a real API server.
export { Kubelets, type KubeletsOptions } from './kubelets.ts';
