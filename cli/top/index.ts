// The door of cli/top: a cluster's nodes on a terminal. What is shown is an overview; where it comes from is a source's.
export {
  parseResources,
  parseSelector,
  parseSort,
  RESOURCES,
  type Resource,
  type Selector,
  type Sort,
} from './choices.ts';
export { openClusterSource } from './cluster-source.ts';
export { LIMITS } from './limits.ts';
export { openPageSource } from './page-source.ts';
export { TopScreen } from './screen.ts';
export type { TopSource, TopView } from './source.ts';
export { screenLines, type TableOptions, tableLines } from './table.ts';
