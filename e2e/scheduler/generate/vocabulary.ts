// The labels that generated conditions speak of, with values that exist in the case and values that don't. One list, so
// that pods, pools and daemonsets ask about the same things and often agree.
import type { Expression, NodeTerm } from '../objects.ts';
import type { Random } from '../random.ts';
import { type InstanceType, REGION, ZONES } from './instance-types.ts';

/** One label with values to ask for. */
export interface VocabularyEntry {
  readonly key: string;
  readonly values: readonly string[];
  /** True where the values are whole numbers, so that Gt and Lt make sense. */
  readonly isNumeric: boolean;
}

/** A label of pools whose values pools choose. */
export const TEAM_LABEL = 'example.com/team';
/** Another, with numbers for values. */
export const LEVEL_LABEL = 'example.com/level';
/** A label that no node has. */
const UNKNOWN_LABEL = 'example.com/nobody-has-it';

const TEAMS = ['blue', 'green', 'red'] as const;
const LEVELS = ['1', '3', '5', '7'] as const;

/** Old names of labels, as the kubelet and the cloud's controllers still write them beside the new ones. */
export const OLD_SPELLINGS: readonly (readonly [old: string, now: string])[] = [
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['topology.ebs.csi.aws.com/zone', 'topology.kubernetes.io/zone'],
  ['beta.kubernetes.io/arch', 'kubernetes.io/arch'],
  ['beta.kubernetes.io/os', 'kubernetes.io/os'],
  ['beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type'],
];

const NUMERIC = /-(cpu|memory|generation|gpu-count|local-nvme)$/;

/** What pools may say of their nodes: labels of types and offerings, and labels of the pools' own. */
export function poolVocabulary(types: readonly InstanceType[]): VocabularyEntry[] {
  const values = new Map<string, Set<string>>([
    ['topology.kubernetes.io/zone', new Set(ZONES)],
    ['karpenter.sh/capacity-type', new Set(['on-demand', 'spot'])],
    ['topology.kubernetes.io/region', new Set([REGION])],
  ]);
  for (const { labels } of types) {
    for (const [key, value] of Object.entries(labels)) {
      const known = values.get(key);
      if (known === undefined) values.set(key, new Set([value]));
      else known.add(value);
    }
  }
  const entries: VocabularyEntry[] = [...values].map(([key, known]) => ({
    key,
    values: [...known],
    isNumeric: NUMERIC.test(key),
  }));
  return [...entries, ...customVocabulary()];
}

/** The labels that only pools decide. */
export function customVocabulary(): VocabularyEntry[] {
  return [
    { key: TEAM_LABEL, values: TEAMS, isNumeric: false },
    { key: LEVEL_LABEL, values: LEVELS, isNumeric: true },
  ];
}

/** What pods may ask for: all that pools decide, in old spellings too, the pools themselves, and what nobody has. */
export function podVocabulary(
  types: readonly InstanceType[],
  poolNames: readonly string[],
  nodeNames: readonly string[],
): VocabularyEntry[] {
  const entries = poolVocabulary(types);
  const old = OLD_SPELLINGS.flatMap(([key, now]) => {
    const entry = entries.find((one) => one.key === now);
    return entry === undefined ? [] : [{ ...entry, key }];
  });
  return [
    ...entries,
    ...old,
    { key: 'karpenter.sh/nodepool', values: poolNames, isNumeric: false },
    { key: 'kubernetes.io/hostname', values: [...nodeNames, 'no-such-node'], isNumeric: false },
    { key: UNKNOWN_LABEL, values: ['yes'], isNumeric: false },
  ];
}

/** A condition on some label of the vocabulary, with any of the operators that pods have. */
export function drawExpression(random: Random, vocabulary: readonly VocabularyEntry[]): Expression {
  const entry = random.pick(vocabulary);
  const { key } = entry;
  // Conditions that can be met are drawn more often: a case in which nothing can be placed judges nothing.
  const operators = entry.isNumeric
    ? ['In', 'In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Gt', 'Lt', 'Lt']
    : ['In', 'In', 'In', 'NotIn', 'NotIn', 'Exists', 'DoesNotExist'];
  const operator = random.pick(operators);
  if (operator === 'Exists' || operator === 'DoesNotExist') return { key, operator };
  if (operator === 'Gt' || operator === 'Lt') {
    return { key, operator, values: [String(Number(random.pick(entry.values)) + random.integer(-1, 1))] };
  }
  const values = random.some(entry.values, 1, Math.max(1, entry.values.length - 1));
  if (random.chance(0.1)) values.push('no-such-value');
  return { key, operator, values };
}

/** A term of up to three conditions; now and then one without any, which no node meets. */
export function drawTerm(random: Random, vocabulary: readonly VocabularyEntry[]): NodeTerm {
  if (random.chance(0.03)) return {};
  const count = random.integer(1, 3);
  return { matchExpressions: Array.from({ length: count }, () => drawExpression(random, vocabulary)) };
}
