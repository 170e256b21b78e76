// NodePool (karpenter.sh/v1): what nodes may be made for pods, how many, and when they may go again. The one source of
// its types, its schema and its rules. What of it is carried out is in not-built-yet.ts.
import { BUDGET_DURATION, BUDGET_NODES, BUDGET_SCHEDULE, DURATION_OR_NEVER } from './patterns.ts';
import {
  AGE_COLUMN,
  defaulted,
  type EffectiveOf,
  list,
  map,
  oneOf,
  optional,
  READY_COLUMN,
  type Resource,
  record,
  text,
  type WrittenOf,
  whole,
  withRules,
} from './schema/index.ts';
import {
  condition,
  expireAfter,
  NODE_CLASS_GROUP,
  NODE_CLASS_KIND,
  nodeClassGroup,
  nodeClassKind,
  nodeClassName,
  poolRequirements,
  resources,
  startupTaints,
  taints,
  templateLabels,
  terminationGracePeriod,
} from './template-fields.ts';

/** What a pool refers to that does not say it. */
const DEFAULT_NODE_CLASS = { group: NODE_CLASS_GROUP, kind: NODE_CLASS_KIND, name: 'default' };

const nodeClassRef = withRules(
  record('The node class that says how the nodes are set up: image, subnets, disks and so on.', {
    group: defaulted(nodeClassGroup, DEFAULT_NODE_CLASS.group),
    kind: defaulted(nodeClassKind, DEFAULT_NODE_CLASS.kind),
    name: defaulted(nodeClassName, DEFAULT_NODE_CLASS.name),
  }),
  {
    cel: 'self.group == oldSelf.group',
    message: 'cannot be changed: make a new NodePool for nodes of another group',
    field: '.group',
    holdsOnChange: (self, old) => self.group === old.group,
  },
  {
    cel: 'self.kind == oldSelf.kind',
    message: 'cannot be changed: make a new NodePool for nodes of another kind',
    field: '.kind',
    holdsOnChange: (self, old) => self.kind === old.kind,
  },
);

const templateSpec = record('What the nodes are.', {
  // Written out in full: the API server holds the rules against a default before it fills in the defaults inside.
  nodeClassRef: defaulted(nodeClassRef, DEFAULT_NODE_CLASS),
  requirements: defaulted(poolRequirements, []),
  taints: optional(taints),
  startupTaints: optional(startupTaints),
  expireAfter: defaulted(expireAfter, '720h'),
  terminationGracePeriod: optional(terminationGracePeriod),
});

const template = record(
  'What every node of the pool is made from. A change of it makes nodes that are there drift, so that they are replaced.',
  {
    metadata: optional(
      record('What the nodes carry besides their own.', {
        labels: optional(templateLabels),
        annotations: optional(
          map(text('Value of the annotation.'), 'Annotations that every node of the pool carries.', {
            merge: 'granular',
          }),
        ),
      }),
    ),
    spec: defaulted(templateSpec, {}),
  },
);

const budget = record('A limit on how many nodes of the pool may be disrupted at the same time.', {
  nodes: defaulted(
    text(
      'So many nodes: a number, or a share of the pool such as 10%, rounded up. 0 forbids disruption. Of several budgets that apply, the strictest counts.',
      { pattern: BUDGET_NODES },
    ),
    '10%',
  ),
  reasons: optional(
    list(
      oneOf(
        ['Underutilized', 'Empty', 'Drifted'],
        'Underutilized: its pods fit elsewhere for less. Empty: no pods but daemonsets. Drifted: no longer as its NodePool or node class says.',
      ),
      'The reasons of disruption that the budget is for; all of them where nothing is written.',
      { maxItems: 50, merge: 'set' },
    ),
  ),
  schedule: optional(
    text(
      'When the budget begins to apply, as a cron expression in UTC: "0 9 * * 1-5", @daily. Needs duration. Without both the budget applies always.',
      { pattern: BUDGET_SCHEDULE },
    ),
  ),
  duration: optional(
    text('How long it applies from each time of its schedule, in hours and minutes: 8h, 30m, 1h30m.', {
      pattern: BUDGET_DURATION,
    }),
  ),
});

