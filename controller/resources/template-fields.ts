// Fields that the template of a NodePool and a NodeClaim have in common, and those that every status has. Not here: the
// resources themselves.
import {
  CONDITION_REASON,
  CONDITION_TYPE,
  DURATION,
  DURATION_OR_NEVER,
  LABEL_KEY,
  LABEL_VALUE,
  QUANTITY,
} from './patterns.ts';
import {
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
  text,
  whole,
  withRules,
} from './schema/index.ts';

/** Group, version and kind of the node class that everything refers to. */
export const NODE_CLASS_GROUP = 'karpenter.k8s.aws';
export const NODE_CLASS_KIND = 'EC2NodeClass';

const CORE_DOMAIN = 'karpenter.sh';
const NODE_POOL_LABEL = 'karpenter.sh/nodepool';
const HOSTNAME_LABEL = 'kubernetes.io/hostname';

/** Keys of the core's domain that a requirement may have. */
const CORE_KEYS: readonly string[] = ['karpenter.sh/capacity-type', NODE_POOL_LABEL];

/** Keys of the provider's domain that instance types and nodes carry; others there mean nothing. */
const PROVIDER_KEYS: readonly string[] = [
  ...['accelerator-count', 'accelerator-manufacturer', 'accelerator-name', 'capability-flex', 'category', 'cpu'],
  ...['cpu-manufacturer', 'cpu-sustained-clock-speed-mhz', 'ebs-bandwidth', 'encryption-in-transit-supported'],
  ...['family', 'generation', 'gpu-count', 'gpu-manufacturer', 'gpu-memory', 'gpu-name', 'hypervisor', 'local-nvme'],
  ...['memory', 'network-bandwidth', 'size', 'tenancy'],
]
  .map((name) => `${NODE_CLASS_GROUP}/instance-${name}`)
  .concat(
    ['capacity-reservation-id', 'capacity-reservation-interruptible', 'capacity-reservation-type'].map(
      (name) => `${NODE_CLASS_GROUP}/${name}`,
    ),
    ['ec2nodeclass', 'placement-group-id', 'placement-group-partition'].map((name) => `${NODE_CLASS_GROUP}/${name}`),
  );

/** True for a key whose domain ends with the given one. */
function isInDomain(key: string, domain: string): boolean {
  return (key.split('/')[0] ?? '').endsWith(domain);
}

function domainCel(variable: string, domain: string, allowed: readonly string[]): string {
  const names = allowed.map((key) => `'${key}'`).join(', ');
  return `${variable} in [${names}] || !${variable}.matches('^[^/]*${domain.replaceAll('.', '[.]')}(/|$)')`;
}

/** What keeps people from labels that the controller writes itself. */
interface KeyRule {
  readonly cel: (variable: string) => string;
  readonly message: string;
  readonly allows: (key: string) => boolean;
}

const KEY_RULES: readonly KeyRule[] = [
  {
    cel: (variable) => domainCel(variable, CORE_DOMAIN, CORE_KEYS),
    message: `the domain ${CORE_DOMAIN} is the controller's own: of it only karpenter.sh/capacity-type may be used`,
    allows: (key) => CORE_KEYS.includes(key) || !isInDomain(key, CORE_DOMAIN),
  },
  {
    cel: (variable) => `${variable} != '${HOSTNAME_LABEL}'`,
    message: `${HOSTNAME_LABEL} may not be used: a node's name is not known before it is there`,
    allows: (key) => key !== HOSTNAME_LABEL,
  },
  {
    cel: (variable) => domainCel(variable, NODE_CLASS_GROUP, PROVIDER_KEYS),
    message: `the domain ${NODE_CLASS_GROUP} has a fixed set of labels, and this is none of them: look for a misspelling`,
    allows: (key) => PROVIDER_KEYS.includes(key) || !isInDomain(key, NODE_CLASS_GROUP),
  },
];

