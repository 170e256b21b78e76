// Kubernetes objects to one SolveRequest: sorts them by kind, makes the pods that workloads ask for, leaves out pools
// that can't be used, and remembers which object every part of the request came from. Pure.
import { create } from '@bufbuild/protobuf';
import {
  type CatalogueReference,
  type DaemonSet,
  type Namespace,
  type NodeClass,
  type NodePool,
  type SolveRequest,
  SolveRequestSchema,
} from '../../proto/index.ts';
import { nodePoolAdvice } from './advice.ts';
import { type ClusterFacts, clusterFacts } from './cluster-facts.ts';
import { addAttachmentLimits } from './csi-nodes.ts';
import { daemonPodOf, daemonSetMessage, newestDaemonPods } from './daemon-sets.ts';
import { nodeClassMessage, nodeClassSpec } from './ec2-node-class.ts';
import {
  formatPath,
  InputError,
  type KubernetesObject,
  labelsOf,
  mapping,
  nameOf,
  namespaceOf,
  pathOf,
} from './fields.ts';
import { groupPods, selectedLabelKeys } from './grouping.ts';
import { namespaceMessages } from './namespaces.ts';
import { checkTaintsUnique, nodeClassName, nodePoolMessage, nodePoolSpec, unusableNodePool } from './node-pool.ts';
import { deletingNodeNames, nodeMessages } from './nodes.ts';
import { missingPriorityClass, type PodContext } from './pod.ts';
import { isReschedulable, podState } from './pod-state.ts';
import { unreadFields } from './unknown-fields.ts';
import { claimsOfSeveral } from './volumes.ts';
import { expandWorkloads, findScaled, type Scale, WORKLOAD_KINDS } from './workloads.ts';

/** Something the user should know, at an object's field where there is one. */
export interface Finding {
  readonly object?: KubernetesObject;
  /** Keys from the object's root. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** A request with what is needed to talk about it. */
export interface SolveInput {
  readonly request: SolveRequest;
  /** The first object behind each entry of the request's lists, for messages. */
  readonly sources: {
    readonly podGroups: readonly KubernetesObject[];
    readonly nodePools: readonly KubernetesObject[];
    readonly nodeClasses: readonly KubernetesObject[];
    readonly daemonSets: readonly KubernetesObject[];
    readonly nodes: readonly KubernetesObject[];
  };
  /** By `namespace/pod name`: what people call the pod's workload (deployment/web). */
  readonly workloadByPod: ReadonlyMap<string, string>;
  readonly podCount: number;
  readonly warnings: readonly Finding[];
  readonly errors: readonly Finding[];
}

/** How to read the objects. */
export interface SolveInputOptions {
  readonly catalogue?: CatalogueReference;
  readonly scales?: readonly Scale[];
  /** True when the objects are of a running cluster: only pods that the scheduler gave up on are pending. */
  readonly live?: boolean;
  /** Whether fields of pods that nothing reads are warned of; absent means yes. Costs a look at every field of every pod. */
  readonly warnsOfUnreadFields?: boolean;
}

/** Most findings of one kind that are listed one by one. */
const MOST_LISTED = 10;

/** The kinds that are read, with the API version in which they are understood. */
const API_VERSIONS: Readonly<Record<string, string>> = {
  NodePool: 'karpenter.sh/v1',
  NodeClaim: 'karpenter.sh/v1',
  EC2NodeClass: 'karpenter.k8s.aws/v1',
  Node: 'v1',
  Pod: 'v1',
  ReplicationController: 'v1',
  PersistentVolumeClaim: 'v1',
  PersistentVolume: 'v1',
  Namespace: 'v1',
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  PriorityClass: 'scheduling.k8s.io/v1',
  RuntimeClass: 'node.k8s.io/v1',
  StorageClass: 'storage.k8s.io/v1',
  CSINode: 'storage.k8s.io/v1',
};

/** Builds the request. Whatever is wrong with the objects is in `errors`; the request is usable when there are none. */
export function buildSolveInput(objects: readonly KubernetesObject[], options: SolveInputOptions = {}): SolveInput {
  return new Builder(objects, options).build();
}

class Builder {
  readonly #options: SolveInputOptions;
  readonly #byKind: Map<string, KubernetesObject[]>;
  /** Objects of no use here, by API version and kind. */
  readonly #others: Map<string, KubernetesObject[]>;
  readonly #warnings: Finding[];
  readonly #errors: Finding[];
  /** For pods made from a template: the workload that has it. */
  readonly #origins: Map<KubernetesObject, KubernetesObject>;

