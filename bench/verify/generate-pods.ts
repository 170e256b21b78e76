// The pods of a generated problem: groups of equal pods, each group with rules of its own.
import type { Random } from '../random.ts';
import {
  FAMILIES,
  GPU,
  type InstanceType,
  LABELS,
  type Manifest,
  type Requirement,
  TAINTS,
  TEAMS,
  ZONES,
} from './vocabulary.ts';

const MEBIBYTES_PER_CORE = [512, 2048, 4096, 8192] as const;

/** Pods of one to eight groups. */
export function drawPods(random: Random, instanceTypes: readonly InstanceType[]): Manifest[] {
  const groupCount = random.integer(1, 8);
  return Array.from({ length: groupCount }, (_, index) => drawGroup(`app-${index}`, random, instanceTypes)).flat();
}

function drawGroup(app: string, random: Random, instanceTypes: readonly InstanceType[]): Manifest[] {
  const count = random.pickWeighted([
    [3, random.integer(1, 3)],
    [4, random.integer(4, 12)],
    [1, random.integer(13, 60)],
  ]);
  const spec = { ...drawResources(random), ...drawPlacement(random, instanceTypes) };
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${app}-${index}`, namespace: random.chance(0.1) ? 'other' : 'default', labels: { app } },
    spec,
  }));
}

function drawResources(random: Random): Manifest {
  const cpuMilli = random.pickWeighted([
    [5, random.integer(1, 10) * 100],
    [4, random.integer(1, 8) * 500],
    [1, random.integer(8, 40) * 1000],
  ]);
  const memoryMebibytes = Math.ceil((cpuMilli / 1000) * random.pick(MEBIBYTES_PER_CORE));
  const requests: Record<string, string> = { cpu: `${cpuMilli}m`, memory: `${memoryMebibytes}Mi` };
  const limits: Record<string, string> = {};
  if (random.chance(0.1)) limits[GPU] = String(random.integer(1, 2));
  const main = { name: 'main', image: 'example.com/app:1', resources: { requests, limits } };
  const init = {
    name: 'init',
    image: 'example.com/init:1',
    ...(random.chance(0.5) ? { restartPolicy: 'Always' } : {}),
    resources: { requests: { cpu: `${random.integer(1, 30) * 100}m`, memory: '256Mi' } },
  };
  return {
    containers: random.chance(0.2) ? [main, { name: 'side', image: 'example.com/side:1' }] : [main],
    ...(random.chance(0.2) ? { initContainers: [init] } : {}),
    ...(random.chance(0.1) ? { overhead: { cpu: '250m', memory: '64Mi' } } : {}),
  };
}

function drawPlacement(random: Random, instanceTypes: readonly InstanceType[]): Manifest {
  const nodeSelector: Record<string, string> = {};
  if (random.chance(0.15)) nodeSelector[LABELS.zone] = random.pick(ZONES);
  if (random.chance(0.1)) nodeSelector[LABELS.capacityType] = random.pick(['spot', 'on-demand']);
  if (random.chance(0.1)) nodeSelector[LABELS.team] = random.pick(TEAMS);
  if (random.chance(0.05)) nodeSelector[LABELS.type] = random.pick(instanceTypes).name;
  const terms = random.chance(0.35) ? drawTerms(random, instanceTypes) : [];
  return {
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    ...(terms.length > 0
      ? {
          affinity: {
            nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
          },
        }
      : {}),
    tolerations: drawTolerations(random),
  };
}

function drawTerms(random: Random, instanceTypes: readonly InstanceType[]): { matchExpressions: Requirement[] }[] {
  return Array.from({ length: random.integer(1, 3) }, () => ({
    matchExpressions: Array.from({ length: random.integer(1, 2) }, () => drawExpression(random, instanceTypes)),
  }));
}

function drawExpression(random: Random, instanceTypes: readonly InstanceType[]): Requirement {
  const among = (key: string, values: readonly string[]): Requirement => ({
    key,
    operator: random.pick(['In', 'In', 'NotIn']),
    values: random.shuffle(values).slice(0, random.integer(1, Math.min(3, values.length))),
  });
  return random.pickWeighted<() => Requirement>([
    [3, () => among(LABELS.zone, ZONES)],
    [2, () => among(LABELS.family, FAMILIES)],
    [2, () => among(LABELS.capacityType, ['spot', 'on-demand'])],
    [
      2,
      () =>
        among(
          LABELS.type,
          instanceTypes.map(({ name }) => name),
        ),
    ],
    [1, () => among(LABELS.arch, ['amd64', 'arm64'])],
    [1, () => among(LABELS.team, TEAMS)],
    [1, () => among(LABELS.pool, ['pool-0', 'pool-1'])],
    [2, () => ({ key: LABELS.cores, operator: random.pick(['Gt', 'Lt']), values: [random.pick(['1', '3', '8'])] })],
    [1, () => ({ key: LABELS.gpu, operator: random.pick(['Exists', 'DoesNotExist']) })],
    [1, () => ({ key: LABELS.team, operator: random.pick(['Exists', 'DoesNotExist']) })],
  ])();
}

function drawTolerations(random: Random): Manifest[] {
  if (random.chance(0.1)) return [{ operator: 'Exists' }];
  return TAINTS.filter(() => random.chance(0.3)).map(({ key, value, effect }) =>
    random.chance(0.5) ? { key, operator: 'Exists' } : { key, operator: 'Equal', value, effect },
  );
}
