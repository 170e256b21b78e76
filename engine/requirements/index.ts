// The door of engine/requirements: conditions on labels as values that can be intersected, compared, checked and written
// back. It knows no instance types, nodes or pods.

export { clampedInteger, isInteger } from './integers.ts';
export { isWellKnownLabel, normalizeLabelKey, restrictedLabelReason, WELL_KNOWN_LABELS } from './labels.ts';
export {
  admitsAbsent,
  admitsSomeValue,
  admitsValue,
  describeRequirement,
  intersect,
  intersects,
  isContradiction,
  operatorOf,
  type Requirement,
  requirementOf,
  requirementOfLabel,
  toInputs,
} from './requirement.ts';
export { firstConflict, type RequirementConflict, RequirementSet } from './requirement-set.ts';
export { MAX_MIN_VALUES, validatePoolRequirement, validateRequirement } from './validate.ts';
