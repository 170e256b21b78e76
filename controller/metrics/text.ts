// Prometheus' text format, version 0.0.4: how label sets, values and whole metrics are written. Pure.
import { declarationOf, type MetricName } from './table.ts';

/** One line of a metric: what stands after the metric's name, and the value. */
export interface Sample {
  /** `_bucket`, `_sum`, `_count`; empty for the metric itself. */
  readonly suffix?: string;
  /** As `labelText` writes it, without braces. */
  readonly labels: string;
  readonly value: number;
}

/** A metric with its samples; one without any is not told. */
export interface Family {
  readonly name: MetricName;
  readonly samples: Iterable<Sample>;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };
const NEEDS_ESCAPE = /[\\"\n]/;

/** `a="1",b="2"`: names and values in the same order. */
export function labelText(names: readonly string[], values: readonly string[]): string {
  let text = '';
  for (const [index, name] of names.entries()) {
    const value = values[index] ?? '';
    const written = NEEDS_ESCAPE.test(value) ? value.replace(/[\\"\n]/g, (found) => ESCAPES[found] ?? found) : value;
    text += `${index === 0 ? '' : ','}${name}="${written}"`;
  }
  return text;
}

/** A value as Prometheus reads it. */
export function valueText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

/** The lines of metrics, each metric once with its help and type before its samples. */
export function* linesOf(families: Iterable<Family>): Generator<string> {
  for (const { name, samples } of families) {
    let isFirst = true;
    for (const { suffix = '', labels, value } of samples) {
      if (isFirst) {
        const { help, type } = declarationOf(name);
        yield `# HELP ${name} ${help.replaceAll('\\', '\\\\')}\n# TYPE ${name} ${type}\n`;
        isFirst = false;
      }
      yield `${name}${suffix}${labels === '' ? '' : `{${labels}}`} ${valueText(value)}\n`;
    }
  }
}
