// Starts a service in a process of its own, so that the load generator does not share its thread, and speaks with it.
import { type ChildProcess, fork } from 'node:child_process';
import type { PhaseSample, ServiceMemory, ServiceOptions, ServiceOrder, ServiceReport } from './service-messages.ts';

/** A service that runs. */
export interface ServiceProcess {
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly floorAddress: string;
  readonly metricsAddress?: string;
  /** What the server says of the calls since the last time. */
  takePhases(): Promise<readonly PhaseSample[]>;
  /** Forces a collection in every thread and reads what is left. */
  measureMemory(): Promise<ServiceMemory>;
  close(): Promise<void>;
}

/** Starts it; resolves when it is ready. */
export async function startServiceProcess(options: ServiceOptions): Promise<ServiceProcess> {
  const execArgv = options.measuredWorkers === true ? [...process.execArgv, '--expose-gc'] : process.execArgv;
  const child = fork(new URL('./service-child.ts', import.meta.url), { execArgv });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    const started = await ask(child, { kind: 'start', options }, 'started');
    return {
      grpcAddress: started.grpcAddress,
      httpAddress: started.httpAddress,
      floorAddress: started.floorAddress,
      ...(started.metricsAddress === undefined ? {} : { metricsAddress: started.metricsAddress }),
      takePhases: async () => (await ask(child, { kind: 'take-phases' }, 'phases')).phases,
      measureMemory: async () => (await ask(child, { kind: 'measure-memory' }, 'memory')).memory,
      close: async () => {
        if (child.connected) child.send({ kind: 'close' } satisfies ServiceOrder);
        await ended;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

type ReportOf<K extends ServiceReport['kind']> = Extract<ServiceReport, { readonly kind: K }>;

function ask<K extends ServiceReport['kind']>(child: ChildProcess, order: ServiceOrder, kind: K): Promise<ReportOf<K>> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => {
      const answer = message as ServiceReport;
      if (answer.kind === kind) settle(() => resolve(answer as ReportOf<K>));
      else if (answer.kind === 'failed') settle(() => reject(new Error(answer.error)));
    };
    const onExit = (code: number | null, signal: string | null): void =>
      settle(() => reject(new Error(`the service ended (code=${code}, signal=${signal})`)));
    const settle = (then: () => void): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      then();
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(order);
  });
}
