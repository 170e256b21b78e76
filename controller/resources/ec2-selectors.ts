// The parts of an EC2NodeClass that say which things of the account are meant: images, subnets, security groups, capacity
// reservations, placement groups. Terms of a list are alternatives, what is written in one term holds together.
import { isFamilyAlias, WINDOWS_ALIASES } from './ec2-image-family.ts';
import { list, map, oneOf, optional, type Rule, record, text, withRules } from './schema/index.ts';

/** Most terms of one selector. */
const MOST_TERMS = 30;

const tags = withRules(
  map(text('Value of the tag; * stands for any.'), 'Tags that it must carry, all of them.', { maxProperties: 20 }),
  {
    cel: "self.all(key, key != '' && self[key] != '')",
    message: 'neither keys nor values may be empty: write * for any value',
    holds: (written) => Object.entries(written).every(([key, value]) => key !== '' && value !== ''),
  },
);

type Term = Readonly<Record<string, unknown>>;

const has = (term: Term, field: string): boolean => term[field] !== undefined;

/** At least one of the fields in every term. */
function needsOneOf(fields: readonly string[]): Rule<readonly Term[]> {
  return {
    cel: `self.all(term, ${fields.map((field) => `has(term.${field})`).join(' || ')})`,
    message: `every term needs at least one of ${fields.join(', ')}`,
    holds: (terms) => terms.every((term) => fields.some((field) => has(term, field))),
  };
}

/**
 * A field that stands alone in its term. Karpenter refuses a list only where every term breaks this; what it accepts is
 * accepted here. An empty list breaks nothing.
 */
function standsAlone(field: string, others: readonly string[]): Rule<readonly Term[]> {
  const mixed = `has(term.${field}) && (${others.map((other) => `has(term.${other})`).join(' || ')})`;
  return {
    cel: `self.size() == 0 || !self.all(term, ${mixed})`,
    message: `a term with ${field} takes none of ${others.join(', ')}: make them terms of their own`,
    holds: (terms) =>
      terms.length === 0 || !terms.every((term) => has(term, field) && others.some((other) => has(term, other))),
  };
}

/** The same where no term may break it. */
function alwaysStandsAlone(field: string, others: readonly string[]): Rule<readonly Term[]> {
  const mixed = `has(term.${field}) && (${others.map((other) => `has(term.${other})`).join(' || ')})`;
  return {
    cel: `!self.exists(term, ${mixed})`,
    message: `a term with ${field} takes none of ${others.join(', ')}: make them terms of their own`,
    holds: (terms) => !terms.some((term) => has(term, field) && others.some((other) => has(term, other))),
  };
}

const notEmpty: Rule<readonly Term[]> = {
  cel: 'self.size() > 0',
  message: 'needs at least one term',
  holds: (terms) => terms.length > 0,
};

export const subnetSelectorTerms = withRules(
  list(
    record('Subnets by their tags, or one by its id.', {
      tags: optional(tags),
      id: optional(text('Id of a subnet.', { pattern: 'subnet-[0-9a-z]+' })),
    }),
    'The subnets that nodes may be in. Their zones are the zones that nodes can have.',
    { maxItems: MOST_TERMS },
  ),
  notEmpty,
  needsOneOf(['tags', 'id']),
  standsAlone('id', ['tags']),
);

export const securityGroupSelectorTerms = withRules(
  list(
    record('Security groups by their tags, or one by its id or name.', {
      tags: optional(tags),
      id: optional(text('Id of a security group.', { pattern: 'sg-[0-9a-z]+' })),
      name: optional(text('Name of a security group: its GroupName, not the tag called Name.')),
    }),
    'The security groups that nodes are put into, all that are found.',
    { maxItems: MOST_TERMS },
  ),
  notEmpty,
  needsOneOf(['tags', 'id', 'name']),
  standsAlone('id', ['tags', 'name']),
  standsAlone('name', ['tags', 'id']),
);

