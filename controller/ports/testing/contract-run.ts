// What the contract's cases share: the cluster, names that nobody else uses, small valid objects, and a watch that is read
// along while a case goes on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type ApiObject,
  type Cluster,
  ClusterError,
  type ClusterErrorCode,
  KINDS,
  type Kind,
  type ObjectEvent,
  type ObjectName,
  type Selection,
} from '../index.ts';

/** A cluster that is held to the contract, and the handles that its cases need. */
export interface ClusterUnderTest {
  readonly cluster: Cluster;
  /** A namespace that exists and is empty. */
  readonly namespace: string;
  /** A resource version from before everything that the server remembers of NodePools. */
  readonly forgottenVersion: string;
  /** Resolves once the continue tokens handed out until now for ConfigMaps are too old. */
  expireContinueTokens(): Promise<void>;
  /** Resolves when so much time has gone by on the server's clock. */
  passTime(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** One case hangs rather than fails when an event never comes: this ends it. */
const CASE_TIMEOUT_MS = 60_000;

/** The events of a watch, BOOKMARKs left out, as they came. */
export class Watching {
  readonly events: ObjectEvent[] = [];
  readonly bookmarks: ObjectEvent[] = [];
  readonly #abort = new AbortController();
  /** Resolves when the server ends the stream, rejects with what the watch rejects with. */
  readonly ended: Promise<void>;
  #wake: () => void = () => {};

  constructor(cluster: Cluster, kind: Kind, options: Parameters<Cluster['watch']>[1]) {
    this.ended = this.#read(cluster, kind, options);
    // Whoever awaits it hears of a failure; nobody has to.
    this.ended.catch(() => {});
  }

  async #read(cluster: Cluster, kind: Kind, options: Parameters<Cluster['watch']>[1]): Promise<void> {
    for await (const event of cluster.watch(kind, options, this.#abort.signal)) {
      (event.type === 'BOOKMARK' ? this.bookmarks : this.events).push(event);
      this.#wake();
    }
  }

  /** Resolves with the events once there are so many; rejects when the stream is over before. */
  async until(count: number): Promise<readonly ObjectEvent[]> {
    while (this.events.length < count) {
      const next = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const over = this.ended.then(() => 'over' as const);
      if ((await Promise.race([next, over])) === 'over' && this.events.length < count) {
        throw new Error(`watch: the stream ended after ${this.events.length} of ${count} events`);
      }
    }
    return this.events;
  }

  close(): void {
    this.#abort.abort(new Error('the case is over'));
  }
}

/** One run of the contract. */
export class ContractRun {
  #opened: ClusterUnderTest | undefined;
  readonly #watches: Watching[] = [];
  #nameCount = 0;

  constructor(open: () => Promise<ClusterUnderTest>) {
    before(async () => {
      this.#opened = await open();
    });
    after(async () => {
      for (const watching of this.#watches) watching.close();
      await this.#opened?.close();
    });
  }

  /** Declares one case. */
  case(sentence: string, run: (cluster: Cluster) => Promise<void>): void {
    test(sentence, { timeout: CASE_TIMEOUT_MS }, () => run(this.handles.cluster));
  }

  get handles(): ClusterUnderTest {
    if (this.#opened === undefined) throw new Error('contract: the cluster is not open yet');
    return this.#opened;
  }

  get namespace(): string {
    return this.handles.namespace;
  }

  /** A name that no other case uses, also among cluster-wide objects. */
  name(stem: string): string {
    this.#nameCount += 1;
    return `${this.namespace}-${stem}-${this.#nameCount}`;
  }

  /** A name in the run's namespace. */
  named(name: string): ObjectName {
    return { namespace: this.namespace, name };
  }

  configMap(name: string, data: Readonly<Record<string, string>> = {}, labels?: Readonly<Record<string, string>>) {
    return {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: this.namespace, name, ...(labels === undefined ? {} : { labels }) },
      data,
    } satisfies ApiObject;
  }

  /** A NodePool: a custom resource with a status, known to the whole cluster. */
  nodePool(name: string, extra: { readonly finalizers?: readonly string[]; readonly weight?: number } = {}): ApiObject {
    return {
      apiVersion: 'karpenter.sh/v1',
      kind: 'NodePool',
      metadata: { name, ...(extra.finalizers === undefined ? {} : { finalizers: extra.finalizers }) },
      spec: {
        ...(extra.weight === undefined ? {} : { weight: extra.weight }),
        template: {
          spec: {
            nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
            requirements: [{ key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }],
          },
        },
      },
    };
  }

  /** A pod; with a node's name it is bound from the start, whether or not there is such a node. */
  pod(name: string, extra: { readonly nodeName?: string; readonly labels?: Readonly<Record<string, string>> } = {}) {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        namespace: this.namespace,
        name,
        ...(extra.labels === undefined ? {} : { labels: extra.labels }),
      },
      spec: {
        ...(extra.nodeName === undefined ? {} : { nodeName: extra.nodeName }),
        containers: [{ name: 'main', image: 'pause' }],
      },
    } satisfies ApiObject;
  }

  /** Watches everything after now. It is closed when the run ends, at the latest. */
  async watchFromNow(kind: Kind, selection: Selection): Promise<Watching> {
    const { resourceVersion } = await this.handles.cluster.list(kind, { ...selection, limit: 1 });
    return this.watch(kind, { ...selection, resourceVersion });
  }

  watch(kind: Kind, options: Parameters<Cluster['watch']>[1]): Watching {
    const watching = new Watching(this.handles.cluster, kind, options);
    this.#watches.push(watching);
    return watching;
  }

  /** Creates as many ConfigMaps with a label that selects them and nothing else. */
  async labelledConfigMaps(count: number): Promise<{ readonly names: string[]; readonly labelSelector: string }> {
    const group = this.name('group');
    const names = Array.from({ length: count }, (_, index) => `${group}-${index}`);
    for (const name of names) {
      await this.handles.cluster.create(KINDS.configMaps, this.configMap(name, {}, { group }));
    }
    return { names, labelSelector: `group=${group}` };
  }
}

/** Asserts that the call rejects with a ClusterError of this code; answers it. */
export async function rejectsWith(code: ClusterErrorCode, call: () => Promise<unknown>): Promise<ClusterError> {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof ClusterError, `not a ClusterError: ${error}`);
    assert.equal(error.code, code, error.message);
    return error;
  }
  throw new assert.AssertionError({ message: `the call succeeded, ${code} was expected` });
}

/** Asserts that the object is there; narrows. */
export function present(object: ApiObject | undefined): ApiObject {
  assert.ok(object !== undefined, 'the object is not there');
  return object;
}

/** The version of an object that has one. */
export function versionOf(object: ApiObject): string {
  const version = object.metadata.resourceVersion;
  assert.ok(version !== undefined, 'the object has no resource version');
  return version;
}

/** `ADDED name` for each event. */
export function told(events: readonly ObjectEvent[]): string[] {
  return events.map(({ type, object }) => `${type} ${object.metadata.name}`);
}
