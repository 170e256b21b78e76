// The page of a controller: what it sees and plans, to look at and not to act on. It changes nothing, and the controller is
// the same without it.
import type { ControllerLog, PlanNote } from '../controller/context/index.ts';
import { catalogueOf } from '../controller/engine-client/index.ts';
import { Chronicle, ClusterObserver } from '../controller/overview/index.ts';
import { startPage } from '../controller/page/index.ts';
import type { Clock, Cloud } from '../controller/ports/index.ts';
import type { NodeClassSettings, RawStores } from '../controller/state/index.ts';
import type { EngineConnection } from './engine-client.ts';
import { CommandError, EXIT } from './outcome.ts';
import { portMessage } from './service.ts';

/** What a page shows. */
export interface ControllerPageParts {
  readonly clusterName: string;
  readonly caches: RawStores;
  readonly cloud: Cloud;
  readonly clock: Clock;
  readonly engine: Pick<EngineConnection, 'scheduler' | 'offerings'>;
  readonly settings: NodeClassSettings;
  readonly log: ControllerLog;
  /** 0 takes any free one. */
  readonly port: number;
}

/** A page that answers. */
export interface ControllerPage {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /** Hears that the controller asks for a plan. */
  notePlanning(asked: Promise<unknown>): void;
  /** Takes in a plan that the controller is about to carry out. */
  notePlan(note: PlanNote): void;
  close(): Promise<void>;
}

/** Opens the page. A port that can't be had is a CommandError that names the flag. */
export async function openControllerPage(parts: ControllerPageParts): Promise<ControllerPage> {
  const { clusterName, caches, cloud, clock, engine, settings, log, port } = parts;
  const end = new AbortController();
  const observer = new ClusterObserver(
    {
      cluster: clusterName,
      stores: caches,
      clock,
      engine,
      catalogue: catalogueOf(cloud),
      hearsPlans: true,
      bound: { stores: caches, settings },
    },
    end.signal,
  );
  const chronicle = new Chronicle(observer, clock, end.signal);
  const show = () => ({ overview: observer.overview(), happenings: chronicle.happenings });
  try {
    const page = await startPage({ port, show });
    log.info({ page: page.url }, 'showing the cluster on a page');
    return {
      url: page.url,
      notePlanning: (asked) => observer.notePlanning(asked),
      notePlan: (note) => observer.notePlan(note),
      close: async () => {
        end.abort(new Error('the page is closed'));
        await page.close();
      },
    };
  } catch (error) {
    end.abort(error);
    const { code, message } = error as NodeJS.ErrnoException;
    const what = `start page: cannot listen on 127.0.0.1:${port}`;
    const isTaken = code === 'EADDRINUSE' || code === 'EACCES';
    throw new CommandError(EXIT.badInput, [isTaken ? portMessage(what, code, '--page-port') : `${what}: ${message}`], {
      cause: error,
    });
  }
}
