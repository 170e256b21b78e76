// Door of shapes: their identity and their merging.
export {
  type MergedShapes,
  mergeShapes,
  mergeStanding,
  readLabelKeys,
  type SelectingShape,
  ShapeInterner,
  type StandingShape,
  withReadLabels,
} from './merge.ts';
export { nodeConstraintsKey, resourcesText, shapeKey, tolerationsKey } from './shape-key.ts';
