// The door of solve/exact: problems small enough to look at every way to place their pods.
export { improveSmall, prefersAboutPods } from './improve-small.ts';
