// Workloads of generated cases. A pod is drawn in two steps: what it requests, then rules laid over it, each by a function
// of the lists below. A new rule of scheduling joins the judge by an entry there, and by what it needs of the cluster in
// the other files of this folder.
import type {
  Container,
  Expression,
  Namespace,
  NodeTerm,
  Pod,
  PodSpec,
  PriorityClass,
  Quantities,
  Taint,
  Toleration,
} from '../objects.ts';
import type { Random } from '../random.ts';
import { addHostPort } from './host-ports.ts';
import { FPGA, GPU } from './instance-types.ts';
import { addPodAffinity, addPodAntiAffinity } from './pod-affinity.ts';
import { TAINTS, TIER_LABEL } from './pools.ts';
import { appName, drawPart, podLabels, type Workload } from './selectors.ts';
import { addSpread } from './spread.ts';
import { drawExpression, drawTerm, type VocabularyEntry } from './vocabulary.ts';
import { drawVolumes, mountVolumes, type Storage } from './volumes.ts';

/** What workloads are drawn among. */
export interface PodSurroundings {
  readonly vocabulary: readonly VocabularyEntry[];
  readonly namespaces: readonly Namespace[];
}

/** What rules may look at. */
interface RuleSurroundings {
  readonly vocabulary: readonly VocabularyEntry[];
  readonly namespaces: readonly string[];
  readonly own: Workload;
}

/** Lays one rule over a pod's spec. */
type PodRule = (spec: PodSpec, random: Random, surroundings: RuleSurroundings) => void;

/** The priority classes that pods name. */
export const PRIORITY_CLASSES: readonly PriorityClass[] = [
  { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'test-low' }, value: -10 },
  { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'test-high' }, value: 1000 },
];

/** Rules about nodes, with the share of workloads that has each. */
const NODE_RULES: readonly (readonly [share: number, rule: PodRule])[] = [
  [0.25, addNodeSelector],
  [0.3, addNodeAffinity],
  [0.12, addExtendedResource],
];

/** All other rules. */
const POD_RULES: readonly (readonly [share: number, rule: PodRule])[] = [
  [0.2, addPreferredNodeAffinity],
  [0.12, addInitContainers],
  [0.08, addSecondContainer],
  [0.08, addPodLevelResources],
  [0.15, addPriority],
  [0.14, addHostPort],
  [0.35, (spec, random, { own }) => addSpread(spec, random, own)],
  [0.28, (spec, random, { own, namespaces }) => addPodAffinity(spec, random, own, namespaces)],
  [0.32, (spec, random, { own, namespaces }) => addPodAntiAffinity(spec, random, own, namespaces)],
];

/**
 * In more than half of the cases pods are easily content with a node: rules about nodes are rare and most taints are
 * tolerated. Where a pod finds a node, rules about other pods decide.
 */
const EASY_CASES = 0.6;
const EASY_SHARE = 0.3;

/** The share of workloads with volumes. Their claims are made pod by pod, so they are no rule laid over the spec. */
const VOLUME_SHARE = 0.25;
/** The share of workloads whose pods are of two versions. */
const VERSION_SHARE = 0.3;

/** From two to seven workloads of up to nine pods each; what they claim goes into `storage`. */
export function drawPods(random: Random, surroundings: PodSurroundings, storage: Storage): Pod[] {
  const workloadCount = random.integer(2, 7);
  const isEasy = random.chance(EASY_CASES);
  const namespaces = surroundings.namespaces.map(({ metadata }) => metadata.name);
  return Array.from({ length: workloadCount }, (_, index) => index).flatMap((index) => {
    const workload = random.fork(`workload-${index}`);
    // Mostly the first one: rules look at their own namespace unless they say otherwise.
    const namespace = workload.chance(0.7) ? (namespaces[0] ?? '') : workload.pick(namespaces);
    const own: Workload = { app: appName(index), part: drawPart(workload), namespace, workloadCount };
    const spec = drawSpec(workload, { vocabulary: surroundings.vocabulary, namespaces, own }, isEasy);
    const replicas = workload.pick([1, 2, 3, 5, 9]);
    const hasVersions = workload.chance(VERSION_SHARE);
    const volumes = workload.chance(VOLUME_SHARE) ? drawVolumes(workload) : [];
    return Array.from({ length: replicas }, (_, place): Pod => {
      const pod: Pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `${own.app}-${place}`, namespace, labels: podLabels(own, hasVersions, place) },
        spec: structuredClone(spec),
      };
      mountVolumes(pod, volumes, own.app, place, storage);
      return pod;
    });
  });
}

function drawSpec(random: Random, surroundings: RuleSurroundings, isEasy: boolean): PodSpec {
  const spec: PodSpec = { containers: [container('main', drawRequests(random))] };
  for (const [share, rule] of NODE_RULES) {
    if (random.chance(isEasy ? share * EASY_SHARE : share)) rule(spec, random, surroundings);
  }
  if (isEasy && random.chance(0.75)) spec.tolerations = [{ operator: 'Exists' }];
  else if (random.chance(0.55)) addTolerations(spec, random);
  for (const [share, rule] of POD_RULES) if (random.chance(share)) rule(spec, random, surroundings);
  return spec;
}

/** A container with requests; what can't be overcommitted is its limit too. */
export function container(name: string, requests: Quantities): Container {
  const extended = Object.entries(requests).filter(([resource]) => resource.includes('/'));
  return {
    name,
    image: 'image.invalid/never-pulled',
    resources: { requests, ...(extended.length === 0 ? {} : { limits: Object.fromEntries(extended) }) },
  };
}

