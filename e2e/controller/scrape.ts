// What a scrape of a controller has to be: every metric as it is declared, and nothing else but the planning service's.
import assert from 'node:assert/strict';
import { declarationOf, METRICS, type MetricName } from '../../controller/metrics/index.ts';
import type { ScrapedMetric } from '../../controller/metrics/testing/index.ts';

/** Metrics of the planning service: those under Karpenter's names with their types and labels, and its own. */
const OF_SERVICE: ReadonlyMap<string, { readonly type: string; readonly labels: readonly string[] }> = new Map([
  ['karpenter_scheduler_scheduling_duration_seconds', { type: 'histogram', labels: ['controller'] }],
  ['karpenter_scheduler_queue_depth', { type: 'gauge', labels: ['controller'] }],
  ['karpenter_scheduler_unfinished_work_seconds', { type: 'gauge', labels: ['controller'] }],
  ['karpenter_scheduler_unschedulable_pods_count', { type: 'gauge', labels: ['controller'] }],
]);
const OWN = /^(dovetail|process|nodejs)_/;

/** Fails unless all metrics have the types, labels and helps that are declared. */
export function assertDeclared(scraped: ReadonlyMap<string, ScrapedMetric>): void {
  for (const [name, { type, help, labelNames, samples }] of scraped) {
    for (const { labels } of samples) {
      assert.ok(!Object.keys(labels).some((label) => label.startsWith('otel_')), `${name} has labels of the library`);
    }
    if (name in METRICS) {
      const declared = declarationOf(name as MetricName);
      assert.deepEqual([type, help], [declared.type, declared.help], name);
      assert.deepEqual(labelNames, [...declared.labels].sort(), name);
      continue;
    }
    const service = OF_SERVICE.get(name);
    if (service === undefined) assert.match(name, OWN);
    else assert.deepEqual([type, labelNames], [service.type, service.labels], name);
  }
}

/** Names of declared metrics that were not told. */
export function untold(scraped: ReadonlyMap<string, ScrapedMetric>): string[] {
  return [...Object.keys(METRICS), ...OF_SERVICE.keys()].filter((name) => !scraped.has(name));
}
