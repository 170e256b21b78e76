// docs/metrics.md, written from the table and the list of what is lacking.
import { LACKING, LACKING_FAMILIES } from './lacking.ts';
import { NODE_LABELS } from './node-labels.ts';
import { METRICS, type MetricDeclaration } from './table.ts';

const INTRODUCTION = `# The controller's metrics

Written from \`controller/metrics/table.ts\` (\`UPDATE_GOLDEN=1 npm test -- controller/metrics/document\`).

\`dovetail controller\` answers \`GET /metrics\` on port 8080 (\`--metrics-port\`) in Prometheus' text format, version 0.0.4. Where
the planning service is in the same process its metrics stand in the same text ([observability.md](observability.md)); with
\`--engine-address\` they are where the service is. Nothing of the library is among the labels.

- Names, types, labels and the buckets of histograms are those of Karpenter 1.14.1; \`npm run e2e:names\` holds them against its
  sources, \`npm run e2e\` reads them from a controller that works. Dashboards and alerts for
  Karpenter find here what is in this list, and do not find what is in [the other](#what-karpenter-has-and-this-has-not).
- Counters, histograms and summaries count from the start of the process. A metric with labels is told once something has
  happened, one without from the start. A metric keeps up to 10,000 label sets.
- Gauges are made from the state of the cluster at the moment of asking, by the replica that leads, and only by that one: what
  is gone is told no more.
- Quantiles of summaries are of the last ten minutes, within 1 %; the smallest and the largest are exact.
- OTLP carries none of this: it is read here only.
`;

/** Label lists that would be too long to be read. */
const OF_NODE = Object.keys(NODE_LABELS).join();

function labelsOf({ labels }: MetricDeclaration): string {
  const text = labels.join();
  if (!text.startsWith(OF_NODE)) return labels.length === 0 ? '–' : labels.map((label) => `\`${label}\``).join(' ');
  const more = labels.slice(Object.keys(NODE_LABELS).length).map((label) => `\`${label}\``);
  return [...more, '[labels of nodes](#labels-of-nodes)'].join(' ');
}

/** The whole text. */
export function metricsDocument(): string {
  const metrics = Object.entries(METRICS as Readonly<Record<string, MetricDeclaration>>);
  const rows = metrics.map(
    ([name, metric]) => `| \`${name}\` | ${metric.type} | ${metric.unit} | ${labelsOf(metric)} | ${metric.help} |`,
  );
  const nodeRows = Object.entries(NODE_LABELS).map(([label, key]) => `| \`${label}\` | \`${key}\` |`);
  const lacking = [
    ...[...LACKING].map(([name, reason]) => `| \`${name}\` | ${reason} |`),
    ...[...LACKING_FAMILIES].map(([prefix, reason]) => `| \`${prefix}…\` | ${reason} |`),
  ];
  return [
    INTRODUCTION,
    '## The metrics\n',
    'A resource is counted in its own unit: cores of CPU, bytes of memory, pods.\n',
    '| metric | type | unit | labels | what it tells |\n|---|---|---|---|---|',
    `${rows.join('\n')}\n`,
    '## Labels of nodes\n',
    'What a node does not have is empty, and so is `phase`, a field that kubelets have not filled in for years.\n',
    '| label | of the node |\n|---|---|',
    `${nodeRows.join('\n')}\n`,
    '## What Karpenter has and this has not\n',
    '| metric | why |\n|---|---|',
    `${lacking.join('\n')}\n`,
  ].join('\n');
}
