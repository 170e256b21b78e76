// A thousand mixed pods of a seed: sizes that pack tightly, spreads over zones, one a host, on demand or spot only. How many
// there are of each kind is drawn, and so is the order in which they are made.
import { openChance } from '../../controller/random/index.ts';

const POD_COUNT = 1_000;

/** CPU and memory of plain pods: they divide what nodes have with little over. */
const SIZES = [
  ['250m', '512Mi'],
  ['500m', '1Gi'],
  ['500m', '3Gi'],
  ['1', '2Gi'],
  ['1', '6Gi'],
  ['1500m', '3Gi'],
  ['2', '8Gi'],
  ['3', '6Gi'],
] as const;

interface Workload {
  readonly name: string;
  readonly count: number;
  readonly cpu: string;
  readonly memory: string;
  readonly spec?: object;
}

/** The pods of a seed, ready to be created. */
export function mixedPods(seed: number): object[] {
  const chance = openChance(seed);
  const size = () => SIZES[chance.integer(0, SIZES.length - 1)] as (typeof SIZES)[number];
  const workloads: Workload[] = [];
  let left = POD_COUNT;
  const add = (name: string, fewest: number, most: number, spec?: object): void => {
    const count = Math.min(left, chance.integer(fewest, most));
    const [cpu, memory] = size();
    left -= count;
    workloads.push({ name, count, cpu, memory, ...(spec === undefined ? {} : { spec }) });
  };
  for (let index = 0; index < 4; index += 1) add(`zoned-${index}`, 30, 60, zoneSpread(`zoned-${index}`));
  for (let index = 0; index < 4; index += 1) add(`single-${index}`, 10, 20, oneAHost(`single-${index}`));
  for (let index = 0; index < 2; index += 1) add(`demand-${index}`, 50, 90, capacityType('on-demand'));
  for (let index = 0; index < 2; index += 1) add(`spot-${index}`, 50, 90, capacityType('spot'));
  for (let index = 0; left > 0; index += 1) add(`plain-${index}`, 40, 90);
  const pods = workloads.flatMap((workload) =>
    Array.from({ length: workload.count }, (_, index) => podOf(workload, index)),
  );
  return shuffled(pods, (most) => chance.integer(0, most));
}

function podOf({ name, cpu, memory, spec }: Workload, index: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-${index}`, namespace: 'default', labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: 'none', resources: { requests: { cpu, memory } } }],
      ...spec,
    },
  };
}

function zoneSpread(app: string): object {
  return {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app } },
      },
    ],
  };
}

function oneAHost(app: string): object {
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app } } };
  return { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
}

function capacityType(value: string): object {
  return { nodeSelector: { 'karpenter.sh/capacity-type': value } };
}

function shuffled<Item>(items: readonly Item[], draw: (most: number) => number): Item[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = draw(last);
    [order[last], order[other]] = [order[other] as Item, order[last] as Item];
  }
  return order;
}
