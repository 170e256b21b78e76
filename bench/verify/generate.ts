// Small problems in the problem format, one for each seed. They are made to disagree on: few types, tight limits, tainted
// and labelled pools, nodes half full. On top of that most have some of the rules in the folder `rules` in play, each with
// draws of its own, forked from the seed, so that a rule never changes what another draws.
import { openRandom, type Random } from '../random.ts';
import { drawNodes } from './generate-nodes.ts';
import { drawPods } from './generate-pods.ts';
import { applyRules, rulesOfSeed } from './rules/index.ts';
import {
  FAMILIES,
  GPU,
  type InstanceType,
  LABELS,
  type Manifest,
  type Requirement,
  TAINTS,
  TEAMS,
  type VerifyProblem,
  ZONES,
} from './vocabulary.ts';

const SIZES = [1, 2, 4, 8, 16, 32] as const;
const ARCHITECTURES = ['amd64', 'arm64'] as const;

/** Share of problems with rules whose pools have no limits, so that the rules decide and not the room. */
const ROOMY_SHARE = 0.7;

/** A problem and what is special about it. */
export interface GeneratedProblem {
  readonly problem: VerifyProblem;
  /** Names of the rules in play. */
  readonly rules: readonly string[];
}

/** The problem of a seed. */
export function generateProblem(seed: number): GeneratedProblem {
  const random = openRandom(seed);
  const rules = rulesOfSeed(seed, random.fork('choice of rules'));
  const plain = drawPlainProblem(seed, random);
  const isRoomy = rules.length > 0 && random.fork('room').chance(ROOMY_SHARE);
  return { problem: applyRules(isRoomy ? withoutLimits(plain) : plain, rules, random.fork('rules')), rules };
}

function withoutLimits(problem: VerifyProblem): VerifyProblem {
  const nodePools = problem.nodePools.map((pool) => {
    const { limits: _, ...spec } = pool.spec as Manifest;
    return { ...pool, spec };
  });
  return { ...problem, nodePools };
}

function drawPlainProblem(seed: number, random: Random): VerifyProblem {
  const instanceTypes = drawTypes(random.fork('types'));
  const nodePools = drawPools(random.fork('pools'));
  const daemonSets = drawDaemonSets(random.fork('daemonsets'));
  return {
    name: `seed-${seed}`,
    nodePools,
    instanceTypes,
    pods: drawPods(random.fork('pods'), instanceTypes),
    daemonSets,
    nodes: drawNodes(random.fork('nodes'), { instanceTypes, nodePools, daemonSets }),
  };
}

function drawTypes(random: Random): InstanceType[] {
  const chosen = random.shuffle(FAMILIES.flatMap((family) => SIZES.map((cores) => ({ family, cores }))));
  return chosen.slice(0, random.integer(3, chosen.length)).map(({ family, cores }) => drawType(family, cores, random));
}

function drawType(family: string, cores: number, random: Random): InstanceType {
  const name = `${family}.${cores}`;
  const gpuCount = family === 'c' && random.chance(0.5) ? Math.max(1, Math.floor(cores / 8)) : 0;
  const memoryGibibytes = cores * (family === 'a' ? 2 : family === 'b' ? 4 : 8);
  const unit = cores * 0.04 + memoryGibibytes * 0.005 + gpuCount * 0.5;
  const basePrice = unit * (0.9 + 0.3 * random.fraction());
  return {
    name,
    labels: {
      [LABELS.type]: name,
      [LABELS.arch]: family === 'b' ? random.pick(ARCHITECTURES) : 'amd64',
      [LABELS.os]: 'linux',
      [LABELS.family]: family,
      [LABELS.cores]: String(cores),
      ...(gpuCount > 0 ? { [LABELS.gpu]: 'a100' } : {}),
    },
    capacity: {
      cpu: String(cores),
      memory: `${memoryGibibytes}Gi`,
      pods: String(random.chance(0.2) ? cores * 2 : 110),
      ...(gpuCount > 0 ? { [GPU]: String(gpuCount) } : {}),
    },
    overhead: { cpu: `${60 + 10 * cores}m`, memory: `${200 + 20 * cores}Mi` },
    offerings: ZONES.flatMap((zone) =>
      ['on-demand', 'spot']
        .filter(() => random.chance(0.85))
        .map((capacityType) => ({
          zone,
          capacityType,
          price: dollars(capacityType === 'spot' ? basePrice * (0.3 + 0.5 * random.fraction()) : basePrice),
          available: random.chance(0.9),
        })),
    ),
  };
}

