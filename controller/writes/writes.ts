// The one way out: every change that the controller makes outside itself passes here under a name, so that a deposed leader
// writes nothing and tests can end the process before and after each. It decides nothing and retries nothing.
import type {
  ApiObject,
  Cloud,
  DeleteOptions,
  Kind,
  LaunchRequest,
  LaunchResult,
  ObjectName,
  ObjectWriter,
} from '../ports/index.ts';

/** What may happen around a write. */
export interface WriteHooks {
  /** Before the call; what it throws keeps the call from being made (the lease has run out). */
  before(point: string): void | Promise<void>;
  /** After the call has succeeded. */
  after(point: string): void | Promise<void>;
  /** Makes the call, with the two above around it, or refuses to; whoever counts what is in flight counts here. */
  around?<Result>(point: string, call: () => Promise<Result>): Promise<Result>;
}

type Patch = Parameters<ObjectWriter['patch']>[2];
type Point = string;

/** Every external write. `point` names the write in the code that makes it: `nodeclaim.create`, `instance.launch`. */
export class Writes {
  readonly #cluster: ObjectWriter;
  readonly #cloud: Pick<Cloud, 'launch' | 'terminate' | 'tag' | 'forgetNodeClass'>;
  readonly #hooks: WriteHooks;

  constructor(
    cluster: ObjectWriter,
    cloud: Pick<Cloud, 'launch' | 'terminate' | 'tag' | 'forgetNodeClass'>,
    hooks: WriteHooks,
  ) {
    this.#cluster = cluster;
    this.#cloud = cloud;
    this.#hooks = hooks;
  }

  create(point: Point, kind: Kind, object: ApiObject, signal?: AbortSignal): Promise<ApiObject> {
    return this.#around(point, () => this.#cluster.create(kind, object, signal));
  }

  replace(
    point: Point,
    kind: Kind,
    object: ApiObject,
    options?: { readonly subresource?: 'status' },
    signal?: AbortSignal,
  ): Promise<ApiObject> {
    return this.#around(point, () => this.#cluster.replace(kind, object, options, signal));
  }

  patch(point: Point, kind: Kind, name: ObjectName, patch: Patch, signal?: AbortSignal): Promise<ApiObject> {
    return this.#around(point, () => this.#cluster.patch(kind, name, patch, signal));
  }

  delete(point: Point, kind: Kind, name: ObjectName, options?: DeleteOptions, signal?: AbortSignal): Promise<void> {
    return this.#around(point, () => this.#cluster.delete(kind, name, options, signal));
  }

  evict(
    point: Point,
    pod: ObjectName,
    options?: Pick<DeleteOptions, 'uid' | 'gracePeriodSeconds'>,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#around(point, () => this.#cluster.evict(pod, options, signal));
  }

  launch(point: Point, request: LaunchRequest, signal?: AbortSignal): Promise<LaunchResult> {
    return this.#around(point, () => this.#cloud.launch(request, signal));
  }

  terminate(point: Point, instanceIds: readonly string[], signal?: AbortSignal): Promise<void> {
    return this.#around(point, () => this.#cloud.terminate(instanceIds, signal));
  }

  tag(point: Point, instanceId: string, tags: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void> {
    return this.#around(point, () => this.#cloud.tag(instanceId, tags, signal));
  }

  forgetNodeClass(point: Point, nodeClass: ApiObject, signal?: AbortSignal): Promise<void> {
    return this.#around(point, () => this.#cloud.forgetNodeClass(nodeClass, signal));
  }

  #around<Result>(point: Point, call: () => Promise<Result>): Promise<Result> {
    const hooks = this.#hooks;
    const named = async (): Promise<Result> => {
      await hooks.before(point);
      const result = await call();
      await hooks.after(point);
      return result;
    };
    return hooks.around === undefined ? named() : hooks.around(point, named);
  }
}