  constructor(objects: readonly KubernetesObject[], options: SolveInputOptions) {
    this.#options = options;
    this.#byKind = new Map();
    this.#others = new Map();
    this.#warnings = [];
    this.#errors = [];
    this.#origins = new Map();
    const seen = new Map<string, Set<string>>();
    for (const object of objects) this.#sort(object, seen);
  }

  build(): SolveInput {
    this.#noteOtherKinds();
    const pods = this.#of('Pod');
    const expansion = expandWorkloads(this.#workloads(), pods, this.#scaledReplicas());
    for (const { object, error } of expansion.refused) this.#refuse(object, error);
    const pending: KubernetesObject[] = [];
    const bound = new Map<string, KubernetesObject[]>();
    const deleting = this.#deletingNodes();
    for (const pod of pods) this.#place(pod, deleting, pending, bound);
    const claims: KubernetesObject[] = [];
    for (const workload of expansion.expanded) {
      for (const pod of workload.pods) {
        this.#origins.set(pod, workload.object);
        pending.push(pod);
      }
      claims.push(...workload.claims);
    }
    const daemonPods = this.#daemonPods();
    const context: PodContext = {
      // Claims that exist come last and win over those that a StatefulSet would make: it makes only what is missing.
      facts: this.#facts(
        [...claims, ...this.#of('PersistentVolumeClaim')],
        [...pending, ...[...bound.values()].flat()],
      ),
      selectedLabelKeys: selectedLabelKeys([
        ...pods,
        ...pending,
        ...[...daemonPods.values()].filter((pod) => pod !== undefined),
      ]),
    };
    const grouped = groupPods(pending, context);
    for (const { pod, error } of grouped.refused) this.#refuse(pod, error);
    this.#notePriorities(grouped.examples, context.facts);
    if (this.#options.warnsOfUnreadFields !== false) this.#noteUnreadFields(pending);
    const nodes = this.#nodes(bound, context);
    const classes = this.#nodeClasses();
    const pools = this.#nodePools(classes.names);
    const daemonSets = this.#daemonSets(daemonPods, context);
    for (const object of this.#of('CronJob'))
      this.#warn(object, [], 'pods of CronJobs are not counted: they come and go');
    const { catalogue } = this.#options;
    return {
      request: create(SolveRequestSchema, {
        ...(catalogue === undefined ? {} : { catalogue }),
        nodePools: pools.messages,
        nodeClasses: classes.messages,
        podGroups: grouped.groups,
        daemonSets: daemonSets.messages,
        nodes: nodes.nodes,
        namespaces: this.#namespaces({
          podGroups: grouped.groups,
          daemonSets: daemonSets.messages,
          nodes: nodes.nodes,
        }),
      }),
      sources: {
        podGroups: grouped.examples.map((pod) => this.#origins.get(pod) ?? pod),
        nodePools: pools.sources,
        nodeClasses: classes.sources,
        daemonSets: daemonSets.sources,
        nodes: nodes.sources,
      },
      workloadByPod: expansion.workloadByPod,
      podCount: pending.length - grouped.refused.length,
      warnings: this.#warnings,
      errors: this.#errors,
    };
  }

  #of(kind: string): KubernetesObject[] {
    return this.#byKind.get(kind) ?? [];
  }

  #workloads(): KubernetesObject[] {
    return WORKLOAD_KINDS.flatMap((kind) => this.#of(kind));
  }

  #warn(object: KubernetesObject | undefined, path: readonly (string | number)[], message: string): void {
    this.#warnings.push({ ...(object === undefined ? {} : { object }), path, message });
  }