const POOL_KEY_RULES: readonly KeyRule[] = [
  ...KEY_RULES,
  {
    cel: (variable) => `${variable} != '${NODE_POOL_LABEL}'`,
    message: `${NODE_POOL_LABEL} may not be used: every node gets it with the name of its pool`,
    allows: (key) => key !== NODE_POOL_LABEL,
  },
];

const keyRules = (rules: readonly KeyRule[]): Rule<string>[] =>
  rules.map(({ cel, message, allows }) => ({ cel: cel('self'), message, holds: allows }));

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt', 'Gte', 'Lte'] as const;
const NUMERIC_OPERATORS: readonly string[] = ['Gt', 'Lt', 'Gte', 'Lte'];

/** The largest number that the API server's 64-bit integers hold. */
const MAX_INT64 = 2n ** 63n - 1n;

/** True for what Go reads as a whole number of 0 or more. */
function isCount(written: string | undefined): boolean {
  return written !== undefined && /^(\+?[0-9]+|-0+)$/.test(written) && BigInt(written.replace('+', '')) <= MAX_INT64;
}

function requirementSchema(rules: readonly KeyRule[]) {
  const fields = record('One condition on the labels of an instance type, an offering or a node.', {
    key: required(
      withRules(
        text(
          'The label, such as karpenter.k8s.aws/instance-category, karpenter.sh/capacity-type, topology.kubernetes.io/zone or one of your own.',
          { maxLength: 316, pattern: LABEL_KEY },
        ),
        ...keyRules(rules),
      ),
    ),
    operator: required(
      oneOf(
        OPERATORS,
        'How the label is compared: In and NotIn with a set of values, Exists and DoesNotExist with none, Gt, Lt, Gte and Lte with one whole number.',
      ),
    ),
    values: optional(list(text('One value of the label.'), 'What the operator compares with.', { merge: 'atomic' })),
    minValues: optional(
      whole(
        'How many different values of this label the instance types of one launch must keep, so that it can fall back on others: 3 for the key instance-family asks for types of 3 families. 1 to 50.',
        { minimum: 1, maximum: 50 },
      ),
    ),
  });
  return withRules(
    fields,
    {
      cel: "self.operator != 'In' || (has(self.values) && self.values.size() > 0)",
      message: 'the operator In needs at least one value',
      field: '.values',
      holds: ({ operator, values = [] }) => operator !== 'In' || values.length > 0,
    },
    {
      cel: "!(self.operator in ['Gt', 'Lt', 'Gte', 'Lte']) || (has(self.values) && self.values.size() == 1 && int(self.values[0]) >= 0)",
      message: 'the operators Gt, Lt, Gte and Lte need exactly one value, a whole number of 0 or more',
      field: '.values',
      holds: ({ operator, values = [] }) =>
        !NUMERIC_OPERATORS.includes(operator) || (values.length === 1 && isCount(values[0])),
    },
    {
      cel: "!has(self.minValues) || self.operator != 'In' || (has(self.values) && self.values.size() >= self.minValues)",
      message: 'asks for more different values than are listed: list more values or lower minValues',
      field: '.minValues',
      holds: ({ operator, values = [], minValues = 0 }) => operator !== 'In' || values.length >= minValues,
    },
  );
}

/** Most requirements of one pool or claim. */
const MOST_REQUIREMENTS = 100;

const REQUIREMENTS =
  'Conditions that every instance type, offering and node must meet, all of them at once. What is left open is chosen by price.';

/** Requirements of a NodePool's template. */
export const poolRequirements = list(requirementSchema(POOL_KEY_RULES), REQUIREMENTS, {
  maxItems: MOST_REQUIREMENTS,
  merge: 'atomic',
});

/** Requirements of a NodeClaim. */
export const claimRequirements = list(requirementSchema(KEY_RULES), REQUIREMENTS, {
  maxItems: MOST_REQUIREMENTS,
  merge: 'atomic',
});

