// Ended calls as spans: one for the call, one for each of its parts, the engine's steps below the solve. They are made
// when the call is over, with the times that were written down, so that nothing has to be carried along while it runs.
import {
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { EndedCall } from '../call-context/index.ts';

/** Makes the function that writes a call's spans. */
export function createSpanWriter(
  tracer: Tracer,
  propagator: Pick<TextMapPropagator, 'extract'>,
): (call: EndedCall) => void {
  return (call) => {
    const at = (ms: number): number => performance.timeOrigin + ms;
    const { method, protocol, code, plan, worker } = call;
    const slash = method.indexOf('/');
    const root = tracer.startSpan(
      method,
      {
        kind: SpanKind.SERVER,
        startTime: at(call.startMs),
        attributes: {
          'rpc.system': protocol,
          'rpc.service': method.slice(0, slash),
          'rpc.method': method.slice(slash + 1),
          'dovetail.code': code,
        },
      },
      parentOf(call, propagator),
    );
    // A caller that samples less wants none of the rest.
    if (root.isRecording()) {
      if (code !== 'ok') root.setStatus({ code: SpanStatusCode.ERROR, message: code });
      if (plan !== undefined) {
        root.setAttributes({
          'dovetail.pods': plan.podCount,
          'dovetail.shapes': plan.shapeCount,
          'dovetail.unplaced_pods': plan.unplacedCount,
          'dovetail.new_nodes': plan.newNodeCount,
          'dovetail.work_units': plan.workUnits,
          'dovetail.cut': plan.cut,
        });
      }
      if (call.hopUs !== undefined) root.setAttribute('dovetail.hop_us', call.hopUs);
      for (const phase of call.phases) {
        const span = child(tracer, root, phase.name, at(phase.startMs));
        if (phase.name === 'solve' && worker !== undefined) {
          let stepMs = phase.startMs;
          for (const [step, us] of [
            ['open', worker.openUs],
            ['prices', worker.pricesUs],
            ['engine', worker.engineUs],
          ] as const) {
            const endMs = stepMs + us / 1000;
            child(tracer, span, step, at(stepMs)).end(at(endMs));
            stepMs = endMs;
          }
        }
        span.end(at(Math.max(phase.startMs, phase.endMs)));
      }
    }
    root.end(at(call.endMs));
  };
}

function child(tracer: Tracer, parent: Span, name: string, startTime: number): Span {
  return tracer.startSpan(name, { startTime }, trace.setSpan(ROOT_CONTEXT, parent));
}

function parentOf({ traceParent, traceState }: EndedCall, propagator: Pick<TextMapPropagator, 'extract'>) {
  if (traceParent === undefined) return ROOT_CONTEXT;
  const headers: Record<string, string | undefined> = { traceparent: traceParent, tracestate: traceState };
  return propagator.extract(ROOT_CONTEXT, headers, {
    get: (carrier: typeof headers, key) => carrier[key],
    keys: (carrier: typeof headers) => Object.keys(carrier),
  });
}
