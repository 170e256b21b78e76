// Every right that the controller has in a cluster, and what it is for. deploy/rbac is written from it; a run on a real API
// server shows that nothing is missing and nothing left over (e2e/controller).
import type { KindName } from '../ports/index.ts';

/** What may be done with objects. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** A right. */
export interface Grant {
  readonly kind: KindName;
  readonly subresource?: 'status' | 'eviction';
  readonly verbs: readonly Verb[];
  /** Objects of these names only. Nobody can be kept to a name while creating. */
  readonly names?: readonly string[];
  /** `own` is the controller's own namespace; absent means everywhere. */
  readonly where?: 'own' | 'kube-system';
  readonly why: string;
}

const FOLLOWED = ['list', 'watch'] as const;

/** Karpenter's name of the Lease, the default of --leader-election-name. */
const LEASE_NAME = 'karpenter-leader-election';

/** The Secret with the webhook's certificates, in the controller's own namespace. */
export const WEBHOOK_SECRET = 'dovetail-webhook';

/** The name of both webhook configurations. */
export const WEBHOOK_CONFIGURATION = 'dovetail';

/** The rights, most telling first. */
export const GRANTS: readonly Grant[] = [
  {
    kind: 'nodeClaims',
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
    why: 'a claim for each node: made by plans, led through its life, deleted when its node goes',
  },
  { kind: 'nodeClaims', subresource: 'status', verbs: ['patch'], why: 'what became of the instance, conditions' },
  {
    kind: 'nodePools',
    verbs: [...FOLLOWED, 'patch'],
    why: 'what nodes may be made of; the hash of it as an annotation',
  },
  { kind: 'nodePools', subresource: 'status', verbs: ['patch'], why: 'counters of resources and nodes, conditions' },
  {
    kind: 'ec2NodeClasses',
    verbs: [...FOLLOWED, 'patch'],
    why: 'how instances are set up; its hash, and a finalizer while claims use it',
  },
  {
    kind: 'ec2NodeClasses',
    subresource: 'status',
    verbs: ['patch'],
    why: 'subnets, images and groups found, conditions',
  },
  {
    kind: 'nodes',
    verbs: ['get', 'list', 'watch', 'patch', 'delete'],
    why: 'labels and taints when a node registers, its finalizer, its end',
  },
  {
    kind: 'pods',
    verbs: [...FOLLOWED, 'delete'],
    why: 'pods that wait for room; those that outstay the deadline of a drain',
  },
  {
    kind: 'pods',
    subresource: 'status',
    verbs: ['patch'],
    why: 'which node was planned for a pod (--nominate-pods), for kube-scheduler',
  },
  { kind: 'pods', subresource: 'eviction', verbs: ['create'], why: 'drains, under disruption budgets' },
  { kind: 'daemonSets', verbs: FOLLOWED, why: 'room on each new node that their pods take' },
  { kind: 'podDisruptionBudgets', verbs: FOLLOWED, why: 'which pods may go' },
  { kind: 'namespaces', verbs: FOLLOWED, why: 'namespace selectors of pod affinity' },
  { kind: 'priorityClasses', verbs: FOLLOWED, why: 'which pods come first' },
  { kind: 'runtimeClasses', verbs: FOLLOWED, why: 'overhead of pods' },
  { kind: 'persistentVolumeClaims', verbs: FOLLOWED, why: 'zones that the volumes of pods tie them to' },
  { kind: 'persistentVolumes', verbs: FOLLOWED, why: 'the same' },
  { kind: 'storageClasses', verbs: FOLLOWED, why: 'zones in which volumes can be made' },
  { kind: 'csiNodes', verbs: FOLLOWED, why: 'how many volumes a node attaches' },
  { kind: 'volumeAttachments', verbs: FOLLOWED, why: 'volumes that have to be off a node before its instance ends' },
  {
    kind: 'events',
    verbs: ['create', 'patch'],
    why: 'what is told to users on their objects, in whichever namespace those are',
  },
  { kind: 'leases', where: 'own', verbs: ['create'], why: 'the Lease of the election, the first time' },
  {
    kind: 'leases',
    where: 'own',
    names: [LEASE_NAME],
    verbs: ['get', 'update'],
    why: 'to take it, renew it, release it',
  },
  {
    kind: 'mutatingWebhookConfigurations',
    names: [WEBHOOK_CONFIGURATION],
    verbs: [...FOLLOWED, 'patch'],
    why: 'under which name the webhook is asked, and whom the API server trusts to be it',
  },
  {
    kind: 'validatingWebhookConfigurations',
    names: [WEBHOOK_CONFIGURATION],
    verbs: [...FOLLOWED, 'patch'],
    why: 'the same',
  },
  { kind: 'secrets', where: 'own', verbs: ['create'], why: 'the certificates of the webhook, the first time' },
  {
    kind: 'secrets',
    where: 'own',
    names: [WEBHOOK_SECRET],
    verbs: [...FOLLOWED, 'update'],
    why: 'to serve them, and to rotate them; no other Secret can be read',
  },
  {
    kind: 'configMaps',
    where: 'own',
    verbs: ['list', 'create', 'patch', 'delete'],
    why: 'launches, written down before EC2 is asked for them',
  },
  {
    kind: 'namespaces',
    names: ['kube-system'],
    verbs: ['get'],
    why: 'its UID, which tells instances of this cluster from those of another one of its name',
  },
  {
    kind: 'services',
    where: 'kube-system',
    names: ['kube-dns'],
    verbs: ['get'],
    why: 'the address of DNS, which nodes are told',
  },
  { kind: 'pods', where: 'own', verbs: ['get'], why: 'the own Pod, on which launches and terminations are told too' },
];
