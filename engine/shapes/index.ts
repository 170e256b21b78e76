// Door of shapes: their identity and their merging.
export { type MergedShapes, mergeShapes, readLabelKeys, type SelectingShape, withReadLabels } from './merge.ts';
export { nodeConstraintsKey, resourcesText, shapeKey, shapeText, tolerationsKey } from './shape-key.ts';
