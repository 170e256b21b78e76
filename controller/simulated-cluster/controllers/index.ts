// The door of controller/simulated-cluster/controllers: what keeps the objects of a simulated cluster in order.
export { type ControlPlaneOptions, startControlPlane } from './control-plane.ts';