/** Labels of a NodePool's template. */
export const templateLabels = withRules(
  map(
    text('Value of the label.', { maxLength: 63, pattern: LABEL_VALUE }),
    'Labels that every node of the pool carries. Pods may select on them.',
    { maxProperties: 100, merge: 'atomic' },
  ),
  ...POOL_KEY_RULES.map(
    ({ cel, message, allows }): Rule<Readonly<Record<string, string>>> => ({
      cel: `self.all(key, ${cel('key')})`,
      message,
      holds: (labels) => Object.keys(labels).every(allows),
    }),
  ),
);

const taint = record('A mark on a node that keeps pods away which do not tolerate it.', {
  key: required(text('Key of the taint.', { minLength: 1, pattern: LABEL_KEY })),
  value: optional(text('Value of the taint; pods may tolerate one value only.', { pattern: LABEL_KEY })),
  effect: required(
    oneOf(
      ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
      'NoSchedule keeps new pods away, PreferNoSchedule does so while there is room elsewhere, NoExecute also evicts those that run.',
    ),
  ),
  timeAdded: optional(moment('When the taint was put on; written by Kubernetes for NoExecute.')),
});

export const taints = list(taint, 'Taints that stay on the node. Only pods that tolerate them are planned for it.', {
  merge: 'atomic',
});

export const startupTaints = list(
  taint,
  'Taints that the node starts with and that something else, such as a network plug-in, takes away. Pods need not tolerate them to have a node launched; the node counts as initialized once they are gone.',
  { merge: 'atomic' },
);

const notEmpty = (): Rule<string> => ({
  cel: "self != ''",
  message: 'must not be empty',
  holds: (written) => written !== '',
});

/** The parts of a reference to a node class. */
export const nodeClassGroup = withRules(
  text(`API group of the node class. There is one: ${NODE_CLASS_GROUP}.`, { pattern: '^[^/]*$' }),
  notEmpty(),
);
export const nodeClassKind = withRules(text(`Kind of the node class. There is one: ${NODE_CLASS_KIND}.`), notEmpty());
export const nodeClassName = withRules(text('Name of the node class.'), notEmpty());

export const expireAfter = text(
  'How long a node may live, from its creation until it is drained and replaced whatever runs on it, such as 720h; Never keeps it.',
  { pattern: DURATION_OR_NEVER },
);

export const terminationGracePeriod = text(
  'How long a node may drain before what still runs on it is ended, budgets or not, such as 48h. Without it a drain waits for as long as it takes.',
  { pattern: DURATION },
);

/** Amounts by the name of their resource. */
export function resources(description: string): Schema<Readonly<Record<string, string | number>>> {
  return map(quantity('An amount, such as 4, 500m or 16Gi.', QUANTITY), description);
}

const REASON = 'A word for machines on why the status is as it is.';
const conditionMessage = text('The same for people; may be empty.', { maxLength: 32768 });

/** The fields of every condition. */
const conditionFields = {
  type: required(text('What the condition is about, in CamelCase.', { maxLength: 316, pattern: CONDITION_TYPE })),
  status: required(oneOf(['True', 'False', 'Unknown'], 'Whether it holds.')),
  lastTransitionTime: required(moment('When the status changed last.')),
  observedGeneration: optional(
    whole('The metadata.generation that the condition is about: an older one means it is out of date.', {
      minimum: 0,
      format: 'int64',
    }),
  ),
};

/** A condition that says why, as those of Kubernetes do. */
export const condition = record('One thing that is known about the object.', {
  ...conditionFields,
  reason: required(text(REASON, { minLength: 1, maxLength: 1024, pattern: CONDITION_REASON })),
  message: required(conditionMessage),
});

/** A condition that may keep its reasons to itself. */
export const terseCondition = record('One thing that is known about the object.', {
  ...conditionFields,
  reason: optional(text(`${REASON} May be empty.`, { maxLength: 1024, pattern: `^$|${CONDITION_REASON}` })),
  message: optional(conditionMessage),
});
