// The door of controller/pod-nomination: tells kube-scheduler which pods a node was planned for, by their
// status.nominatedNodeName, and takes that back.
export { PodNominator } from './pod-nominator.ts';
