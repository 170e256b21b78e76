// The state of a request as the parts of a session's snapshot.
import type { SolveRequest } from '../../proto/index.ts';
import type { Upserts } from './session-client.ts';

/** Nodes of one part. */
const NODES_A_PART = 1000;

/** The request's state without the pods that wait. */
export function partsOf(request: SolveRequest): Upserts[] {
  const { nodePools, nodeClasses, daemonSets, namespaces, nodes } = request;
  const parts: Upserts[] = [];
  for (let start = 0; start < nodes.length; start += NODES_A_PART) {
    const some = nodes.slice(start, start + NODES_A_PART);
    parts.push({
      nodes: some.map((node) => ({ ...node, pods: [] })),
      pods: some.flatMap((node) => node.pods.map(({ shape, names }) => ({ shape: shape!, names, node: node.name }))),
    });
  }
  return [...parts, { nodePools, nodeClasses, daemonSets, namespaces }];
}
