// Rules of what nodes and pools hold besides resources: ports of the host and numbers of nodes.
import type { Random } from '../../random.ts';
import { LABELS, type Manifest, type VerifyProblem } from '../vocabulary.ts';
import { changeSpec, type PodSpec, type ProblemRule, someApps } from './pods.ts';

function drawPort(random: Random): Manifest {
  const port = random.pick([8080, 9090]);
  return {
    containerPort: port,
    hostPort: port,
    protocol: random.pick(['TCP', 'TCP', 'UDP']),
    ...random.pick<Manifest>([{}, {}, { hostIP: '127.0.0.1' }, { hostIP: '0.0.0.0' }]),
  };
}

function withPort(spec: PodSpec, port: Manifest): PodSpec {
  const [main, ...rest] = spec.containers;
  return { ...spec, containers: [{ ...main, ports: [port] }, ...rest] };
}

const hostPorts: ProblemRule = {
  name: 'host ports',
  apply: (problem, random) => {
    const ports = problem.daemonSets.map(() => (random.chance(0.4) ? drawPort(random) : undefined));
    const daemonSets = problem.daemonSets.map((daemonSet, index) => withDaemonPort(daemonSet, ports[index]));
    const nodes = problem.nodes.map((node) => ({
      ...node,
      pods: node.pods.map((pod) => withPortOfOwner(pod, problem.daemonSets, ports)),
    }));
    return someApps(problem, random, 3).reduce<VerifyProblem>(
      (changed, app) => {
        const { hostPort, ...port } = drawPort(random);
        if (random.chance(0.2)) {
          return changeSpec(changed, app, (spec) => ({ ...withPort(spec, port), hostNetwork: true }));
        }
        return changeSpec(changed, app, (spec) => withPort(spec, { ...port, hostPort }));
      },
      { ...problem, daemonSets, nodes },
    );
  },
};

function withDaemonPort(daemonSet: Manifest, port: Manifest | undefined): Manifest {
  if (port === undefined) return daemonSet;
  const spec = daemonSet.spec as { readonly template: { readonly spec: PodSpec } };
  const template = { ...spec.template, spec: withPort(spec.template.spec, port) };
  return { ...daemonSet, spec: { ...spec, template } };
}

/** A daemonset's pod that runs already has the port of its template. */
function withPortOfOwner(
  pod: Manifest,
  daemonSets: readonly Manifest[],
  ports: readonly (Manifest | undefined)[],
): Manifest {
  const { ownerReferences = [] } = pod.metadata as { readonly ownerReferences?: readonly { readonly name: string }[] };
  const owner = daemonSets.findIndex(
    ({ metadata }) => (metadata as { name: string }).name === ownerReferences[0]?.name,
  );
  const port = ports[owner];
  return port === undefined ? pod : { ...pod, spec: withPort(pod.spec as PodSpec, port) };
}

/** Most pools may have a few nodes only, those that exist included. */
const nodeLimits: ProblemRule = {
  name: 'limits on nodes',
  apply: (problem, random) => ({
    ...problem,
    nodePools: problem.nodePools.map((pool) => {
      if (random.chance(0.3)) return pool;
      const spec = pool.spec as Manifest;
      const limits = { ...(spec.limits as Manifest | undefined), nodes: String(random.integer(1, 6)) };
      return { ...pool, spec: { ...spec, limits } };
    }),
  }),
};

/** Most pools ask for several values of a label among the types that a node may be. */
const minValues: ProblemRule = {
  name: 'minValues',
  apply: (problem, random) => ({
    ...problem,
    minValuesPolicy: random.pick(['Strict', 'Strict', 'BestEffort']),
    nodePools: problem.nodePools.map((pool) => {
      if (random.chance(0.3)) return pool;
      const spec = pool.spec as {
        readonly template: { readonly spec: { readonly requirements: readonly Manifest[] } };
      };
      const { template } = spec;
      const wish = {
        key: random.pick([LABELS.type, LABELS.type, LABELS.family]),
        operator: 'Exists',
        minValues: random.integer(2, 4),
      };
      const requirements = [...template.spec.requirements, wish];
      return { ...pool, spec: { ...spec, template: { ...template, spec: { ...template.spec, requirements } } } };
    }),
  }),
};

/** Rules that came later; they have seeds of their own, so that the problems of the other seeds stay as they were. */
export const LATER_NODE_RULES: readonly ProblemRule[] = [minValues];

/** Every rule of nodes. */
export const NODE_RULES: readonly ProblemRule[] = [hostPorts, nodeLimits];
