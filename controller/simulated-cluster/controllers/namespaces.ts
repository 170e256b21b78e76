// Namespaces that are being deleted: first everything in them goes, then they do.
import { KINDS, type Kind } from '../../ports/index.ts';
import { type Controller, type ControllerContext, controllerQueue, follow, nameOfKey } from '../controller-context.ts';
import { isDeleting } from '../objects.ts';
import { nameOf } from '../storage.ts';
import type { WorkQueue } from '../work-queue.ts';

/** How often a namespace is looked at whose objects take their time. */
const RETRY_MS = 1000;

/** The controller of namespaces. */
export class Namespaces implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #kinds: readonly Kind[];

  constructor(context: ControllerContext, kinds: readonly Kind[]) {
    this.#context = context;
    this.#kinds = kinds.filter((kind) => kind.namespaced);
    this.#queue = controllerQueue(context, (key) => this.#reconcile(key));
  }

  start(): void {
    follow(this.#context, KINDS.namespaces, (namespace) => {
      if (isDeleting(namespace)) this.#queue.add(String(namespace.metadata.name));
    });
  }

  #reconcile(key: string): void {
    const { api } = this.#context;
    const namespace = api.storage.get(KINDS.namespaces, nameOfKey(key));
    if (namespace === undefined || !isDeleting(namespace)) return;
    for (const kind of this.#kinds) {
      for (const object of api.storage.sorted(kind)) {
        if (object.metadata.namespace === key && !isDeleting(object)) api.delete(kind, nameOf(object));
      }
    }
    if (this.#kinds.some((kind) => api.storage.sorted(kind).some((object) => object.metadata.namespace === key))) {
      this.#queue.addLater(key, RETRY_MS);
      return;
    }
    api.replace(KINDS.namespaces, { ...namespace, spec: { ...(namespace.spec as object), finalizers: [] } });
  }
}
