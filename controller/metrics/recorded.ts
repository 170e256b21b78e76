// Metrics that are recorded as things happen: counters, histograms and summaries, kept by label set for as long as the process
// lives, up to a bound.
import { LIMITS } from './limits.ts';
import { QuantileWindow } from './quantile-window.ts';
import { declarationOf, type LabelsOf, METRICS, type MetricName, type NameOf } from './table.ts';
import { type Family, labelText, type Sample, valueText } from './text.ts';

/** Karpenter's quantiles. */
const QUANTILES = [0, 0.5, 0.9, 0.99, 1] as const;

/** Where the controller says what has happened. It never fails and nobody waits for it. */
export interface MetricsRecorder {
  /** Adds to a counter. */
  count<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  /** Notes one value of a histogram or summary, in its unit. Below 0 counts as 0: clocks of others run ahead. */
  observe<Name extends NameOf<'histogram' | 'summary'>>(name: Name, labels: LabelsOf<Name>, value: number): void;
}

/** One label set of a metric. */
interface Series {
  count: number;
  sum: number;
  /** Of a histogram: values up to each bound and above the one before. */
  readonly buckets?: number[];
  readonly window?: QuantileWindow;
}

/** The recorder that can be read. */
export class RecordedMetrics implements MetricsRecorder {
  readonly #nowMs: () => number;
  readonly #series = new Map<MetricName, Map<string, Series>>();
  #lostCount = 0;

  /** @param nowMs monotonic time, for summaries */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    // What has no labels is told from the start, so that its first event shows as a rise.
    for (const [name, { type, labels }] of Object.entries(METRICS)) {
      if (type !== 'gauge' && labels.length === 0) this.#seriesOf(name as MetricName, {});
    }
  }

  /** Label sets that found no room. */
  get lostCount(): number {
    return this.#lostCount;
  }

  count<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    const series = this.#seriesOf(name, labels);
    if (series !== undefined) series.sum += by;
  }

  observe<Name extends NameOf<'histogram' | 'summary'>>(name: Name, labels: LabelsOf<Name>, value: number): void {
    const series = this.#seriesOf(name, labels);
    if (series === undefined) return;
    const least = Math.max(0, value);
    series.count += 1;
    series.sum += least;
    series.window?.observe(least, this.#nowMs());
    const bounds = declarationOf(name).buckets;
    if (series.buckets === undefined || bounds === undefined) return;
    const index = bounds.findIndex((bound) => least <= bound);
    if (index >= 0) series.buckets[index] = (series.buckets[index] ?? 0) + 1;
  }

  /** One metric as it stands. */
  family(name: MetricName): Family {
    return { name, samples: this.#samples(name) };
  }

  #seriesOf(name: MetricName, labels: Readonly<Record<string, string>>): Series | undefined {
    const declaration = declarationOf(name);
    const key = labelText(
      declaration.labels,
      declaration.labels.map((label) => labels[label] ?? ''),
    );
    let all = this.#series.get(name);
    if (all === undefined) {
      all = new Map();
      this.#series.set(name, all);
    }
    const known = all.get(key);
    if (known !== undefined) return known;
    if (all.size >= LIMITS.seriesCount) {
      this.#lostCount += 1;
      return undefined;
    }
    const { type, buckets } = declaration;
    const made: Series = {
      count: 0,
      sum: 0,
      ...(buckets === undefined ? {} : { buckets: buckets.map(() => 0) }),
      ...(type === 'summary' ? { window: new QuantileWindow() } : {}),
    };
    all.set(key, made);
    return made;
  }

  *#samples(name: MetricName): Generator<Sample> {
    const { buckets: bounds = [] } = declarationOf(name);
    for (const [labels, { count, sum, buckets, window }] of this.#series.get(name) ?? []) {
      const withLabel = (more: string): string => (labels === '' ? more : `${labels},${more}`);
      if (buckets === undefined && window === undefined) {
        yield { labels, value: sum };
        continue;
      }
      if (window !== undefined) {
        const values = window.quantiles(QUANTILES, this.#nowMs());
        for (const [index, quantile] of QUANTILES.entries()) {
          yield { labels: withLabel(`quantile="${quantile}"`), value: values[index] ?? Number.NaN };
        }
      } else {
        let below = 0;
        for (const [index, bound] of bounds.entries()) {
          below += buckets?.[index] ?? 0;
          yield { suffix: '_bucket', labels: withLabel(`le="${valueText(bound)}"`), value: below };
        }
        yield { suffix: '_bucket', labels: withLabel('le="+Inf"'), value: count };
      }
      yield { suffix: '_sum', labels, value: sum };
      yield { suffix: '_count', labels, value: count };
    }
  }
}
