// The metrics of one process that runs the controller: what was recorded, and gauges, which sources make of the present state
// whenever somebody reads. So a gauge of an object that is gone is gone, too, and costs nothing until it is read. The text is
// made piece by piece: with a thousand nodes it has tens of megabytes, and nobody needs to hold them.
import { LIMITS } from './limits.ts';
import { type MetricsRecorder, RecordedMetrics } from './recorded.ts';
import { type LabelsOf, METRICS, type MetricName, type NameOf } from './table.ts';
import { type Family, linesOf, type Sample } from './text.ts';

/** Gauges as they stand. Told once for each reading; samples are made while they are written. */
export type GaugeSource = () => readonly (Family & { readonly name: NameOf<'gauge'> })[];

/** The metrics. */
export class ControllerMetrics implements MetricsRecorder {
  readonly #recorded: RecordedMetrics;
  readonly #sources = new Set<GaugeSource>();

  /** @param nowMs monotonic time */
  constructor(nowMs: () => number) {
    this.#recorded = new RecordedMetrics(nowMs);
  }

  count<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number): void {
    this.#recorded.count(name, labels, by);
  }

  observe<Name extends NameOf<'histogram' | 'summary'>>(name: Name, labels: LabelsOf<Name>, value: number): void {
    this.#recorded.observe(name, labels, value);
  }

  /** Adds a source of gauges until the signal aborts. */
  observeState(source: GaugeSource, signal?: AbortSignal): void {
    if (signal?.aborted) return;
    this.#sources.add(source);
    signal?.addEventListener('abort', () => this.#sources.delete(source), { once: true });
  }

  /** Everything as text, in pieces, in the order of the table. */
  *text(): Generator<string> {
    const gauges = new Map<MetricName, Iterable<Sample>[]>();
    for (const source of this.#sources) {
      for (const { name, samples } of source()) gauges.set(name, [...(gauges.get(name) ?? []), samples]);
    }
    gauges.set('dovetail_metrics_lost_series', [[{ labels: '', value: this.#recorded.lostCount }]]);
    const families = Object.entries(METRICS).map(([name, { type }]): Family => {
      const known = name as MetricName;
      return type === 'gauge'
        ? { name: known, samples: joined(gauges.get(known) ?? []) }
        : this.#recorded.family(known);
    });
    let piece = '';
    for (const line of linesOf(families)) {
      piece += line;
      if (piece.length < LIMITS.chunkLength) continue;
      yield piece;
      piece = '';
    }
    if (piece !== '') yield piece;
  }
}

function* joined(parts: readonly Iterable<Sample>[]): Generator<Sample> {
  for (const part of parts) yield* part;
}
