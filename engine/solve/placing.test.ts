// Packing by kinds against packing every unit by itself: both place the same pods, and neither breaks a rule or a node.
// The parts are in engine/pack/kinds.test.ts and dealing.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CompiledProblem, makeUnit, TemplateFilter } from '../compile/index.ts';
import type { PodShape } from '../model/index.ts';
import { Budget } from '../pack/index.ts';
import { marketOfKinds, NO_LIMITS, type NodeKind } from '../pack/testing/index.ts';
import { nodePool, podShape, problemOf } from '../shapes/testing/index.ts';
import { type NewNodes, placeOnNewNodes, tiersOf } from './placing.ts';

const HOST = 'kubernetes.io/hostname';

type HostRule = 'none' | 'spread' | 'apart' | 'apart from another' | 'port';

/** Pods of one workload: their size, how many, and what they ask of the others on their host. */
interface Workload {
  readonly cpu: number;
  readonly count: number;
  readonly rule: HostRule;
  readonly maxSkew: number;
}

const selecting = (app: string) => ({ matchLabels: { app }, matchExpressions: [] });

function shapeOf({ cpu, rule, maxSkew }: Workload, index: number): PodShape {
  const app = `app-${index}`;
  const apartFrom = rule === 'apart' ? app : rule === 'apart from another' ? `app-${index - 1}` : undefined;
  return podShape({
    labels: { app },
    requests: { cpu, memory: 1, pods: 1 },
    topologySpread:
      rule !== 'spread'
        ? []
        : [
            {
              topologyKey: HOST,
              maxSkew,
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: selecting(app),
              nodeAffinityPolicy: 'Honor',
              nodeTaintsPolicy: 'Ignore',
              matchLabelKeys: [],
            },
          ],
    podAntiAffinity:
      apartFrom === undefined
        ? []
        : [
            {
              topologyKey: HOST,
              labelSelector: selecting(apartFrom),
              namespaces: [],
              matchLabelKeys: [],
              mismatchLabelKeys: [],
            },
          ],
    hostPorts: rule === 'port' ? [{ hostIp: '', port: 80 + (index % 2), protocol: 'TCP' }] : [],
  });
}

interface Placed {
  readonly nodes: readonly NewNodes[];
  readonly left: readonly number[];
  readonly price: number;
}

function placed(kinds: readonly NodeKind[], workloads: readonly Workload[], fewKinds: number): Placed {
  const groups = workloads.map((workload, index) => ({ shape: shapeOf(workload, index), count: workload.count }));
  const { catalogue, prices } = marketOfKinds(kinds);
  const compiled = new CompiledProblem(catalogue, prices, problemOf({ pools: [nodePool('p')], groups }));
  const units = compiled.shapes.map((shape) => ({
    unit: makeUnit(compiled, [{ pod: shape.demands[0]!, podCount: 1 }]),
    count: shape.input.count,
  }));
  const [tier] = tiersOf(compiled);
  const budget = new Budget(undefined, undefined);
  const nodes = placeOnNewNodes(compiled, new TemplateFilter(compiled), tier!, units, NO_LIMITS, budget, { fewKinds });
  const least = nodes.map(
    (node) =>
      Math.min(
        ...kinds.filter((kind) => kind.cpu >= sum(podsOn(node).map(({ cpu }) => cpu))).map(({ price }) => price),
      ) * node.nodeCount,
  );
  return { nodes, left: units.map(({ count }) => count), price: sum(least) };
}

interface PodOnNode {
  readonly app: string;
  readonly cpu: number;
  readonly shape: PodShape;
}

/** The pods of one of the nodes, one entry each. */
function podsOn({ units, unitCounts }: NewNodes): PodOnNode[] {
  return units.flatMap((unit, at) =>
    Array.from({ length: unitCounts[at]! }, () => {
      const { shape } = unit.members[0]!.pod.of.input;
      return { app: shape.labels.app!, cpu: shape.requests.cpu!, shape };
    }),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** What is wrong with a node, by the rules as Kubernetes states them: every spread over new hosts counts from nothing. */
function brokenOn(node: NewNodes, kinds: readonly NodeKind[]): string[] {
  const pods = podsOn(node);
  const cpu = sum(pods.map((pod) => pod.cpu));
  const found = kinds.some((kind) => kind.cpu >= cpu && (kind.pods ?? 110) >= pods.length) ? [] : ['too small'];
  for (const pod of pods) {
    const others = pods.filter((other) => other !== pod);
    for (const { maxSkew } of pod.shape.topologySpread) {
      if (pods.filter(({ app }) => app === pod.app).length > maxSkew) found.push(`spread of ${pod.app}`);
    }
    for (const { labelSelector } of pod.shape.podAntiAffinity) {
      if (others.some(({ app }) => app === labelSelector?.matchLabels.app)) found.push(`${pod.app} is not apart`);
    }
    for (const { port } of pod.shape.hostPorts) {
      if (others.some(({ shape }) => shape.hostPorts.some((one) => one.port === port))) found.push(`port ${port}`);
    }
  }
  return found;
}

const nodeKinds: fc.Arbitrary<NodeKind[]> = fc.array(
  fc.record({
    cpu: fc.constantFrom(4, 8, 16),
    memory: fc.constant(1000),
    price: fc.integer({ min: 10, max: 40 }),
  }),
  { minLength: 1, maxLength: 3 },
);

const workloads: fc.Arbitrary<Workload[]> = fc.array(
  fc.record({
    cpu: fc.constantFrom(1, 1, 2, 4),
    count: fc.integer({ min: 1, max: 9 }),
    rule: fc.constantFrom<HostRule>('none', 'none', 'spread', 'spread', 'apart', 'apart from another', 'port'),
    maxSkew: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 14 },
);

test('packed by kinds and dealt, units have the same places as packed one by one, and every rule holds', (context) => {
  const ratios: number[] = [];
  let different = 0;
  fc.assert(
    fc.property(nodeKinds, workloads, (kinds, drawn) => {
      const exact = placed(kinds, drawn, Number.POSITIVE_INFINITY);
      const collapsed = placed(kinds, drawn, 0);
      for (const { nodes } of [exact, collapsed]) {
        for (const node of nodes) assert.deepEqual(brokenOn(node, kinds), []);
      }
      assert.deepEqual(collapsed.left, exact.left);
      // Without limits nothing stays out that fits onto some node, and all of these do.
      assert.ok(exact.left.every((count) => count === 0));
      const placedCounts = ({ nodes }: Placed) => sum(nodes.map((node) => podsOn(node).length * node.nodeCount));
      assert.equal(placedCounts(collapsed), sum(drawn.map(({ count }) => count)));
      assert.equal(placedCounts(exact), placedCounts(collapsed));
      ratios.push(collapsed.price / exact.price);
      if (collapsed.price !== exact.price) different += 1;
    }),
    { numRuns: 500, seed: 20_261_203 },
  );
  const mean = sum(ratios) / ratios.length;
  context.diagnostic(`price by kinds over price one by one: mean ${mean.toFixed(4)}, worst ${Math.max(...ratios)}`);
  assert.ok(different > 20, `the two ways differ in ${different} cases only`);
  // So few units are packed one by one in truth: with hundreds of them the difference all but goes.
  assert.ok(mean < 1.25, `mean ${mean}`);
});