const disruption = record('When and how fast nodes may be taken away for reasons of cost or because they drifted.', {
  consolidateAfter: defaulted(
    text(
      'How long no pod must have come to or gone from a node before it may be consolidated, such as 30s or 5m; Never switches consolidation off.',
      { pattern: DURATION_OR_NEVER },
    ),
    '0s',
  ),
  consolidationPolicy: defaulted(
    oneOf(
      ['WhenEmpty', 'WhenEmptyOrUnderutilized', 'Balanced'],
      'Which nodes may be consolidated: WhenEmpty those without pods, WhenEmptyOrUnderutilized also those whose pods fit elsewhere for less, Balanced of the latter those where the saving is worth the disruption.',
    ),
    'WhenEmptyOrUnderutilized',
  ),
  budgets: defaulted(
    withRules(list(budget, 'Limits on disruption at the same time.', { maxItems: 50, merge: 'atomic' }), {
      cel: 'self.all(budget, has(budget.schedule) == has(budget.duration))',
      message: 'schedule and duration go together: write both or neither',
      holds: (budgets) =>
        budgets.every(({ schedule, duration }) => (schedule === undefined) === (duration === undefined)),
    }),
    [{ nodes: '10%' }],
  ),
});

const spec = withRules(
  record('What the pool is to be.', {
    template: defaulted(template, {}),
    disruption: defaulted(disruption, { consolidateAfter: '0s' }),
    limits: optional(
      resources(
        'What all nodes of the pool together may have: cpu, memory, any other resource, or nodes for their number. No node is added beyond it; nodes that are there stay.',
      ),
    ),
    weight: optional(
      whole('Pools of a higher weight are tried first, from 1 to 100; none counts as 0.', {
        minimum: 1,
        maximum: 100,
        format: 'int32',
      }),
    ),
    replicas: optional(
      whole(
        'Makes the pool static: it keeps so many nodes whatever the pods need. Such a pool takes no weight and no limit but nodes, and cannot become an ordinary one again, nor the other way.',
        { minimum: 0, format: 'int64', asScale: true },
      ),
    ),
  }),
  {
    cel: 'has(self.replicas) == has(oldSelf.replicas)',
    message: 'replicas cannot be added to a pool or removed from it: make a new NodePool',
    field: '.replicas',
    holdsOnChange: (self, old) => (self.replicas === undefined) === (old.replicas === undefined),
  },
  {
    cel: "!has(self.replicas) || !has(self.limits) || self.limits.all(name, name == 'nodes')",
    message: 'a pool with replicas can limit nodes and nothing else',
    field: '.limits',
    holds: ({ replicas, limits = {} }) =>
      replicas === undefined || Object.keys(limits).every((name) => name === 'nodes'),
  },
  {
    cel: '!has(self.replicas) || !has(self.weight)',
    message: 'a pool with replicas has no weight: no pods choose it',
    field: '.weight',
    holds: ({ replicas, weight }) => replicas === undefined || weight === undefined,
  },
);

const status = record('What is known about the pool. Written by the controller.', {
  resources: optional(resources('What all nodes of the pool have together.')),
  nodes: defaulted(whole('How many nodes the pool has.', { format: 'int64', asScale: true }), 0),
  nodeClassObservedGeneration: optional(
    whole('The metadata.generation of the node class that the health of registrations was last counted for.', {
      format: 'int64',
    }),
  ),
  conditions: optional(
    list(
      condition,
      'What holds: ValidationSucceeded, NodeClassReady and, when both do, Ready; NodeRegistrationHealthy tells whether nodes of the pool join the cluster.',
      { merge: { byKey: 'type' } },
    ),
  ),
});

export const NODE_POOL: Resource<typeof spec> = {
  group: 'karpenter.sh',
  version: 'v1',
  kind: 'NodePool',
  plural: 'nodepools',
  shortNames: [],
  description:
    'A NodePool says what nodes may be launched for pods that have no room, how many, and when they may go again. The nodes themselves are described by the EC2NodeClass that it refers to.',
  columns: [
    { name: 'NodeClass', type: 'string', jsonPath: '.spec.template.spec.nodeClassRef.name' },
    { name: 'Nodes', type: 'string', jsonPath: '.status.nodes' },
    READY_COLUMN,
    AGE_COLUMN,
    { name: 'Weight', type: 'integer', jsonPath: '.spec.weight', wide: true },
    { name: 'CPU', type: 'string', jsonPath: '.status.resources.cpu', wide: true },
    { name: 'Memory', type: 'string', jsonPath: '.status.resources.memory', wide: true },
  ],
  scale: { wanted: '.spec.replicas', present: '.status.nodes' },
  specRequired: true,
  spec,
  status,
};

/** A NodePool's spec as a manifest may write it. */
export type NodePoolSpec = WrittenOf<typeof spec>;

/** The same with nothing left to guess. */
export type EffectiveNodePoolSpec = EffectiveOf<typeof spec>;
