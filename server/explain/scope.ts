// What a request asks to have explained: names of pods as shapes of the problem, names of nodes that must be there. What
// does not exist is refused with the names that come near.
import { nearTexts } from '../../engine/index.ts';
import type { ExplainRequest, ExplainScope, PodReference, SolveRequest } from '../../proto/index.ts';
import { invalidArgument } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { DEFAULT_NAMESPACE, type DealtNames, type PreparedSolve } from '../solve/index.ts';
import type { ExplainTask } from '../worker/index.ts';

/** A scope, ready for a worker. */
export interface PreparedScope {
  readonly query: ExplainTask['query'];
  /** The pods asked for, by shape; empty where those left out are asked for. */
  readonly asked: ReadonlyMap<number, DealtNames[]>;
}

/** Reads a scope. Throws ServiceError with the field that names what is not there. O(pods). */
export function prepareScope(request: ExplainRequest, solve: SolveRequest, prepared: PreparedSolve): PreparedScope {
  const { scope } = request;
  const asked = askedPods(scope?.pods ?? [], solve, prepared);
  const existingNodes = scope?.existingNodes ?? [];
  const known = new Set(solve.nodes.map(({ name }) => name));
  existingNodes.forEach((name, index) => {
    if (known.has(name)) return;
    throw invalidArgument(`scope.existing_nodes[${index}]`, `the request has no node ${name}${near(name, known)}`);
  });
  const all = isEverything(scope);
  return {
    asked,
    query: {
      shapes: all ? 'left-out' : [...asked.keys()].sort((left, right) => left - right),
      plannedNodes: all ? 'all' : (scope?.plannedNodes ?? []),
      ...(existingNodes.length === 0 ? {} : { existingNodes }),
    },
  };
}

function isEverything(scope: ExplainScope | undefined): boolean {
  return scope === undefined || scope.pods.length + scope.plannedNodes.length === 0;
}

/** Refuses planned nodes beyond the end of a plan, once it is known. */
export function checkPlannedNodes(scope: ExplainScope | undefined, nodeCount: number): void {
  scope?.plannedNodes.forEach((place, index) => {
    if (place < nodeCount) return;
    const there =
      nodeCount === 0 ? 'the plan makes no new node' : `the plan has ${nodeCount} new nodes, counted from 0`;
    throw invalidArgument(`scope.planned_nodes[${index}]`, `${there}, so there is no node ${place}`);
  });
}

interface FoundPod {
  readonly namespace: string;
  readonly group: number;
}

function askedPods(
  references: readonly PodReference[],
  solve: SolveRequest,
  { shapeOfGroup }: PreparedSolve,
): ReadonlyMap<number, DealtNames[]> {
  const byShape = new Map<number, DealtNames[]>();
  if (references.length === 0) return byShape;
  const places = findPods(new Set(references.map(({ name }) => name)), solve);
  const seen = new Set<string>();
  references.forEach(({ namespace, name }, index) => {
    const field = `scope.pods[${index}]`;
    const found = (places.get(name) ?? []).filter((pod) => namespace === '' || pod.namespace === namespace);
    const [pod] = found;
    if (pod === undefined) {
      throw invalidArgument(`${field}.name`, `no pod of pod_groups is called ${name}${near(name, podNames(solve))}`);
    }
    if (found.length > 1) {
      const namespaces = found.map((each) => each.namespace).sort();
      throw invalidArgument(
        `${field}.namespace`,
        `pods called ${name} are in ${namespaces.join(' and ')}: say which one`,
      );
    }
    if (seen.has(`${pod.namespace}/${name}`)) return;
    seen.add(`${pod.namespace}/${name}`);
    const shape = shapeOfGroup[pod.group]!;
    const dealt = byShape.get(shape) ?? [];
    byShape.set(shape, dealt);
    const names = dealt.find(({ group }) => group === pod.group)?.names;
    if (names === undefined) dealt.push({ group: pod.group, names: [name] });
    else names.push(name);
  });
  return byShape;
}

/** Where pods with these names are. */
function findPods(wanted: ReadonlySet<string>, solve: SolveRequest): Map<string, FoundPod[]> {
  const places = new Map<string, FoundPod[]>();
  solve.podGroups.forEach(({ shape, names }, group) => {
    const namespace = shape === undefined || shape.namespace === '' ? DEFAULT_NAMESPACE : shape.namespace;
    for (const name of names) {
      if (!wanted.has(name)) continue;
      const list = places.get(name) ?? [];
      list.push({ namespace, group });
      places.set(name, list);
    }
  });
  return places;
}

/** Names of the request's pods, as many as are compared. */
function podNames({ podGroups }: SolveRequest): Set<string> {
  const names = new Set<string>();
  for (const group of podGroups) {
    for (const name of group.names) {
      if (names.size >= LIMITS.comparedNamesCount) return names;
      names.add(name);
    }
  }
  return names;
}

/** Most names that a message proposes. */
const PROPOSED_NAMES = 3;

function near(name: string, known: ReadonlySet<string>): string {
  const starting = [...known].filter((each) => each.startsWith(name)).slice(0, PROPOSED_NAMES);
  const found = starting.length > 0 ? starting : nearTexts(name, known, PROPOSED_NAMES);
  return found.length === 0 ? '' : `; did you mean ${found.join(', ')}?`;
}
