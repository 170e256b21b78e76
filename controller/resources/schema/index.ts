// The door of the schema language: how a custom resource is described, and what comes of a description: TypeScript types,
// the CRD, defaults and the check. It knows no resource.
export { customResourceDefinition } from './crd.ts';
export { isMapping, withDefaults } from './defaults.ts';
export {
  defaulted,
  type EffectiveOf,
  flag,
  list,
  map,
  moment,
  oneOf,
  optional,
  quantity,
  type Rule,
  record,
  required,
  type Schema,
  type SchemaNode,
  text,
  type WrittenOf,
  whole,
  withRules,
} from './language.ts';
export { AGE_COLUMN, READY_COLUMN, type Resource } from './resource.ts';
export { type Violation, violations } from './violations.ts';
