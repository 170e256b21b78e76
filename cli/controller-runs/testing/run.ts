// A whole cluster in this process, on a clock that a test drives: API server, scheduler, kubelets and cloud simulated, the
// planning service and the controller real. The controller can be killed at any external write and started again.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { DrivenClock } from '../../../controller/clock/index.ts';
import type { EventNote } from '../../../controller/context/index.ts';
import { type ControllerOptions, type RunningController, startController } from '../../../controller/main/index.ts';
import { type ApiObject, KINDS, type Kind } from '../../../controller/ports/index.ts';
import { openChance } from '../../../controller/random/index.ts';
import {
  EC2_NODE_CLASS,
  NODE_CLAIM,
  NODE_POOL,
  type Resource,
  withSchemaDefaults,
} from '../../../controller/resources/index.ts';
import { SimulatedCloud } from '../../../controller/simulated-cloud/index.ts';
import { nodeClassObject, smallCloudFacts } from '../../../controller/simulated-cloud/testing/index.ts';
import { Kubelets, SimulatedCluster, startControlPlane } from '../../../controller/simulated-cluster/index.ts';
import type { SettledEngine } from './settled-engine.ts';

/** Where the controller is killed: before or after the n-th write of a name. */
export interface KillPoint {
  readonly when: 'before' | 'after';
  readonly point: string;
}

/** An event that was recorded on an object. */
export interface RecordedEvent extends EventNote {
  readonly kind: string;
  readonly name: string;
}

/** A line that was logged. */
export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

const RESOURCES: ReadonlyMap<string, Resource> = new Map(
  [NODE_POOL, NODE_CLAIM, EC2_NODE_CLASS].map((resource) => [resource.plural, resource as Resource]),
);

/** Fills in what the API server fills in by the schemas of our resources. */
function admit(kind: Kind, object: ApiObject): ApiObject {
  const resource = RESOURCES.get(kind.plural);
  return resource === undefined ? object : { ...object, spec: withSchemaDefaults(resource, object) };
}

let runCount = 0;

/** One run. */
export class Run {
  readonly clock: DrivenClock;
  readonly cluster: SimulatedCluster;
  readonly cloud: SimulatedCloud;
  readonly events: RecordedEvent[] = [];
  readonly log: LogLine[] = [];
  /** How often a controller was told that another one had taken over. */
  deposedCount = 0;
  /** Names of all external writes that were made, in order. */
  readonly writes: string[] = [];
  /** Names of all that were tried, with the time. */
  readonly tries: { readonly point: string; readonly atMs: number }[] = [];
  readonly #engine: SettledEngine;
  readonly #end = new AbortController();
  readonly #name = `run-${++runCount}`;
  readonly #chance: ReturnType<typeof openChance>;
  readonly #controllers: RunningController[] = [];
  #epoch = 0n;
  #killAt: KillPoint | undefined;
  #isKilled = false;

