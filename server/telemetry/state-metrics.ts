// The metrics that say how the service stands: gauges, made anew whenever somebody reads. They come as a producer of their
// own, because an observable gauge of the SDK goes on telling the last value of a label that is gone (a session that ended,
// a catalogue that was dropped), and the number of such labels would grow for ever.
import { performance } from 'node:perf_hooks';
import { type Attributes, ValueType } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  type GaugeMetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { PROVISIONER } from './instruments.ts';
import type { CatalogueState, ServiceState, SessionState } from './recorder.ts';

/** A value with its labels. */
type Point = readonly [value: number, labels?: Attributes];

interface Gauge {
  readonly name: string;
  readonly description: string;
  readonly points: readonly Point[];
}

/** What else is told beside the state of the service. */
export interface StateFacts {
  readonly version: string;
  /** Pods of the last plan that found no place. */
  readonly unschedulableCount: () => number;
  /** Events that were lost before the SDK was there. */
  readonly droppedEventCount: () => number;
}

/** A producer of all gauges. */
export function createStateProducer(read: () => Partial<ServiceState>, facts: StateFacts): MetricProducer {
  let utilization = performance.eventLoopUtilization();
  return {
    collect: async (): Promise<CollectionResult> => {
      const endTime = toHrTime(performance.timeOrigin + performance.now());
      const now = performance.eventLoopUtilization();
      const busyRatio = performance.eventLoopUtilization(now, utilization).utilization;
      utilization = now;
      const gauges = [
        ...stateGauges(read()),
        ...processGauges(busyRatio),
        gauge('karpenter_scheduler_unschedulable_pods_count', 'Pods of the last plan that found no place.', [
          [facts.unschedulableCount(), { controller: PROVISIONER }],
        ]),
        gauge('dovetail_build_info', 'Always 1; the labels say what runs.', [
          [1, { version: facts.version, node_version: process.versions.node }],
        ]),
        gauge('dovetail_telemetry_lost_events', 'Events before telemetry had started that found no room.', [
          [facts.droppedEventCount()],
        ]),
      ];
      // A type without a sample says nothing.
      const told = gauges.filter(({ points }) => points.length > 0);
      const metrics = told.map(
        ({ name, description, points }): GaugeMetricData => ({
          descriptor: { name, description, unit: '', valueType: ValueType.DOUBLE },
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          dataPointType: DataPointType.GAUGE,
          dataPoints: points.map(([value, attributes = {}]) => ({ startTime: endTime, endTime, attributes, value })),
        }),
      );
      return {
        resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: { name: 'dovetail' }, metrics }] },
        errors: [],
      };
    },
  };
}

function gauge(name: string, description: string, points: readonly Point[]): Gauge {
  return { name, description, points };
}

function stateGauges({ workers, catalogues, broughtCatalogues, sessions }: Partial<ServiceState>): Gauge[] {
  const gauges: Gauge[] = [];
  if (workers !== undefined) {
    const provisioner = { controller: PROVISIONER };
    gauges.push(
      gauge('karpenter_scheduler_queue_depth', 'Pods of the calls that wait for a worker or have one.', [
        [workers.podCount, provisioner],
      ]),
      gauge('karpenter_scheduler_unfinished_work_seconds', 'Time that calls in workers have taken so far, together.', [
        [workers.unfinishedMs / 1000, provisioner],
      ]),
      gauge('dovetail_queue_calls', 'Calls that wait for a worker.', [[workers.waitingCount]]),
      gauge('dovetail_workers', 'Worker threads.', [[workers.threadCount]]),
      gauge('dovetail_busy_workers', 'Worker threads that have a call.', [[workers.runningCount]]),
    );
  }
  if (catalogues !== undefined) {
    const of = (name: string, description: string, value: (state: CatalogueState) => number): Gauge =>
      gauge(
        name,
        description,
        catalogues.map((state) => [value(state), { catalogue: state.name }]),
      );
    gauges.push(
      of('dovetail_catalogue_epoch', 'Changes of a catalogue, from 1.', ({ epoch }) => epoch),
      of(
        'dovetail_catalogue_epoch_age_seconds',
        'Time since a catalogue changed last.',
        ({ epochAgeMs }) => epochAgeMs / 1000,
      ),
      of('dovetail_catalogue_instance_types', 'Instance types of a catalogue.', ({ typeCount }) => typeCount),
      of('dovetail_catalogue_offerings', 'Offerings of a catalogue.', ({ offeringCount }) => offeringCount),
      of(
        'dovetail_catalogue_available_offerings',
        'Offerings that plans may use now.',
        ({ availableCount }) => availableCount,
      ),
      of('dovetail_catalogue_shortages', 'Offerings reported as run out.', ({ shortageCount }) => shortageCount),
    );
  }
  if (broughtCatalogues !== undefined) {
    gauges.push(
      gauge('dovetail_brought_catalogues', 'Catalogues that callers brought.', [[broughtCatalogues.count]]),
      gauge('dovetail_brought_catalogue_bytes', 'What they take.', [[broughtCatalogues.byteLength]]),
    );
  }
  if (sessions !== undefined) {
    const of = (name: string, description: string, value: (state: SessionState) => number): Gauge =>
      gauge(
        name,
        description,
        sessions.map((state) => [value(state), { cluster: state.cluster }]),
      );
    gauges.push(
      gauge('dovetail_sessions', 'Open sessions.', [[sessions.length]]),
      of('dovetail_session_version', "The client's version of a session's state.", ({ version }) => version),
      of('dovetail_session_pods', "Pods in a session's state.", ({ podCount }) => podCount),
      of(
        'dovetail_session_pending_pods',
        'Those of them that wait for a node.',
        ({ pendingPodCount }) => pendingPodCount,
      ),
      of('dovetail_session_nodes', "Nodes in a session's state.", ({ nodeCount }) => nodeCount),
      of('dovetail_session_bytes', "What a session's state takes.", ({ byteLength }) => byteLength),
    );
  }
  return gauges;
}

function processGauges(busyRatio: number): Gauge[] {
  const memory = process.memoryUsage();
  return [
    gauge('process_resident_memory_bytes', 'Resident memory of the process, workers included.', [[memory.rss]]),
    gauge('nodejs_heap_size_used_bytes', 'Heap in use on the main thread.', [[memory.heapUsed]]),
    gauge('nodejs_eventloop_utilization', 'Part of the time since the last reading that the main thread was busy.', [
      [busyRatio],
    ]),
  ];
}

function toHrTime(epochMs: number): [number, number] {
  const seconds = Math.floor(epochMs / 1000);
  return [seconds, Math.round((epochMs - seconds * 1000) * 1e6)];
}
