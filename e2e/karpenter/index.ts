// The door of e2e/karpenter: the sources of the release that Dovetail is held against.
export { karpenterModule } from './go-modules.ts';
