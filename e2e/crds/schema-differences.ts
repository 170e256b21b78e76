// Where our schemas differ from Karpenter's on purpose, each with its reason. schema.test.ts holds the list against both:
// a difference that is not here fails, and so does an entry that is none.

/** One difference: the resource, the path and what of it is another. */
export interface SchemaDifference {
  readonly kind: string;
  /** As walk() of crd.ts writes it; the root is empty. */
  readonly path: string;
  /** A key of the schema, such as `default`; for `required` a field's name follows after a space. */
  readonly what: string;
  readonly reason: string;
}

const MISSION = 'may be left out, as the mission’s manifests do; the default says what is meant then';
const MISPLACED =
  'stands on the list, where OpenAPI takes no notice of it, though the values of the list are meant: what Karpenter accepts, we accept';

const NAMED = 'the rules on one requirement stand on it and not on the list, so that messages name which one is wrong';

const rulesOf = (kind: string, path: string): SchemaDifference[] => [
  { kind, path, what: 'x-kubernetes-validations', reason: NAMED },
  { kind, path: `${path}[]`, what: 'x-kubernetes-validations', reason: NAMED },
];

const valuesOf = (kind: string, path: string): SchemaDifference[] => [
  { kind, path, what: 'maxLength', reason: MISPLACED },
  { kind, path, what: 'pattern', reason: MISPLACED },
];

export const SCHEMA_DIFFERENCES: readonly SchemaDifference[] = [
  { kind: 'NodePool', path: 'spec', what: 'required template', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template', what: 'default', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template', what: 'required spec', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template.spec', what: 'default', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template.spec', what: 'required nodeClassRef', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template.spec', what: 'required requirements', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template.spec.requirements', what: 'default', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template.spec.nodeClassRef', what: 'default', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template.spec.nodeClassRef', what: 'required group', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template.spec.nodeClassRef', what: 'required kind', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template.spec.nodeClassRef', what: 'required name', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template.spec.nodeClassRef.group', what: 'default', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template.spec.nodeClassRef.kind', what: 'default', reason: MISSION },
  { kind: 'NodePool', path: 'spec.template.spec.nodeClassRef.name', what: 'default', reason: MISSION },
  { kind: 'NodePool', path: 'spec.disruption', what: 'required consolidateAfter', reason: MISSION },
  { kind: 'NodePool', path: 'spec.disruption.consolidateAfter', what: 'default', reason: MISSION },
  {
    kind: 'NodePool',
    path: 'spec.disruption.budgets[]',
    what: 'required nodes',
    reason: 'has a default in both, so that it can’t be missing',
  },
  ...valuesOf('NodePool', 'spec.template.spec.requirements[].values'),
  ...rulesOf('NodePool', 'spec.template.spec.requirements'),
  ...rulesOf('NodeClaim', 'spec.requirements'),
  ...valuesOf('NodeClaim', 'spec.requirements[].values'),
  {
    kind: 'EC2NodeClass',
    path: 'spec',
    what: 'required amiSelectorTerms',
    reason: 'amiFamily alone means the newest image of that family, as the mission’s manifests write it',
  },
];
