// Gauges of NodePools: what their nodes have and may have.
import type { Quantities } from '../objects/index.ts';
import { nameOf } from '../objects/index.ts';
import type { StoreReaders } from '../state/index.ts';
import { writtenAmounts } from './amounts.ts';
import type { GaugeSource } from './controller-metrics.ts';
import { gauge, resourceLabel } from './gauges.ts';

type PoolPoint = readonly [labels: { readonly resource_type: string; readonly nodepool: string }, value: number];

/** The gauges of NodePools. */
export function poolGauges({ nodePools }: Pick<StoreReaders, 'nodePools'>): GaugeSource {
  return () => {
    const pools = [...nodePools.values()].map((pool) => ({
      nodepool: nameOf(pool),
      usage: (pool.status as { readonly resources?: Quantities } | undefined)?.resources,
      limit: (pool.spec as { readonly limits?: Quantities } | undefined)?.limits,
    }));
    return [
      gauge('karpenter_nodepools_usage', pointsOf(pools, 'usage')),
      gauge('karpenter_nodepools_limit', pointsOf(pools, 'limit')),
    ];
  };
}

function* pointsOf<Field extends string>(
  pools: readonly (Readonly<Record<Field, Quantities | undefined>> & { readonly nodepool: string })[],
  field: Field,
): Generator<PoolPoint> {
  for (const pool of pools) {
    for (const [resource, value] of writtenAmounts(pool[field])) {
      yield [{ resource_type: resourceLabel(resource), nodepool: pool.nodepool }, value];
    }
  }
}
