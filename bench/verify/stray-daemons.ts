// Pods of daemonsets that run where their daemonset does not come any more: its selector changed, or the node did.
import { runsOn } from './daemon-ports.ts';
import type { RunningPod, VerifiedProblem } from './differences.ts';

/** The nodes that have such pods, by name, and the problem with these as pods of nobody. */
export function withoutStrayOwners(problem: VerifiedProblem): { nodes: Set<string>; problem: VerifiedProblem } {
  const { nodes = [], daemonSets = [] } = problem;
  const having = new Set<string>();
  const disowned = nodes.map((node) => {
    const coming = new Set(daemonSets.filter((each) => runsOn(each, node)).map(({ metadata }) => metadata?.name));
    const pods = (node.pods ?? []).map((pod): RunningPod => {
      const owner = pod.metadata.ownerReferences?.find(({ kind }) => kind === 'DaemonSet');
      if (owner === undefined || coming.has(owner.name)) return pod;
      having.add(node.name ?? '');
      const { ownerReferences: _, ...metadata } = pod.metadata;
      return { ...pod, metadata };
    });
    return { ...node, pods };
  });
  return { nodes: having, problem: { ...problem, nodes: disowned } };
}
