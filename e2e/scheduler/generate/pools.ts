// Pools of generated cases, and the taints that pods will have to do with.
import type { Expression, NodePool, Quantities, StringMap, Taint } from '../objects.ts';
import type { Random } from '../random.ts';
import type { InstanceType } from './instance-types.ts';
import { customVocabulary, drawExpression, poolVocabulary } from './vocabulary.ts';

/** The node class that all pools name; explicit types take nothing from it. */
export const NODE_CLASS_NAME = 'test';
/** A label that some pools put on their nodes. */
export const TIER_LABEL = 'example.com/tier';

/** Taints of pools and nodes. Their keys and values are what tolerations speak of. */
export const TAINTS: readonly Taint[] = [
  { key: 'dedicated', value: 'batch', effect: 'NoSchedule' },
  { key: 'dedicated', value: 'web', effect: 'NoSchedule' },
  { key: 'example.com/level', value: '5', effect: 'NoSchedule' },
  { key: 'example.com/draining-soon', effect: 'NoExecute' },
  { key: 'flaky', value: 'true', effect: 'PreferNoSchedule' },
];

/** From one to four pools. */
export function drawPools(random: Random, types: readonly InstanceType[]): NodePool[] {
  const count = random.pick([1, 1, 2, 2, 3, 4]);
  return Array.from({ length: count }, (_, index) => drawPool(random, `pool-${index + 1}`, types));
}

/** Different taints, at most one of a key and effect, as nodes may have. */
export function drawTaints(random: Random, high: number): Taint[] {
  const drawn = random.some(TAINTS, 0, high);
  const seen = new Set<string>();
  return drawn.filter(({ key, effect }) => {
    const identity = `${key}:${effect}`;
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

function drawPool(random: Random, name: string, types: readonly InstanceType[]): NodePool {
  const labels: StringMap = random.chance(0.4) ? { [TIER_LABEL]: random.pick(['gold', 'silver']) } : {};
  const limits = drawLimits(random);
  return {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name },
    spec: {
      ...(random.chance(0.5) ? { weight: random.integer(1, 100) } : {}),
      ...(limits === undefined ? {} : { limits }),
      template: {
        metadata: { labels },
        spec: {
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: NODE_CLASS_NAME },
          requirements: drawRequirements(random, types),
          taints: random.chance(0.4) ? drawTaints(random, 2) : [],
          startupTaints: random.chance(0.2) ? [{ key: 'example.com/starting', effect: 'NoSchedule' }] : [],
        },
      },
    },
  };
}

/** Conditions on types and offerings, and labels of the pool's own: one value, several to choose from, or any. */
function drawRequirements(random: Random, types: readonly InstanceType[]): Expression[] {
  const requirements: Expression[] = [];
  const vocabulary = poolVocabulary(types).filter(({ key }) => customVocabulary().every((own) => own.key !== key));
  const count = random.pick([0, 0, 1, 1, 2]);
  for (let index = 0; index < count; index += 1) requirements.push(positive(drawExpression(random, vocabulary)));
  for (const own of customVocabulary()) {
    if (!random.chance(0.35)) continue;
    const operator = random.pick(
      own.isNumeric ? ['In', 'Exists', 'Gt', 'NotIn'] : ['In', 'In', 'Exists', 'NotIn', 'DoesNotExist'],
    );
    if (operator === 'Exists' || operator === 'DoesNotExist') requirements.push({ key: own.key, operator });
    else if (operator === 'Gt') requirements.push({ key: own.key, operator, values: [random.pick(own.values)] });
    else requirements.push({ key: own.key, operator, values: random.some(own.values, 1, 2) });
  }
  return requirements;
}

/** Pools take no negative numbers. */
function positive(expression: Expression): Expression {
  if (expression.operator !== 'Gt' && expression.operator !== 'Lt') return expression;
  return { ...expression, values: (expression.values ?? []).map((value) => value.replace('-', '')) };
}

function drawLimits(random: Random): Quantities | undefined {
  const kind = random.integer(1, 10);
  if (kind === 1) return { cpu: String(random.integer(2, 24)) };
  if (kind === 2) return { memory: `${random.integer(8, 96)}Gi` };
  if (kind === 3) return { nodes: String(random.integer(0, 3)) };
  if (kind === 4) return { cpu: String(random.integer(8, 64)), nodes: String(random.integer(1, 4)) };
  return undefined;
}
