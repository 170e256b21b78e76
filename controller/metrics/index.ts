// The door of controller/metrics: every metric of the controller, declared in one table; what is recorded, what is read from
// the state of the cluster, and the text that Prometheus reads. It serves nothing by itself.
export { clusterGauges } from './cluster-gauges.ts';
export { ControllerMetrics, type GaugeSource } from './controller-metrics.ts';
export { countDisruption } from './disruptions.ts';
export { gauge, single } from './gauges.ts';
export { LACKING, LACKING_FAMILIES } from './lacking.ts';
export { callingAs, meteredCloud } from './metered-cloud.ts';
export { type MeasuredOffering, offeringGauges } from './offering-gauges.ts';
export { type PlannedPods, PodTimes } from './pod-times.ts';
export { poolGauges } from './pool-gauges.ts';
export { countReconciliation } from './reconciliations.ts';
export type { MetricsRecorder } from './recorded.ts';
export {
  declarationOf,
  type LabelsOf,
  METRICS,
  type MetricDeclaration,
  type MetricName,
  type NameOf,
} from './table.ts';
