// Reconciliations as controller-runtime counts them, so that dashboards of it work.
import type { MetricsRecorder } from './recorded.ts';

/** One that is over. */
interface EndedReconciliation {
  readonly controller: string;
  readonly result: 'success' | 'requeue' | 'requeue_after' | 'error';
  readonly durationMs: number;
}

/** Counts it. */
export function countReconciliation(
  metrics: MetricsRecorder,
  { controller, result, durationMs }: EndedReconciliation,
): void {
  metrics.count('controller_runtime_reconcile_total', { controller, result });
  metrics.count('controller_runtime_reconcile_errors_total', { controller }, result === 'error' ? 1 : 0);
  metrics.observe('controller_runtime_reconcile_time_seconds', { controller }, durationMs / 1_000);
}