  private constructor(engine: SettledEngine, clock: DrivenClock, seed: number) {
    this.#engine = engine;
    this.clock = clock;
    this.cluster = new SimulatedCluster({ clock, seed, admission: admit });
    const kubelets = new Kubelets({ cluster: this.cluster, clock, seed });
    // An account of its own: what is fed for one run is not on sale in another.
    const facts = smallCloudFacts();
    const account = String(100_000_000_000 + runCount);
    this.cloud = new SimulatedCloud({
      clock,
      facts: { ...facts, catalogue: { ...facts.catalogue, account } },
      seed,
      cluster: this.cluster,
      agents: kubelets,
    });
    this.#chance = openChance(seed);
    startControlPlane(this.cluster, { signal: this.#end.signal });
    void kubelets.run(this.#end.signal);
  }

  /** Starts everything but the controller, on a planning service that is there; ends it with the test. */
  static open(context: Pick<TestContext, 'after'>, engine: SettledEngine, seed = 1): Run {
    const clock = new DrivenClock({ settle: () => engine.settle() });
    engine.follow(clock);
    const run = new Run(engine, clock, seed);
    context.after(() => run.close());
    return run;
  }

  /** Starts a controller; an earlier one has been killed or stopped. */
  startController(
    listeners: Pick<ControllerOptions, 'onPlanning' | 'onPlanned' | 'metrics'> = {},
    settings: Pick<ControllerOptions['settings'], 'nominatePods'> = {},
  ): RunningController {
    this.#epoch += 1n;
    this.#isKilled = false;
    const isOurs = this.#epoch;
    const controller = startController({
      ...listeners,
      cluster: this.cluster,
      cloud: this.cloud,
      clock: this.clock,
      engine: this.#engine.clients,
      settings: {
        clusterName: this.#name,
        batchIdleMs: 1_000,
        batchMaxMs: 10_000,
        preferencePolicy: 'Respect',
        minValuesPolicy: 'Strict',
        ...settings,
      },
      events: { record: (about, note) => this.#record(about, note) },
      log: this.#logger(),
      random: () => this.#chance.fraction(),
      leaseEpoch: isOurs,
      onDeposed: () => {
        this.deposedCount += 1;
      },
      hooks: {
        before: (point) => {
          this.tries.push({ point, atMs: this.clock.monotonicMs() });
          return this.#pass('before', point, isOurs);
        },
        after: (point) => {
          this.writes.push(point);
          return this.#pass('after', point, isOurs);
        },
      },
    });
    this.#controllers.push(controller);
    return controller;
  }

  /** Has the controller killed at its next write of this name. */
  killAt(point: KillPoint): void {
    this.#killAt = point;
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  objects(kind: Kind): ApiObject[] {
    return [...this.cluster.api.storage.values(kind)];
  }

  /** Lets time pass until a condition holds; fails with what there is when it does not within the limit. */
  async until(what: string, condition: () => boolean, limitMs = 300_000): Promise<void> {
    if (await this.clock.advanceUntil(condition, limitMs)) return;
    assert.fail(`${what}: not within ${limitMs} ms\n${this.describe()}`);
  }

  /** The state of the run, for messages of failed tests. */
  describe(): string {
    const lines = [KINDS.nodeClaims, KINDS.nodes, KINDS.pods, KINDS.nodePools, KINDS.ec2NodeClasses].flatMap((kind) =>
      this.objects(kind).map((object) => {
        const { name, deletionTimestamp, finalizers } = object.metadata;
        const conditions = (object.status as { conditions?: { type: string; status: string; reason?: string }[] })
          ?.conditions;
        const text = (conditions ?? []).map(({ type, status, reason }) => `${type}=${status}(${reason})`).join(' ');
        return `${kind.kind} ${name} ${deletionTimestamp ?? ''} ${finalizers ?? ''} ${text}`;
      }),
    );
    const log = this.log
      .slice(-25)
      .map(({ level, fields, message }) => `${level} ${message} ${JSON.stringify(fields)}`);
    return [...lines, ...log, `writes: ${this.writes.slice(-30).join(' ')}`].join('\n');
  }

  async close(): Promise<void> {
    this.#isKilled = true;
    const stopped = this.#controllers.map((controller) => controller.stop());
    this.#end.abort();
    this.cloud.close();
    // A killed controller waits for its last write for ever.
    await Promise.race([Promise.all(stopped), this.#engine.settle()]);
  }

  /** What a process does that is killed: from that moment on nothing more comes of it. */
  #pass(when: KillPoint['when'], point: string, epoch: bigint): void | Promise<void> {
    if (this.#killAt?.when === when && this.#killAt.point === point) {
      this.#killAt = undefined;
      this.#isKilled = true;
      void this.#controllers.at(-1)?.stop();
    }
    if (this.#isKilled || epoch !== this.#epoch) return new Promise(() => undefined);
    return undefined;
  }

  #record(about: ApiObject, note: EventNote): void {
    this.events.push({ ...note, kind: String(about.kind), name: String(about.metadata.name) });
  }

  #logger() {
    const write = (level: string) => (fields: object, message: string) =>
      void this.log.push({ level, fields, message });
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  }
}

/** A pool that may use everything the account sells. */
export function poolObject(name = 'default', template: object = {}, rest: object = {}): ApiObject {
  return {
    metadata: { name },
    spec: {
      template: {
        spec: { nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' }, ...template },
      },
      ...rest,
    },
  };
}

/** Requirements that leave types of one architecture. */
export const AMD64 = { requirements: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['amd64'] }] };

/** So many pods of one size. */
export function deploymentObject(name: string, replicas: number, spec: object = {}): ApiObject {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', resources: { requests: { cpu: '500m', memory: '512Mi' } } }], ...spec },
      },
    },
  };
}

/** A pool and its class. */
export async function createPool({ cluster }: Run, pool = poolObject()): Promise<void> {
  await cluster.create(KINDS.ec2NodeClasses, nodeClassObject());
  await cluster.create(KINDS.nodePools, pool);
}

/** Status of each condition of an object. */
export function conditionsOf(object: ApiObject | undefined): Readonly<Record<string, string>> {
  const { conditions = [] } = (object?.status ?? {}) as { conditions?: { type: string; status: string }[] };
  return Object.fromEntries(conditions.map(({ type, status }) => [type, status]));
}

/** Pods of an app that run. */
export function runningPods(run: Run, app: string): ApiObject[] {
  return run
    .objects(KINDS.pods)
    .filter(
      ({ metadata, status }) => metadata.labels?.app === app && (status as { phase?: string }).phase === 'Running',
    );
}