/** Requests of one container: mostly small, some as large as a node, some that nothing holds, some nothing at all. */
export function drawRequests(random: Random): Quantities {
  const kind = random.integer(1, 30);
  if (kind <= 2) return {};
  if (kind === 29) return { cpu: String(random.integer(17, 40)) };
  if (kind === 30) return { cpu: '100m', memory: `${random.integer(60, 300)}Gi` };
  const requests: Quantities = {
    cpu: random.pick(['50m', '100m', '250m', '333m', '500m', '0.75', '1', '1500m', '2', '3', '7']),
    memory: random.pick(['64Mi', '100M', '256Mi', '512Mi', '1Gi', '1500Mi', '2Gi', '3G', '7Gi', '12Gi']),
  };
  if (random.chance(0.15)) requests['ephemeral-storage'] = random.pick(['1Gi', '5G', '16Gi', '40Gi']);
  return requests;
}

function addNodeSelector(spec: PodSpec, random: Random, { vocabulary }: RuleSurroundings): void {
  const count = random.pick([1, 1, 1, 2]);
  for (let index = 0; index < count; index += 1) {
    const entry = random.pick([...vocabulary, { key: TIER_LABEL, values: ['gold', 'silver'] }]);
    spec.nodeSelector = { ...spec.nodeSelector, [entry.key]: random.pick(entry.values) };
  }
}

function addNodeAffinity(spec: PodSpec, random: Random, { vocabulary }: RuleSurroundings): void {
  const count = random.pick([1, 1, 2, 3]);
  const nodeSelectorTerms = Array.from({ length: count }, (): NodeTerm => drawTerm(random, vocabulary));
  spec.affinity = {
    ...spec.affinity,
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  };
}

/** What the pod would like of its node. No filter of the scheduler looks at it, whatever it is. */
function addPreferredNodeAffinity(spec: PodSpec, random: Random, { vocabulary }: RuleSurroundings): void {
  const terms = Array.from({ length: random.pick([1, 1, 2]) }, () => ({
    weight: random.integer(1, 100),
    preference: { matchExpressions: [drawExpression(random, vocabulary)] },
  }));
  spec.affinity = {
    ...spec.affinity,
    nodeAffinity: { ...spec.affinity?.nodeAffinity, preferredDuringSchedulingIgnoredDuringExecution: terms },
  };
}

function addTolerations(spec: PodSpec, random: Random): void {
  if (random.chance(0.25)) spec.tolerations = [{ operator: 'Exists' }];
  else spec.tolerations = random.some(TAINTS, 1, 3).map((taint) => drawToleration(random, taint));
}

/** A toleration that covers the taint, or just misses it. */
export function drawToleration(random: Random, taint: Taint): Toleration {
  const effect = random.chance(0.6) ? { effect: random.pick([taint.effect, taint.effect, 'NoExecute']) } : {};
  const { key, value = '' } = taint;
  if (/^[0-9]+$/.test(value) && random.chance(0.5)) {
    const operator = random.pick(['Gt', 'Lt']);
    return { key, operator, value: String(Number(value) + random.integer(-1, 1)), ...effect };
  }
  if (random.chance(0.4)) return { key, operator: 'Exists', ...effect };
  return { key, operator: 'Equal', value: random.chance(0.85) ? value : 'another', ...effect };
}

function addExtendedResource(spec: PodSpec, random: Random): void {
  const resource = random.pick([GPU, GPU, FPGA, 'example.com/nobody-has-it']);
  addRequests(spec, { [resource]: String(random.pick([1, 1, 1, 2, 4])) });
}

function addRequests(spec: PodSpec, more: Quantities): void {
  const [first, ...others] = spec.containers;
  if (first === undefined) return;
  spec.containers = [container(first.name, { ...first.resources.requests, ...more }), ...others];
}

/** An init container that needs more than the pod itself, and now and then a sidecar beside it. */
function addInitContainers(spec: PodSpec, random: Random): void {
  const sidecar = { ...container('sidecar', { cpu: '150m', memory: '96Mi' }), restartPolicy: 'Always' };
  const init = container('init', { cpu: random.pick(['1', '1900m']), memory: random.pick(['200Mi', '3Gi']) });
  spec.initContainers = random.pick([[init], [sidecar, init], [init, sidecar]]);
}

function addSecondContainer(spec: PodSpec, random: Random): void {
  spec.containers = [...spec.containers, container('second', drawRequests(random))];
}

/** What is asked for the pod as a whole stands in place of the sum; Kubernetes wants it to be no less. */
function addPodLevelResources(spec: PodSpec, random: Random): void {
  if (spec.containers.length > 1 || spec.initContainers !== undefined) return;
  spec.containers = [container('main', { cpu: '100m', memory: '128Mi' })];
  spec.resources = { requests: { cpu: random.pick(['700m', '1', '2']), memory: random.pick(['1Gi', '2500Mi']) } };
}

function addPriority(spec: PodSpec, random: Random): void {
  spec.priorityClassName = random.pick(PRIORITY_CLASSES).metadata.name;
}

/** A selector of a daemonset: nothing, or one condition that many nodes meet. */
export function drawNarrowing(random: Random, vocabulary: readonly VocabularyEntry[]): NodeTerm[] {
  if (random.chance(0.5)) return [];
  const expression: Expression = drawExpression(random, vocabulary);
  return [{ matchExpressions: [expression] }];
}
