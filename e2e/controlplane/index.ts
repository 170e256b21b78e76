// The door of e2e/controlplane: a real Kubernetes control plane of one binary, built from Go modules, and a small client
// for it. For end-to-end tests only.
export { ApiClient, ApiError, type Watch, type WatchEvent } from './api-client.ts';
export { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts';
