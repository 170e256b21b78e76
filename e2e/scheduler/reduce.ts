// Makes a failing case smaller: leaves out one thing after the other, whole halves of lists first, then fields of what
// remains, and keeps what still fails. What is left is what somebody has to read.
import type { GeneratedCase } from './generate/index.ts';
import { LIMITS } from './limits.ts';
import type { NodePool, Pod, PodSpec } from './objects.ts';

/** Lists of a case that can do with fewer entries. */
const LISTS = ['pods', 'existing', 'daemonSets', 'nodePools', 'instanceTypes'] as const;

/** Fields of a pod that another pod does without. */
const POD_FIELDS = [
  'affinity',
  'topologySpreadConstraints',
  'volumes',
  'initContainers',
  'nodeSelector',
  'tolerations',
  'priorityClassName',
  'resources',
  'hostNetwork',
] as const;

/** The smallest case found that still fails. Tries a bounded number of cases. */
export async function reduceCase(
  failing: GeneratedCase,
  fails: (candidate: GeneratedCase) => Promise<boolean>,
): Promise<GeneratedCase> {
  let smallest = failing;
  let triesLeft: number = LIMITS.reductionTries;
  const deadline = performance.now() + LIMITS.reductionMs;
  const hasTime = (): boolean => triesLeft > 0 && performance.now() < deadline;
  const tryCase = async (reduced: GeneratedCase): Promise<boolean> => {
    if (!hasTime()) return false;
    const candidate = withoutUnused(reduced);
    triesLeft -= 1;
    if (!(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  for (let shrank = true; shrank && hasTime(); ) {
    shrank = false;
    for (const list of LISTS) {
      for (let size = Math.ceil(smallest[list].length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
        for (let start = 0; start < smallest[list].length; ) {
          const rest = smallest[list].filter((_, index) => index < start || index >= start + size);
          // The entries that come after have moved up to `start` when it worked.
          if (await tryCase({ ...smallest, [list]: rest })) shrank = true;
          else start += size;
        }
      }
    }
    for (const strip of strippers(smallest)) if (await tryCase(strip(smallest))) shrank = true;
  }
  return smallest;
}

/** The case without claims that no pod has any more, and without the volumes behind them. */
function withoutUnused(candidate: GeneratedCase): GeneratedCase {
  const pods = [...candidate.pods, ...candidate.existing.flatMap((one) => one.pods)];
  const used = new Set(
    pods.flatMap(({ metadata, spec }) =>
      (spec.volumes ?? []).map((volume) => `${metadata.namespace}/${volume.persistentVolumeClaim?.claimName}`),
    ),
  );
  const claims = candidate.claims.filter(({ metadata }) => used.has(`${metadata.namespace}/${metadata.name}`));
  const volumes = new Set(claims.map(({ spec }) => spec.volumeName));
  const persistentVolumes = candidate.persistentVolumes.filter(({ metadata }) => volumes.has(metadata.name));
  return { ...candidate, claims, persistentVolumes };
}

/** Steps that take one field away: of all pods of a workload, of a pool, of a node's pods. Only those that change something. */
function strippers(from: GeneratedCase): ((smaller: GeneratedCase) => GeneratedCase)[] {
  const apps = [...new Set(from.pods.map(({ metadata }) => metadata.labels?.app))];
  const ofPods = apps.flatMap((app) =>
    POD_FIELDS.filter((field) =>
      from.pods.some(({ metadata, spec }) => metadata.labels?.app === app && spec[field] !== undefined),
    ).map((field) => (smaller: GeneratedCase) => ({
      ...smaller,
      pods: smaller.pods.map((pod) => (pod.metadata.labels?.app === app ? withoutField(pod, field) : pod)),
    })),
  );
  const ofPools = from.nodePools.flatMap(({ metadata }) =>
    POOL_STEPS.map((step) => (smaller: GeneratedCase) => ({
      ...smaller,
      nodePools: smaller.nodePools.map((pool) => (pool.metadata.name === metadata.name ? step(pool) : pool)),
    })),
  );
  const ofNodes = from.existing.flatMap(({ node, pods }) =>
    pods.map(({ metadata }) => (smaller: GeneratedCase) => ({
      ...smaller,
      existing: smaller.existing.map((one) =>
        one.node.metadata.name === node.metadata.name
          ? { ...one, pods: one.pods.filter((pod) => pod.metadata.name !== metadata.name) }
          : one,
      ),
    })),
  );
  return [...ofPods, ...ofPools, ...ofNodes];
}

function withoutField(pod: Pod, field: keyof PodSpec): Pod {
  const { [field]: _, ...rest } = pod.spec;
  return { ...pod, spec: { ...rest, containers: pod.spec.containers } };
}

const POOL_STEPS: readonly ((pool: NodePool) => NodePool)[] = [
  ({ spec: { limits: _, ...spec }, ...pool }) => ({ ...pool, spec }),
  ({ spec: { weight: _, ...spec }, ...pool }) => ({ ...pool, spec }),
  (pool) => withTemplate(pool, { taints: [] }),
  (pool) => withTemplate(pool, { startupTaints: [] }),
  (pool) => withTemplate(pool, { requirements: [] }),
];

function withTemplate(pool: NodePool, parts: Partial<NodePool['spec']['template']['spec']>): NodePool {
  const { template } = pool.spec;
  return { ...pool, spec: { ...pool.spec, template: { ...template, spec: { ...template.spec, ...parts } } } };
}
