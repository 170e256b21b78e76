// Puts the demo together: the planning service that is handed in, the controller, and the simulated surroundings. The
// controller is the one of production, composed as in production; only its ports lead into memory.

import { systemClock } from '../../controller/clock/index.ts';
import type { ControllerLog, EventNote, PlanNote } from '../../controller/context/index.ts';
import { catalogueOf } from '../../controller/engine-client/index.ts';
import { startController } from '../../controller/main/index.ts';
import { Chronicle, ClusterObserver, type Happening } from '../../controller/overview/index.ts';
import type { PageActions } from '../../controller/page/index.ts';
import { type ApiObject, KINDS } from '../../controller/ports/index.ts';
import { openChance } from '../../controller/random/index.ts';
import { readCloudFacts } from '../../controller/simulated-cloud/index.ts';
import type { EngineConnection } from '../engine-client.ts';
import { DemoActions } from './actions.ts';
import { allRun } from './all-run.ts';
import type { DemoManifests } from './manifests.ts';
import { type DemoWorld, startWorld } from './world.ts';

/** What a demo is made of. */
export interface DemoOptions {
  readonly engine: Pick<EngineConnection, 'scheduler' | 'offerings'>;
  readonly manifests: DemoManifests;
  readonly clusterName: string;
  readonly region: string;
  /** Decides names, addresses and how long things take. */
  readonly seed: number;
  readonly log: ControllerLog;
  /** Hears of everything that happens, as it happens. */
  readonly onHappening: (happening: Happening) => void;
}

/** A demo under way. */
export interface Demo {
  readonly world: DemoWorld;
  readonly observer: ClusterObserver;
  readonly chronicle: Chronicle;
  /** What people may do to it. */
  readonly actions: PageActions;
  /** True when every pod that a workload asks for runs, or has ended where it was to end. */
  allRun(): boolean;
  stop(): Promise<void>;
}

/** Events that say what the narrator does not see for itself. */
const TOLD_EVENTS: ReadonlySet<string> = new Set([
  'SpotInterrupted',
  'InsufficientCapacityError',
  'NodeClassNotReady',
  'FailedDraining',
]);

/** Starts a demo; resolves when its cluster has its objects and the controller is at work. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { engine, manifests, clusterName, region, seed, log, onHappening } = options;
  const clock = systemClock();
  const end = new AbortController();
  const nodeClasses = manifests.objects.flatMap(({ kind, object }) => (kind === KINDS.ec2NodeClasses ? [object] : []));
  const facts = await readCloudFacts(engine, { region, clusterName }, nodeClasses);
  const world = startWorld(facts, seed);
  let observer: ClusterObserver | undefined;
  let chronicle: Chronicle | undefined;
  const controller = startController({
    cluster: world.cluster,
    cloud: world.cloud,
    clock,
    engine,
    settings: {
      clusterName,
      batchIdleMs: 1_000,
      batchMaxMs: 10_000,
      preferencePolicy: 'Respect',
      minValuesPolicy: 'Strict',
    },
    events: { record: (about, note) => tellEvent(about, note, chronicle) },
    log,
    random: openChance(seed).fraction,
    leaseEpoch: 1n,
    onPlanning: (asked) => observer?.notePlanning(asked),
    onPlanned: (note: PlanNote) => observer?.notePlan(note),
  });
  observer = new ClusterObserver(
    {
      cluster: clusterName,
      stores: controller.stores,
      clock,
      engine,
      catalogue: catalogueOf(world.cloud),
      hearsPlans: true,
      bound: { stores: controller.stores, settings: {} },
    },
    end.signal,
  );
  chronicle = new Chronicle(observer, clock, end.signal);
  chronicle.subscribe(onHappening);
  await world.apply(manifests);
  return {
    world,
    observer,
    chronicle,
    actions: new DemoActions({
      world,
      observer,
      zones: facts.network.subnets.map(({ zone }) => zone),
      tell: (text) => chronicle.add(text, 'news'),
    }),
    allRun: () => allRun(world.cluster, (observer as ClusterObserver).overview()),
    stop: async () => {
      end.abort(new Error('the demo is over'));
      const stopped = controller.stop();
      world.close();
      await stopped;
    },
  };
}

function tellEvent(about: ApiObject, { reason, message }: EventNote, chronicle: Chronicle | undefined): void {
  // The same is recorded on the node of a claim.
  if (about.kind === 'Node' || !TOLD_EVENTS.has(reason)) return;
  chronicle?.add(`${reason} ${about.metadata.name}: ${message}`, 'bad');
}
