// Why nodes that are there did not take a pod: taints, labels, room for each resource in numbers, ports and topology, as
// things stand once the plan's pods are on them.
import { compareText } from '../catalogue/index.ts';
import { type CompiledShape, claimsToAttach, type Demand } from '../compile/index.ts';
import type { NodeInput, PodShape } from '../model/index.ts';
import { describeRequirement, requirementOf } from '../requirements/index.ts';
import { compileNodeMatcher, compileNodeTerm, describeTaint, effectiveTaints, tolerates } from '../rules/index.ts';
import { nodeDomains, type OpenNode } from '../solve/index.ts';
import { HOSTNAME_LABEL, type HostObstacle, hostObstacle, isOnHostname } from '../topology/index.ts';
import { type Board, lastDemand } from './board.ts';
import type { ExistingNodeFact, NodeObstacle } from './explanation.ts';
import { EXPLAIN_LIMITS } from './limits.ts';
import { tolerationText } from './pod-conditions.ts';
import type { ExplainWork } from './shapes.ts';
import { amountText, bareAmount } from './words.ts';

/** The facts of the nodes that come nearest to taking the shape, or of those named. O(nodes × conditions). */
export function existingFacts(
  { compiled, board, meter }: ExplainWork,
  shape: CompiledShape,
  names: readonly string[] | undefined,
): { readonly existing: readonly ExistingNodeFact[]; readonly existingNotShown: number } {
  const { nodes } = compiled.problem;
  const wanted = names === undefined ? undefined : new Set(names);
  const units = nodes.length * EXPLAIN_LIMITS.unitsPerExistingNode;
  if (nodes.length === 0 || shape.demands.length === 0 || !meter.take(units)) {
    return { existing: [], existingNotShown: nodes.length };
  }
  const demand = lastDemand(compiled, shape.index);
  const obstaclesByLabels = labelObstacles(shape.input.shape);
  const facts: { readonly nodeIndex: number; readonly obstacles: readonly NodeObstacle[] }[] = [];
  nodes.forEach((node, nodeIndex) => {
    if (wanted !== undefined && !wanted.has(node.name)) return;
    const open = board.nodes.get(nodeIndex);
    const obstacles = [
      ...stateObstacles(node, open),
      ...obstaclesByLabels(node),
      ...(open === undefined ? [] : roomObstacles(compiled.dimensions, open, board.roomBefore.get(nodeIndex)!, shape)),
      ...(open === undefined ? [] : ruleObstacles(board, open, demand)),
    ];
    facts.push({ nodeIndex, obstacles });
  });
  facts.sort(
    (left, right) =>
      left.obstacles.length - right.obstacles.length ||
      compareText(nodes[left.nodeIndex]!.name, nodes[right.nodeIndex]!.name),
  );
  const existing = facts.slice(0, EXPLAIN_LIMITS.existingNodeCount).map(({ nodeIndex, obstacles }) => ({
    nodeIndex,
    obstacles: obstacles.slice(0, EXPLAIN_LIMITS.obstacleCount),
    obstaclesNotShown: Math.max(0, obstacles.length - EXPLAIN_LIMITS.obstacleCount),
  }));
  return { existing, existingNotShown: facts.length - existing.length };
}

function stateObstacles(node: NodeInput, open: OpenNode | undefined): NodeObstacle[] {
  if (node.deleting)
    return [{ kind: 'node-state', field: 'metadata.deletionTimestamp', text: 'is marked for deletion' }];
  if (open === undefined) {
    return [
      {
        kind: 'node-state',
        field: 'status.allocatable',
        text: 'is overdrawn: what runs there and daemonsets take more than it has',
      },
    ];
  }
  return [];
}

/** What labels and taints of a node hold against a shape. Compiled once for the shape, asked for each node. */
function labelObstacles(shape: PodShape): (node: NodeInput) => NodeObstacle[] {
  const selectors = Object.keys(shape.nodeSelector)
    .sort()
    .map((key) => {
      const value = shape.nodeSelector[key]!;
      return { key, value, matches: compileNodeMatcher({ nodeSelector: { [key]: value }, requiredNodeTerms: [] }) };
    });
  const { requiredNodeTerms } = shape;
  const meetsAffinity = compileNodeMatcher({ nodeSelector: {}, requiredNodeTerms });
  const volumes = shape.volumes.map(({ claimName, nodeTerms }, index) => ({
    name: claimName === '' ? String(index + 1) : claimName,
    matches:
      nodeTerms.length === 0 ? () => true : compileNodeMatcher({ nodeSelector: {}, requiredNodeTerms: nodeTerms }),
  }));
  return (node) => {
    const obstacles: NodeObstacle[] = taintObstacles(node, shape);
    for (const { key, value, matches } of selectors) {
      if (matches(node.labels, node.name)) continue;
      const text = `${key} is ${node.labels[key] ?? 'not there'}, asked for is ${value}`;
      obstacles.push({ kind: 'node-selector', field: 'spec.nodeSelector', text });
    }
    if (!meetsAffinity(node.labels, node.name)) {
      obstacles.push({ kind: 'node-affinity', field: 'spec.affinity.nodeAffinity', text: affinityText(node, shape) });
    }
    volumes.forEach(({ name, matches }, index) => {
      if (matches(node.labels, node.name)) return;
      obstacles.push({
        kind: 'volume',
        field: `spec.volumes[${index}]`,
        text: `the volume of claim ${name} can't be used there`,
      });
    });
    return obstacles;
  };
}