const alias = withRules(
  text(
    'The images that AWS publishes for EKS, as FAMILY@VERSION: al2023@latest, bottlerocket@v1.20.4. Takes the place of all other terms. With latest, nodes drift whenever a new image comes out.',
    { maxLength: 30 },
  ),
  {
    cel: "self.matches('^[a-zA-Z0-9]+@.+$')",
    message: 'must be FAMILY@VERSION, such as al2023@latest',
    holds: (written) => /^[a-zA-Z0-9]+@.+$/.test(written),
  },
  {
    cel: "self.split('@')[0] in ['al2', 'al2023', 'bottlerocket', 'windows2019', 'windows2022', 'windows2025']",
    message: 'its family must be one of al2, al2023, bottlerocket, windows2019, windows2022, windows2025',
    holds: (written) => isFamilyAlias(written.split('@')[0] ?? ''),
  },
  {
    cel: "!(self.split('@')[0] in ['windows2019', 'windows2022', 'windows2025']) || !self.contains('@') || self.split('@')[1] == 'latest'",
    message: 'images of Windows have no version but latest',
    holds: (written) => {
      const [family = '', version = 'latest'] = written.split('@');
      return !WINDOWS_ALIASES.includes(family) || version === 'latest';
    },
  },
);

export const amiSelectorTerms = withRules(
  list(
    record('Images by an alias, by tags, by name and owner, by an SSM parameter, or one by its id.', {
      alias: optional(alias),
      tags: optional(tags),
      id: optional(text('Id of an image.', { pattern: 'ami-[0-9a-z]+' })),
      name: optional(text('Name of images; * and ? stand for any text and any letter.')),
      owner: optional(
        text(
          'Account that owns the images, by number, or self or amazon. Without it those of the account and of AWS count.',
        ),
      ),
      ssmParameter: optional(text('Name or ARN of an SSM parameter that holds the id of an image.')),
    }),
    'The images that nodes start from; of those that fit an instance type, the newest. Left out, amiFamily alone means the newest image of that family.',
    { minItems: 1, maxItems: MOST_TERMS },
  ),
  needsOneOf(['tags', 'id', 'name', 'alias', 'ssmParameter']),
  alwaysStandsAlone('id', ['alias', 'tags', 'name', 'owner']),
  alwaysStandsAlone('alias', ['id', 'tags', 'name', 'owner']),
  {
    cel: 'self.size() == 1 || !self.exists(term, has(term.alias))',
    message: 'a term with alias must be the only one',
    holds: (terms: readonly Term[]) => terms.length === 1 || !terms.some((term) => has(term, 'alias')),
  },
);

export const capacityReservationSelectorTerms = withRules(
  list(
    record('Capacity reservations by tags, owner and who may use them, or one by its id.', {
      tags: optional(tags),
      id: optional(text('Id of a capacity reservation.', { pattern: '^cr-[0-9a-z]+$' })),
      ownerID: optional(text('Account that owns the reservations: twelve digits.', { pattern: '^[0-9]{12}$' })),
      instanceMatchCriteria: optional(
        oneOf(
          ['open', 'targeted'],
          'open: any instance that matches uses the reservation; targeted: only those that name it.',
        ),
      ),
    }),
    'The capacity reservations that may be used. What is free in them is preferred to spot and on-demand.',
    { maxItems: MOST_TERMS },
  ),
  needsOneOf(['tags', 'id', 'instanceMatchCriteria']),
  standsAlone('id', ['tags', 'ownerID', 'instanceMatchCriteria']),
);

export const placementGroupSelector = withRules(
  record('The placement group that all instances are launched into, by name or by id.', {
    name: optional(text('Name of the placement group.', { minLength: 1 })),
    id: optional(text('Id of the placement group.', { pattern: '^pg-[0-9a-z]+$' })),
  }),
  {
    cel: 'has(self.name) || has(self.id)',
    message: 'needs name or id',
    holds: ({ name, id }) => name !== undefined || id !== undefined,
  },
  {
    cel: '!has(self.name) || !has(self.id)',
    message: 'takes name or id, not both',
    holds: ({ name, id }) => name === undefined || id === undefined,
  },
);
