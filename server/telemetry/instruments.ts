// The metrics that count events: their names, their buckets, and how an event becomes measurements. Karpenter's names are
// used where the service does what Karpenter's scheduler does, so that dashboards keep working; everything else is ours.
import type { Meter } from '@opentelemetry/api';
import type { EndedCall } from '../call-context/index.ts';
import type { TelemetryEvent } from './recorder.ts';

/** The value of Karpenter's `controller` label for planning new capacity. */
export const PROVISIONER = 'provisioner';

/** Upper bounds in seconds: a one-pod solve takes half a millisecond, the largest takes minutes. */
const DURATION_BOUNDS = [
  0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
];

/** Makes the instruments and answers the function that records events with them. */
export function createInstruments(meter: Meter): (event: TelemetryEvent) => void {
  const duration = (name: string, description: string) =>
    meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries: DURATION_BOUNDS } });
  const scheduling = duration(
    'karpenter_scheduler_scheduling_duration_seconds',
    'Time in the engine of one plan for pending pods.',
  );
  const calls = duration(
    'dovetail_call_duration_seconds',
    'Time of a call in the server, by method, protocol and code.',
  );
  const phases = duration(
    'dovetail_call_phase_duration_seconds',
    'Time of the parts of a call: read, check, group, queue, hop (to the worker and back), solve, write.',
  );
  const workerSteps = duration(
    'dovetail_worker_step_duration_seconds',
    'Time of the steps in a worker: open (the index of a catalogue), prices (copying them), engine.',
  );
  const pods = meter.createCounter('dovetail_planned_pods_total', {
    description: 'Pods that were planned for, by what became of them: new_node, existing_node, unplaced.',
  });
  const nodes = meter.createCounter('dovetail_planned_nodes_total', { description: 'New nodes in plans.' });
  const work = meter.createCounter('dovetail_work_units_total', { description: 'Units of work that plans took.' });
  const cut = meter.createCounter('dovetail_cut_plans_total', {
    description: 'Plans that a limit of time or work cut short.',
  });
  const sessionMessages = duration(
    'dovetail_session_message_duration_seconds',
    'Time of the messages of sessions, by kind and outcome.',
  );
  const sessionEnds = meter.createCounter('dovetail_session_ends_total', {
    description: 'Sessions that have ended: closed by the client, replaced by another stream, failed.',
  });

  const recordCall = (call: EndedCall): void => {
    const { method, protocol, code } = call;
    calls.record((call.endMs - call.startMs) / 1000, { method, protocol, code });
    for (const phase of call.phases) {
      phases.record(Math.max(0, phase.endMs - phase.startMs) / 1000, { method, phase: phase.name });
    }
    if (call.hopUs !== undefined) phases.record(call.hopUs / 1e6, { method, phase: 'hop' });
    if (call.worker !== undefined) {
      workerSteps.record(call.worker.openUs / 1e6, { step: 'open' });
      workerSteps.record(call.worker.pricesUs / 1e6, { step: 'prices' });
      workerSteps.record(call.worker.engineUs / 1e6, { step: 'engine' });
    }
    const { plan } = call;
    if (plan === undefined) return;
    if (call.worker !== undefined) {
      scheduling.record(call.worker.engineUs / 1e6, { controller: PROVISIONER });
    }
    pods.add(plan.podCount - plan.unplacedCount - plan.placedOnExistingCount, { outcome: 'new_node' });
    pods.add(plan.placedOnExistingCount, { outcome: 'existing_node' });
    pods.add(plan.unplacedCount, { outcome: 'unplaced' });
    nodes.add(plan.newNodeCount);
    work.add(plan.workUnits);
    if (plan.cut) cut.add(1);
  };

  return (event) => {
    switch (event.kind) {
      case 'call':
        recordCall(event.call);
        return;
      case 'session-message': {
        const { kind, outcome, durationMs } = event.message;
        sessionMessages.record(durationMs / 1000, { kind, outcome });
        return;
      }
      case 'session-end':
        sessionEnds.add(1, { reason: event.reason });
    }
  };
}
