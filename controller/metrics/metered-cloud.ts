// A cloud whose calls are timed and counted under the names of Karpenter's cloud provider. What it does is the cloud's.
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Cloud, CloudError, type LaunchRequest, type LaunchResult } from '../ports/index.ts';
import type { MetricsRecorder } from './recorded.ts';
import type { LabelsOf } from './table.ts';

type Call = LabelsOf<'karpenter_cloudprovider_duration_seconds'>;

/** Who calls, by Karpenter's names of controllers. Calls pass through many hands that need not know. */
const caller = new AsyncLocalStorage<string>();

/** Runs something whose calls to the cloud count as those of a controller. */
export function callingAs<Result>(controller: string, run: () => Result): Result {
  return caller.run(controller, run);
}

/** What launches that came to nothing are called. */
const OUTCOMES: Readonly<Record<Exclude<LaunchResult['kind'], 'launched'>, string>> = {
  'insufficient-capacity': 'InsufficientCapacityError',
  'node-class-not-ready': 'NodeClassNotReadyError',
};

/** The cloud, measured. `nowMs` is monotonic. */
export function meteredCloud(cloud: Cloud, provider: string, metrics: MetricsRecorder, nowMs: () => number): Cloud {
  const measured = async <Result>(method: string, call: () => Promise<Result>): Promise<Result> => {
    const labels: Call = { controller: caller.getStore() ?? '', method, provider };
    const startMs = nowMs();
    try {
      const result = await call();
      const error = errorOf(result);
      if (error !== undefined) metrics.count('karpenter_cloudprovider_errors_total', { ...labels, error });
      return result;
    } catch (error) {
      if (error instanceof CloudError) metrics.count('karpenter_cloudprovider_errors_total', { ...labels, error: '' });
      throw error;
    } finally {
      metrics.observe('karpenter_cloudprovider_duration_seconds', labels, (nowMs() - startMs) / 1_000);
    }
  };
  return {
    catalogue: cloud.catalogue,
    launch: async (request, signal) => {
      const result = await measured('Create', () => cloud.launch(request, signal));
      countRefused(request, result, metrics);
      return result;
    },
    terminate: (ids, signal) => measured('Delete', () => cloud.terminate(ids, signal)),
    get: (id, signal) => measured('Get', () => cloud.get(id, signal)),
    list: (signal) => measured('List', () => cloud.list(signal)),
    onSale: (signal) => measured('GetInstanceTypes', () => cloud.onSale(signal)),
    // Karpenter's cloud provider has no such methods.
    ...(cloud.saleChanged === undefined ? {} : { saleChanged: cloud.saleChanged.bind(cloud) }),
    tag: (id, tags, signal) => cloud.tag(id, tags, signal),
    resolveNodeClass: (nodeClass, signal) => cloud.resolveNodeClass(nodeClass, signal),
    forgetNodeClass: (nodeClass, signal) => cloud.forgetNodeClass(nodeClass, signal),
    interruptions: (signal) => cloud.interruptions(signal),
  };
}

function errorOf(result: unknown): string | undefined {
  const { kind } = (result ?? {}) as Partial<LaunchResult>;
  return kind === 'insufficient-capacity' || kind === 'node-class-not-ready' ? OUTCOMES[kind] : undefined;
}

function countRefused({ nodeClass }: LaunchRequest, result: LaunchResult, metrics: MetricsRecorder): void {
  if (result.kind === 'node-class-not-ready') return;
  const { subnets = [] } = (nodeClass.status ?? {}) as { subnets?: readonly { zone?: string; zoneID?: string }[] };
  for (const { zone, capacityType } of result.exhausted) {
    metrics.count('karpenter_cloudprovider_instance_launch_failures_total', {
      zone,
      zone_id: subnets.find((subnet) => subnet.zone === zone)?.zoneID ?? '',
      capacity_type: capacityType,
      reason: 'InsufficientCapacity',
    });
  }
}
