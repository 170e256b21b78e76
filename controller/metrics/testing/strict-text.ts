// Reads Prometheus' text format 0.0.4 and throws at whatever Prometheus would refuse or misread: a metric whose lines are not
// together, a second HELP or TYPE, a sample before its type, a series that stands twice, histograms that fall.
const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const COMMENT = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
const VALUE = /^([-+]?(\d+(\.\d+)?([eE][-+]?\d+)?)|NaN|[-+]Inf)$/;

/** What stands after the name of a histogram or summary. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/** One line. */
interface ScrapedSample {
  readonly suffix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric as it was read. */
export interface ScrapedMetric {
  readonly type: string;
  readonly help: string;
  readonly samples: ScrapedSample[];
  /** Names of its labels, those of the format (`le`, `quantile`) left out; sorted. */
  readonly labelNames: readonly string[];
}

type Building = ScrapedMetric & { readonly seen: Set<string>; labelNames: readonly string[] };

/** Reads all of a text. */
export function parseStrictly(text: string): ReadonlyMap<string, ScrapedMetric> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const metrics = new Map<string, Building>();
  const helps = new Map<string, string>();
  let current: { readonly name: string; readonly metric: Building } | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = COMMENT.exec(line);
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment;
      if (kind === 'HELP') {
        if (helps.has(name)) throw new Error(`a second HELP: ${line}`);
        helps.set(name, rest);
        continue;
      }
      if (metrics.has(name)) throw new Error(`a second TYPE: ${line}`);
      if (!/^(counter|gauge|histogram|summary)$/.test(rest)) throw new Error(`no type: ${line}`);
      const metric = { type: rest, help: helps.get(name) ?? '', samples: [], labelNames: [], seen: new Set<string>() };
      metrics.set(name, metric);
      current = { name, metric };
      continue;
    }
    if (current === undefined) throw new Error(`a sample before its type: ${line}`);
    takeSample(line, current.name, current.metric);
  }
  for (const [name, metric] of metrics) check(name, metric);
  return metrics;
}

function takeSample(line: string, name: string, metric: Building): void {
  const match = SAMPLE.exec(line);
  if (match === null) throw new Error(`no sample: ${line}`);
  const [, written = '', labelText = '', value = ''] = match;
  const suffix = written.startsWith(name) ? written.slice(name.length) : undefined;
  if (suffix === undefined || !(SUFFIXES[metric.type] ?? ['']).includes(suffix)) {
    throw new Error(`not a sample of ${metric.type} ${name}: ${line}`);
  }
  if (!VALUE.test(value)) throw new Error(`no value: ${line}`);
  const labels = readLabels(labelText, line);
  const key = `${suffix} ${JSON.stringify(Object.entries(labels).sort())}`;
  if (metric.seen.has(key)) throw new Error(`twice: ${line}`);
  metric.seen.add(key);
  const names = Object.keys(labels).filter((label) => label !== 'le' && label !== 'quantile');
  if (metric.samples.length === 0) metric.labelNames = names.sort();
  else if (names.sort().join() !== metric.labelNames.join()) throw new Error(`other labels than before: ${line}`);
  metric.samples.push({ suffix, labels, value: Number(value.replace('Inf', 'Infinity')) });
}

function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`no labels: ${line}`);
    const [, label = '', value = ''] = match;
    if (label in labels) throw new Error(`a label twice: ${line}`);
    labels[label] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

function check(name: string, { type, help, samples }: ScrapedMetric): void {
  if (help === '') throw new Error(`${name} has no HELP before its TYPE`);
  if (samples.length === 0) throw new Error(`${name} has no samples`);
  if (type === 'histogram') checkHistogram(name, samples);
}

/** The lines of one series may come in any order, its buckets in that of their bounds. */
function checkHistogram(name: string, samples: readonly ScrapedSample[]): void {
  const bySeries = Map.groupBy(samples, ({ labels: { le, ...labels } }) =>
    JSON.stringify(Object.entries(labels).sort()),
  );
  for (const [series, lines] of bySeries) {
    const buckets = lines.filter(({ suffix }) => suffix === '_bucket');
    const bounds = buckets.map(({ labels }) => Number(labels.le?.replace('Inf', 'Infinity')));
    const isRising = (values: readonly number[], least: number): boolean =>
      values.every((value, index) => index === 0 || value - (values[index - 1] ?? 0) >= least);
    const counts = buckets.map(({ value }) => value);
    if (!isRising(bounds, Number.MIN_VALUE) || !isRising(counts, 0)) throw new Error(`${name} falls: ${series}`);
    const count = lines.find(({ suffix }) => suffix === '_count')?.value;
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY || counts.at(-1) !== count) {
      throw new Error(`${name}: the last bucket is not all of ${count}: ${series}`);
    }
  }
}

/** The value of the series whose labels are these, others not asked for; undefined where there is none, an error where several. */
export function scrapedValue(
  metrics: ReadonlyMap<string, ScrapedMetric>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
  suffix = '',
): number | undefined {
  const found = (metrics.get(name)?.samples ?? []).filter(
    (sample) =>
      sample.suffix === suffix && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} series of ${name} have ${JSON.stringify(labels)}`);
  return found[0]?.value;
}
