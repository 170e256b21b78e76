// The named, seeded cases that the benchmark, profiles and tests share. A case is a generator with its dimensions in two
// sizes; a seed makes it one problem. Problem files of other people's making are not here: bench --problems reads them.
import {
  type GeneratedProblem,
  generateExistingNodes,
  generateKarpenterMix,
  generatePreferences,
  generateWorkloads,
} from './generators/index.ts';
import { openRandom } from './random.ts';

/** smoke runs in the tests; normal is what figures are quoted from. */
export type CaseSize = 'smoke' | 'normal';

/** A case of the corpus. */
export interface CorpusCase {
  readonly name: string;
  /** What is in it, by its dimensions at normal size. */
  readonly description: string;
  readonly generate: (size: CaseSize, seed: number) => GeneratedProblem;
}

const REGION = 'us-east-1';

/** The smoke size of a count. */
const sized = (size: CaseSize, smoke: number, normal: number): number => (size === 'smoke' ? smoke : normal);

/** Every case, in the order in which the benchmark runs them. */
export const CORPUS: readonly CorpusCase[] = [
  {
    name: 'karpenter-mix-1000',
    description: "Karpenter's five-kind mix of 1,000 pods, 400 linear types",
    generate: (size, seed) =>
      generateKarpenterMix({ podCount: sized(size, 50, 1000), typeCount: sized(size, 40, 400) }, openRandom(seed)),
  },
  {
    name: 'karpenter-mix-5000',
    description: "Karpenter's five-kind mix of 5,000 pods, 400 linear types",
    generate: (size, seed) =>
      generateKarpenterMix({ podCount: sized(size, 80, 5000), typeCount: sized(size, 40, 400) }, openRandom(seed)),
  },
  {
    name: 'karpenter-mix-10000',
    description: "Karpenter's five-kind mix of 10,000 pods, 400 linear types",
    generate: (size, seed) =>
      generateKarpenterMix({ podCount: sized(size, 100, 10_000), typeCount: sized(size, 40, 400) }, openRandom(seed)),
  },
  {
    name: 'karpenter-mix-20000',
    description: "Karpenter's five-kind mix of 20,000 pods, 400 linear types",
    generate: (size, seed) =>
      generateKarpenterMix({ podCount: sized(size, 120, 20_000), typeCount: sized(size, 40, 400) }, openRandom(seed)),
  },
  {
    name: 'preferences-4000',
    description: "4,000 pods of Karpenter's preference benchmark, 400 linear types",
    generate: (size, seed) =>
      generatePreferences({ podCount: sized(size, 40, 4000), typeCount: sized(size, 40, 400) }, openRandom(seed)),
  },
  {
    name: 'one-pod',
    description: 'one pod on the EC2 catalogue: what a call costs at least',
    generate: (_size, seed) => generateWorkloads({ region: REGION, podCount: 1, workloadCount: 1 }, openRandom(seed)),
  },
  {
    name: 'web-1000',
    description: '1,000 pods of 60 workloads on the EC2 catalogue',
    generate: (size, seed) =>
      generateWorkloads(
        { region: REGION, podCount: sized(size, 60, 1000), workloadCount: sized(size, 10, 60) },
        openRandom(seed),
      ),
  },
  {
    name: 'few-shapes-10000',
    description: '10,000 pods of 10 workloads on the EC2 catalogue',
    generate: (size, seed) =>
      generateWorkloads({ region: REGION, podCount: sized(size, 200, 10_000), workloadCount: 10 }, openRandom(seed)),
  },
  {
    name: 'many-shapes-10000',
    description: '10,000 pods of 300 workloads on the EC2 catalogue',
    generate: (size, seed) =>
      generateWorkloads(
        { region: REGION, podCount: sized(size, 120, 10_000), workloadCount: sized(size, 40, 300) },
        openRandom(seed),
      ),
  },
  {
    name: 'all-different-2000',
    description: '2,000 pods of which no two are equal, on the EC2 catalogue',
    generate: (size, seed) =>
      generateWorkloads(
        { region: REGION, podCount: sized(size, 60, 2000), workloadCount: 'each-pod' },
        openRandom(seed),
      ),
  },
  {
    name: 'all-different-10000',
    description: '10,000 pods of which no two are equal, on the EC2 catalogue',
    generate: (size, seed) =>
      generateWorkloads(
        { region: REGION, podCount: sized(size, 80, 10_000), workloadCount: 'each-pod' },
        openRandom(seed),
      ),
  },
  {
    name: 'on-demand-tenth',
    description: '2,000 pods of 80 workloads, a tenth of the workloads on demand only',
    generate: (size, seed) =>
      generateWorkloads(
        {
          region: REGION,
          podCount: sized(size, 80, 2000),
          workloadCount: sized(size, 20, 80),
          onDemandShare: 0.1,
        },
        openRandom(seed),
      ),
  },
  {
    name: 'two-architectures',
    description: '2,000 pods of 80 workloads: 40 % amd64, 30 % arm64, the rest either',
    generate: (size, seed) =>
      generateWorkloads(
        {
          region: REGION,
          podCount: sized(size, 80, 2000),
          workloadCount: sized(size, 20, 80),
          architectureShares: { amd64: 0.4, arm64: 0.3 },
        },
        openRandom(seed),
      ),
  },
  {
    name: 'gpu',
    description: '400 pods of 60 workloads, a quarter of the workloads on 1 to 8 GPUs in a pool of their own',
    generate: (size, seed) =>
      generateWorkloads(
        { region: REGION, podCount: sized(size, 40, 400), workloadCount: sized(size, 12, 60), gpuShare: 0.25 },
        openRandom(seed),
      ),
  },
  {
    name: 'team-pools',
    description: '1,500 pods of 100 workloads, seven pools with weights, taints and limits',
    generate: (size, seed) =>
      generateWorkloads(
        { region: REGION, podCount: sized(size, 80, 1500), workloadCount: sized(size, 20, 100), poolCount: 6 },
        openRandom(seed),
      ),
  },
  {
    name: 'daemonsets',
    description: '1,500 pods of 100 workloads on two architectures, ten DaemonSets',
    generate: (size, seed) =>
      generateWorkloads(
        {
          region: REGION,
          podCount: sized(size, 80, 1500),
          workloadCount: sized(size, 20, 100),
          architectureShares: { amd64: 0.3, arm64: 0.3 },
          daemonSetCount: 10,
        },
        openRandom(seed),
      ),
  },
  {
    name: 'existing-nodes',
    description: '1,000 pending pods of 60 workloads, 500 nodes with 10 running pods each, a twentieth cordoned',
    generate: (size, seed) =>
      generateExistingNodes(
        {
          pending: { region: REGION, podCount: sized(size, 60, 1000), workloadCount: sized(size, 10, 60) },
          nodeCount: sized(size, 12, 500),
          podsPerNodeCount: 10,
          cordonedShare: 0.05,
        },
        openRandom(seed),
      ),
  },
];

/** The case of that name. Throws with the names there are. */
export function findCase(name: string): CorpusCase {
  const found = CORPUS.find((candidate) => candidate.name === name);
  if (found === undefined) {
    throw new Error(`find case ${name}: there are ${CORPUS.map((candidate) => candidate.name).join(', ')}`);
  }
  return found;
}
