// How single gauges are written by their sources.
import { declarationOf, type LabelsOf, type NameOf } from './table.ts';
import { type Family, labelText, type Sample } from './text.ts';

/** A gauge with one sample for each pair of labels and value. */
export function gauge<Name extends NameOf<'gauge'>>(
  name: Name,
  points: Iterable<readonly [labels: LabelsOf<Name>, value: number]>,
): Family & { readonly name: Name } {
  return { name, samples: samplesOf(name, points) };
}

/** One without labels. */
export function single<Name extends NameOf<'gauge'>>(name: Name, value: number): Family & { readonly name: Name } {
  return { name, samples: [{ labels: '', value }] };
}

function* samplesOf<Name extends NameOf<'gauge'>>(
  name: Name,
  points: Iterable<readonly [labels: LabelsOf<Name>, value: number]>,
): Generator<Sample> {
  const { labels: names } = declarationOf(name);
  for (const [labels, value] of points) {
    const known: Readonly<Record<string, string>> = labels;
    const values = names.map((label) => known[label] ?? '');
    yield { labels: labelText(names, values), value };
  }
}

/** A resource as a label: lower case, `_` for `-`. */
export function resourceLabel(resource: string): string {
  return resource.toLowerCase().replaceAll('-', '_');
}