  /** Notes an error at the field of the object that the user wrote, which for a made pod is its workload's template. */
  #refuse(object: KubernetesObject, error: InputError): void {
    const origin = this.#origins.get(object);
    if (origin === undefined) this.#errors.push({ object, path: error.path, message: error.message });
    else this.#errors.push({ object: origin, path: ['spec', 'template', ...error.path], message: error.message });
  }

  /** Runs `read` for an object; what is wrong becomes an error there. */
  #try<Result>(object: KubernetesObject, read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#refuse(object, error);
      return undefined;
    }
  }

  #sort(object: KubernetesObject, seen: Map<string, Set<string>>): void {
    const kind = String(object.kind);
    const version = API_VERSIONS[kind];
    // Items of a list may leave out their API version; the list's kind has said what they are.
    if (version === undefined || (object.apiVersion !== undefined && object.apiVersion !== version)) {
      const present = this.#others.get(`${String(object.apiVersion)} ${kind}`);
      if (present === undefined) this.#others.set(`${String(object.apiVersion)} ${kind}`, [object]);
      else present.push(object);
      return;
    }
    this.#try(object, () => {
      const place = `${kind}/${namespaceOf(object)}`;
      const name = nameOf(object);
      let names = seen.get(place);
      if (names === undefined) {
        names = new Set();
        seen.set(place, names);
      }
      if (names.has(name)) {
        throw new InputError(
          pathOf('metadata', 'name'),
          `there are two objects ${kind} ${name}: names are unique, so rename or remove one`,
        );
      }
      names.add(name);
      this.#file(kind, object);
    });
  }

  #file(kind: string, object: KubernetesObject): void {
    const present = this.#byKind.get(kind);
    if (present === undefined) this.#byKind.set(kind, [object]);
    else present.push(object);
  }

  #noteOtherKinds(): void {
    for (const objects of this.#others.values()) {
      const [first] = objects;
      const kind = String(first?.kind);
      const count = objects.length === 1 ? '' : ` (${objects.length} of them)`;
      const known = API_VERSIONS[kind];
      const message =
        known === undefined
          ? `plays no part in planning: left out${count}`
          : `${kind} is understood as ${known}, not as ${String(first?.apiVersion)}: left out${count}`;
      this.#warn(first, known === undefined ? [] : ['apiVersion'], message);
    }
  }

  #scaledReplicas(): Map<KubernetesObject, number> {
    const replicas = new Map<KubernetesObject, number>();
    const workloads = this.#workloads();
    for (const scale of this.#options.scales ?? []) {
      const found = findScaled(workloads, scale);
      if (typeof found === 'string') this.#errors.push({ path: [], message: `--scale: ${found}` });
      else replicas.set(found, scale.replicas);
    }
    return replicas;
  }

  /** Nodes whose pods need another place; where an object can't be read, its error is noted with its other fields. */
  #deletingNodes(): ReadonlySet<string> {
    try {
      return deletingNodeNames(this.#of('Node'), this.#of('NodeClaim'));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return new Set();
    }
  }

  #place(
    pod: KubernetesObject,
    deleting: ReadonlySet<string>,
    pending: KubernetesObject[],
    bound: Map<string, KubernetesObject[]>,
  ): void {
    this.#try(pod, () => {
      const state = podState(pod, this.#options.live === true);
      if (state.kind === 'left-out') return;
      if (state.kind === 'pending' || (deleting.has(state.nodeName) && isReschedulable(pod))) {
        pending.push(pod);
        return;
      }
      const present = bound.get(state.nodeName);
      if (present === undefined) bound.set(state.nodeName, [pod]);
      else present.push(pod);
    });
  }

  #facts(claims: readonly KubernetesObject[], pods: readonly KubernetesObject[]): ClusterFacts {
    return clusterFacts({
      priorityClasses: this.#of('PriorityClass'),
      runtimeClasses: this.#of('RuntimeClass'),
      claims,
      persistentVolumes: this.#of('PersistentVolume'),
      storageClasses: this.#of('StorageClass'),
      sharedClaims: claimsOfSeveral(pods),
    });
  }

  /** Those with labels that can't be read are refused and left out. */
  #namespaces(population: Parameters<typeof namespaceMessages>[1]): Namespace[] {
    const objects = this.#of('Namespace').filter((object) => this.#try(object, () => labelsOf(object)) !== undefined);
    return namespaceMessages(objects, population);
  }

  #notePriorities(pods: readonly KubernetesObject[], facts: ClusterFacts): void {
    const noted = new Set<string>();
    for (const pod of pods) {
      const name = missingPriorityClass(mapping(pod.spec, pathOf('spec')) ?? {}, facts);
      if (name === undefined || noted.has(name)) continue;
      noted.add(name);
      const origin = this.#origins.get(pod);
      const path = ['spec', 'priorityClassName'];
      const message = `PriorityClass ${name} is not in the input: its pods count with priority 0`;
      this.#warn(origin ?? pod, origin === undefined ? path : ['spec', 'template', ...path], message);
    }
  }

  /** Pods of one workload once; each field where it was written. */
  #noteUnreadFields(pods: readonly KubernetesObject[]): void {
    const looked = new Set<KubernetesObject>();
    let noted = 0;
    const daemonSets = this.#of('DaemonSet').map((object) => ({ pod: daemonPodOf(object) ?? {}, origin: object }));
    for (const { pod, origin } of [...pods.map((pod) => ({ pod, origin: this.#origins.get(pod) })), ...daemonSets]) {
      if (origin !== undefined && looked.has(origin)) continue;
      if (origin !== undefined) looked.add(origin);
      for (const { path, message } of unreadFields(pod)) {
        if (noted++ >= MOST_LISTED) continue;
        this.#warn(origin ?? pod, origin === undefined ? path : ['spec', 'template', ...path], message);
      }
    }
    if (noted > MOST_LISTED) this.#warn(undefined, [], `${noted - MOST_LISTED} more fields of pods are ignored`);
  }

  #nodes(bound: Map<string, KubernetesObject[]>, context: PodContext) {
    const nodes = this.#of('Node');
    const known = new Set(nodes.map(nameOf));
    const elsewhere = [...bound].filter(([name]) => !known.has(name));
    if (elsewhere.length > 0) {
      const count = elsewhere.reduce((sum, [, pods]) => sum + pods.length, 0);
      const [first] = elsewhere[0]?.[1] ?? [];
      const message = `${count} pods run on nodes that are not in the input (${elsewhere[0]?.[0]}): they are not counted`;
      this.#warn(first, ['spec', 'nodeName'], message);
    }
    let result: ReturnType<typeof nodeMessages> = { nodes: [], sources: [], refused: [], unknownClaims: [] };
    const [anyNode] = [...nodes, ...this.#of('NodeClaim')];
    if (anyNode !== undefined) {
      result = this.#try(anyNode, () => nodeMessages(nodes, this.#of('NodeClaim'), bound, context)) ?? result;
    }
    for (const { pod, error } of result.refused) this.#refuse(pod, error);
    for (const object of this.#of('CSINode')) this.#try(object, () => addAttachmentLimits(result.nodes, object));
    for (const claim of result.unknownClaims.slice(0, MOST_LISTED)) {
      this.#warn(claim, ['status'], 'has no instance yet, so what it will hold is not known: left out');
    }
    return result;
  }

  #nodeClasses() {
    const messages: NodeClass[] = [];
    const sources: KubernetesObject[] = [];
    const names = new Set<string>();
    for (const object of this.#of('EC2NodeClass')) {
      this.#try(object, () => {
        const message = nodeClassMessage(object, nodeClassSpec(object));
        names.add(message.name);
        messages.push(message);
        sources.push(object);
        if (message.zones.length === 0) {
          const text = 'its subnets are not looked up here: every zone of the region counts as usable';
          this.#warn(object, ['spec', 'subnetSelectorTerms'], text);
        }
      });
    }
    return { messages, sources, names };
  }

  #nodePools(nodeClasses: ReadonlySet<string>) {
    const messages: NodePool[] = [];
    const sources: KubernetesObject[] = [];
    const errorCount = this.#errors.length;
    for (const object of this.#of('NodePool')) {
      this.#try(object, () => {
        const spec = nodePoolSpec(object);
        const nodeClass = nodeClassName(spec);
        let reason = unusableNodePool(object, spec);
        if (reason === undefined && !nodeClasses.has(nodeClass)) {
          reason = `its EC2NodeClass ${nodeClass} is not in the input: add it`;
        }
        for (const advice of nodePoolAdvice(object, spec))
          this.#warn(object, new InputError(advice.path, '').path, advice.message);
        if (reason !== undefined) {
          this.#warn(object, ['spec', 'template', 'spec', 'nodeClassRef'], `the pool is left out: ${reason}`);
          return;
        }
        checkTaintsUnique(spec);
        messages.push(nodePoolMessage(object, spec, nodeClass));
        sources.push(object);
      });
    }
    if (messages.length === 0 && this.#errors.length === errorCount) this.#refuseWithoutPools();
    return { messages, sources };
  }

  #refuseWithoutPools(): void {
    const count = this.#of('NodePool').length;
    const message =
      count === 0
        ? 'the input has no NodePool: add one with its EC2NodeClass (examples/mission/01-default-nodepool-and-nodeclass.yaml shows how)'
        : `none of the ${count} NodePools of the input can be used: see the warnings`;
    this.#errors.push({ path: [], message });
  }

  /** One pod for each DaemonSet, undefined where it has no template. */
  #daemonPods(): Map<KubernetesObject, KubernetesObject | undefined> {
    const newest = newestDaemonPods(this.#of('Pod'));
    return new Map(this.#of('DaemonSet').map((object) => [object, daemonPodOf(object, newest)]));
  }

  #daemonSets(pods: ReadonlyMap<KubernetesObject, KubernetesObject | undefined>, context: PodContext) {
    const messages: DaemonSet[] = [];
    const sources: KubernetesObject[] = [];
    for (const [object, pod] of pods) {
      if (pod === undefined) {
        this.#errors.push({ object, path: ['spec', 'template'], message: 'is missing or is not a mapping' });
        continue;
      }
      this.#origins.set(pod, object);
      this.#try(pod, () => {
        messages.push(daemonSetMessage(object, pod, context));
        sources.push(object);
      });
    }
    return { messages, sources };
  }
}

/** A finding as text, without its place: object, field and message. */
export function formatFinding(finding: Finding): string {
  const parts: string[] = [];
  if (finding.object !== undefined) parts.push(objectLabel(finding.object));
  const field = formatPath(finding.path);
  if (field !== '') parts.push(field);
  return [...parts, finding.message].join(': ');
}

/** NodePool default; with the namespace where it is not `default`. */
function objectLabel(object: KubernetesObject): string {
  const { name, namespace } = (object.metadata ?? {}) as KubernetesObject;
  const place = typeof namespace === 'string' && namespace !== 'default' ? `${namespace}/` : '';
  return `${String(object.kind)} ${place}${typeof name === 'string' ? name : '(without a name)'}`;
}