/** Whole micro-dollars, as price lists have them. */
function dollars(price: number): number {
  return Math.round(price * 1e6) / 1e6;
}

function drawPools(random: Random): Manifest[] {
  const count = random.pickWeighted([
    [5, 1],
    [4, 2],
    [2, 3],
  ]);
  return Array.from({ length: count }, (_, index) => drawPool(`pool-${index}`, random));
}

function drawPool(name: string, random: Random): Manifest {
  const requirements: Requirement[] = [];
  const maybe = (share: number, requirement: () => Requirement): void => {
    if (random.chance(share)) requirements.push(requirement());
  };
  maybe(0.3, () => ({ key: LABELS.arch, operator: 'In', values: ['amd64'] }));
  maybe(0.3, () => ({ key: LABELS.capacityType, operator: 'In', values: [random.pick(['spot', 'on-demand'])] }));
  maybe(0.3, () => ({
    key: LABELS.zone,
    operator: random.pick(['In', 'NotIn']),
    values: random.shuffle(ZONES).slice(0, random.integer(1, 2)),
  }));
  maybe(0.25, () => ({
    key: LABELS.family,
    operator: random.pick(['In', 'NotIn']),
    values: [random.pick(FAMILIES)],
  }));
  maybe(0.25, () => ({ key: LABELS.cores, operator: random.pick(['Gt', 'Lt']), values: [String(random.pick(SIZES))] }));
  maybe(0.1, () => ({ key: LABELS.gpu, operator: random.pick(['Exists', 'DoesNotExist']) }));
  maybe(0.15, () => ({
    key: LABELS.team,
    operator: random.pick(['In', 'Exists', 'NotIn']),
    values: random.shuffle(TEAMS).slice(0, 2),
  }));
  const hasTeam = requirements.some(({ key }) => key === LABELS.team);
  const limits: Record<string, string> = {};
  if (random.chance(0.2)) limits.cpu = String(random.integer(4, 80));
  if (random.chance(0.1)) limits.memory = `${random.integer(16, 300)}Gi`;
  if (random.chance(0.1)) limits.nodes = String(random.integer(1, 6));
  return {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodePool',
    metadata: { name },
    spec: {
      ...(random.chance(0.5) ? { weight: random.integer(1, 3) * 10 } : {}),
      ...(Object.keys(limits).length > 0 ? { limits } : {}),
      template: {
        metadata: { labels: !hasTeam && random.chance(0.3) ? { [LABELS.team]: random.pick(TEAMS) } : {} },
        spec: {
          // Exists takes no values.
          requirements: requirements.map((one) =>
            one.operator === 'Exists' ? { key: one.key, operator: one.operator } : one,
          ),
          taints: random.chance(0.25) ? [random.pick(TAINTS)] : [],
          startupTaints: random.chance(0.1) ? [{ key: 'starting', effect: 'NoSchedule' }] : [],
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
        },
      },
    },
  };
}

function drawDaemonSets(random: Random): Manifest[] {
  const count = random.pickWeighted([
    [4, 0],
    [3, 1],
    [3, 2],
  ]);
  return Array.from({ length: count }, (_, index) => {
    const name = `daemon-${index}`;
    return {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name, namespace: 'kube-system' },
      spec: {
        selector: { matchLabels: { name } },
        template: {
          metadata: { labels: { name } },
          spec: {
            ...(random.chance(0.4) ? { nodeSelector: { [LABELS.family]: random.pick(FAMILIES) } } : {}),
            tolerations: random.chance(0.6) ? [{ operator: 'Exists' }] : [],
            containers: [
              {
                name: 'main',
                image: 'example.com/daemon:1',
                resources: {
                  requests: { cpu: `${random.integer(1, 8) * 50}m`, memory: `${random.integer(1, 8) * 64}Mi` },
                },
              },
            ],
          },
        },
      },
    };
  });
}
