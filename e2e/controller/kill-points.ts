// The external writes of a launch and of a drain, as they are seen from outside: a call to the API server or to the cloud. The
// controller knows nothing of it. The names are those of controller/writes, which the simulated runs use as well.
import {
  DISRUPTED_NO_SCHEDULE,
  INITIALIZED_LABEL,
  INSTANCE_TYPE_LABEL,
  REGISTERED_LABEL,
  TAGGED,
} from '../../controller/objects/index.ts';
import type { ProxiedCall } from './faults/index.ts';

/** A write at which the controller is interrupted. */
export interface KillPoint {
  readonly name: string;
  /** What is going on. */
  readonly phase: 'launch' | 'drain';
  /** A call to the cloud by its name, or how the call to the API server is recognised. */
  readonly call: string | ((call: ProxiedCall) => boolean);
}

/** The parts of a body that tell writes apart. */
interface Body {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
  readonly status?: {
    readonly providerID?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

const CLAIM = /^\/apis\/karpenter\.sh\/v1\/nodeclaims\/[^/]+$/;
const CLAIM_STATUS = /^\/apis\/karpenter\.sh\/v1\/nodeclaims\/[^/]+\/status$/;
const NODE = /^\/api\/v1\/nodes\/[^/]+$/;
const EVICTION = /^\/api\/v1\/namespaces\/[^/]+\/pods\/[^/]+\/eviction$/;

/** A patch of an object whose body is so. */
const patch =
  (path: RegExp, isSo: (body: Body) => boolean) =>
  (call: ProxiedCall): boolean =>
    call.method === 'PATCH' && path.test(call.path) && isSo(call.body as Body);

const isTrue =
  (type: string) =>
  ({ status }: Body): boolean =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;

const hasLabel =
  (key: string) =>
  ({ metadata }: Body): boolean =>
    metadata?.labels?.[key] !== undefined;

/** All of them, in the order in which they come. */
export const KILL_POINTS: readonly KillPoint[] = [
  {
    name: 'nodeclaim.create',
    phase: 'launch',
    call: ({ method, path }) => method === 'POST' && path === '/apis/karpenter.sh/v1/nodeclaims',
  },
  { name: 'instance.launch', phase: 'launch', call: 'launch' },
  { name: 'nodeclaim.labels', phase: 'launch', call: patch(CLAIM, hasLabel(INSTANCE_TYPE_LABEL)) },
  {
    name: 'nodeclaim.status of the launch',
    phase: 'launch',
    call: patch(CLAIM_STATUS, ({ status }) => status?.providerID !== undefined),
  },
  { name: 'node.register', phase: 'launch', call: patch(NODE, hasLabel(REGISTERED_LABEL)) },
  { name: 'nodeclaim.status of the registration', phase: 'launch', call: patch(CLAIM_STATUS, isTrue('Registered')) },
  { name: 'instance.tag', phase: 'launch', call: 'tag' },
  {
    name: 'nodeclaim.tagged',
    phase: 'launch',
    call: patch(CLAIM, ({ metadata }) => metadata?.annotations?.[TAGGED] === 'true'),
  },
  { name: 'node.initialize', phase: 'launch', call: patch(NODE, hasLabel(INITIALIZED_LABEL)) },
  { name: 'node.delete', phase: 'drain', call: ({ method, path }) => method === 'DELETE' && NODE.test(path) },
  {
    name: 'node.taint',
    phase: 'drain',
    call: patch(NODE, ({ spec }) => spec?.taints?.some(({ key }) => key === DISRUPTED_NO_SCHEDULE.key) === true),
  },
  { name: 'pod.evict', phase: 'drain', call: ({ method, path }) => method === 'POST' && EVICTION.test(path) },
  { name: 'nodeclaim.drain', phase: 'drain', call: patch(CLAIM_STATUS, isTrue('Drained')) },
  { name: 'instance.terminate', phase: 'drain', call: 'terminate' },
  {
    name: 'node.finalizer.remove',
    phase: 'drain',
    call: patch(NODE, ({ metadata }) => metadata?.finalizers !== undefined && metadata.labels === undefined),
  },
  {
    name: 'nodeclaim.finalizer.remove',
    phase: 'drain',
    call: patch(CLAIM, ({ metadata }) => metadata?.finalizers !== undefined && metadata.labels === undefined),
  },
];