function taintObstacles(node: NodeInput, { tolerations }: PodShape): NodeObstacle[] {
  return effectiveTaints(node)
    .filter((taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((each) => tolerates(each, taint)))
    .map((taint) => ({
      kind: 'taint',
      field: 'spec.tolerations',
      text: `taint ${describeTaint(taint)}: tolerate it with ${tolerationText(taint)}`,
    }));
}

/** The first expression of the first term that the node does not meet, with what it has. */
function affinityText(node: NodeInput, { requiredNodeTerms }: PodShape): string {
  const [term] = requiredNodeTerms;
  const failed = term!.matchExpressions.find(
    (expression) => !compileNodeTerm({ matchExpressions: [expression], matchFields: [] })(node.labels, node.name),
  );
  const others = requiredNodeTerms.length > 1 ? `, nor does it meet another of ${requiredNodeTerms.length} terms` : '';
  if (failed === undefined) return `meets no term of the pod's affinity${others}`;
  const requirement = requirementOf(failed);
  const value = node.labels[failed.key] ?? node.labels[requirement.key];
  return `${requirement.key} is ${value ?? 'not there'}, asked for is ${describeRequirement(requirement)}${others}`;
}

function roomObstacles(
  dimensions: readonly string[],
  node: OpenNode,
  before: Float64Array,
  shape: CompiledShape,
): NodeObstacle[] {
  return dimensions.flatMap((resource, dimension): NodeObstacle[] => {
    const asked = shape.request[dimension]! + claimsToAttach(shape.sharedClaims, node.attached, dimension);
    const left = node.room[dimension]!;
    if (asked <= left) return [];
    const planned = before[dimension]! - left;
    const taken = planned === 0 ? '' : `, ${bareAmount(resource, planned)} more is taken by the plan`;
    return [
      {
        kind: 'resource',
        field: 'spec.containers.resources.requests',
        text: `asks for ${amountText(resource, asked, 'up')}, ${bareAmount(resource, left)} is left${taken}`,
        amount: { resource, asked, most: Math.max(0, left) },
      },
    ];
  });
}

function ruleObstacles({ domains }: Board, node: OpenNode, demand: Demand): NodeObstacle[] {
  const obstacles: NodeObstacle[] = [];
  const host = hostObstacle(demand, node.pods, domains.mayBootstrap(demand.rules));
  if (host !== undefined) obstacles.push(obstacleOf(host.kind, 'on the node'));
  const domainOf = nodeDomains(node.input);
  const where = (key: string): string => `in ${key} ${domainOf(key) ?? '(a label it lacks)'}`;
  const { spreads, affinities, antiAffinities } = demand.rules;
  for (const rule of spreads.filter((each) => !isOnHostname(each))) {
    const key = rule.counter.topologyKey;
    if (!domains.spreads(rule, domainOf(key))) obstacles.push(obstacleOf('spread', where(key)));
  }
  for (const rule of affinities.filter((each) => !isOnHostname(each))) {
    const key = rule.counter.topologyKey;
    if (domains.attracts(rule, domainOf(key), demand.rules)) continue;
    obstacles.push(
      rule.counter.claim === undefined
        ? obstacleOf('affinity', where(key))
        : {
            kind: 'volume',
            field: 'spec.volumes',
            text: `the other pods of claim ${rule.counter.claim} are not ${where(key)}`,
          },
    );
  }
  for (const rule of antiAffinities.filter((each) => !isOnHostname(each))) {
    const key = rule.counter.topologyKey;
    const domain = domainOf(key);
    if (domain !== undefined && domains.count(rule.counter, domain) > 0)
      obstacles.push(obstacleOf('anti-affinity', where(key)));
  }
  for (const counter of demand.counting) {
    const key = counter.topologyKey;
    if (key !== HOSTNAME_LABEL && domains.holdsAway(counter, domainOf(key)))
      obstacles.push(obstacleOf('held-away', where(key)));
  }
  return obstacles;
}

function obstacleOf(kind: HostObstacle['kind'], where: string): NodeObstacle {
  switch (kind) {
    case 'spread':
      return {
        kind: 'topology-spread',
        field: 'spec.topologySpreadConstraints',
        text: `one more such pod ${where} would break the spread`,
      };
    case 'affinity':
      return {
        kind: 'pod-affinity',
        field: 'spec.affinity.podAffinity',
        text: `none of the pods it must be with is ${where}`,
      };
    case 'anti-affinity':
      return {
        kind: 'pod-anti-affinity',
        field: 'spec.affinity.podAntiAffinity',
        text: `a pod it must be apart from is ${where}`,
      };
    case 'held-away':
      return {
        kind: 'pod-anti-affinity',
        field: 'metadata.labels',
        text: `a pod whose anti-affinity means it is ${where}`,
      };
    case 'host-port':
      return { kind: 'host-port', field: 'spec.containers.ports.hostPort', text: 'one of its host ports is taken' };
  }
}
