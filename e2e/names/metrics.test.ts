// Metrics under Karpenter's names: whatever Karpenter 1.14.1 declares in its sources is declared here with the same type, labels
// and buckets, or stands in the list of what is lacking with the reason. Read from Karpenter's own sources.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { declarationOf, LACKING, METRICS, type MetricName } from '../../controller/metrics/index.ts';
import { karpenterModule } from '../karpenter/index.ts';

interface KarpenterMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  /** The Go expression; empty where there is none. */
  readonly buckets: string;
}

const CONSTRUCTOR = /NewPrometheus(Counter|Gauge|Histogram|Summary)\(/g;

/** What constants of Karpenter's packages that are not written beside their use stand for. */
const IMPORTED: Readonly<Record<string, string>> = {
  'metrics.Namespace': 'karpenter',
  'metrics.NodeSubsystem': 'nodes',
  'metrics.NodeClaimSubsystem': 'nodeclaims',
  'metrics.NodePoolSubsystem': 'nodepools',
  'metrics.PodSubsystem': 'pods',
  'metrics.NodePoolLabel': 'nodepool',
  'metrics.ReasonLabel': 'reason',
  'metrics.ResourceTypeLabel': 'resource_type',
  'metrics.CapacityTypeLabel': 'capacity_type',
  'metrics.ZoneLabel': 'zone',
};

/** The text from an opening bracket to the one that closes it. */
function balanced(text: string, from: number): string {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if ('([{'.includes(text[at] ?? '')) depth += 1;
    else if (')]}'.includes(text[at] ?? '')) depth -= 1;
    if (depth === 0) return text.slice(from, at + 1);
  }
  throw new Error('a bracket is not closed');
}

/** Strings that a Go file gives names to. */
function constantsOf(source: string): Map<string, string> {
  return new Map(
    [...source.matchAll(/^\s*(?:const )?(\w+)\s*=\s*"([^"]*)"/gm)].map(([, key = '', value = '']) => [key, value]),
  );
}

/** Labels that a file adds up in functions. */
function labelsOfNodes(): string[] {
  const core = readFileSync(join(karpenterModule('core'), 'pkg/apis/v1/labels.go'), 'utf8');
  const aws = readFileSync(join(karpenterModule('aws'), 'pkg/apis/v1/labels.go'), 'utf8');
  const listed = (source: string, start: string): string[] => {
    const at = source.indexOf(start);
    assert.ok(at >= 0, `Karpenter's list ${start} was not found`);
    return balanced(source, at + start.length - 1)
      .split('\n')
      .map((line) => /^\s*([\w.]+),$/.exec(line)?.[1])
      .filter((name) => name !== undefined);
  };
  const known = new Map([
    ...[...`${core}\n${aws}`.matchAll(/^\s*(\w+)\s*=\s*(?:apis\.Group \+ )?"([^"]*)"/gm)].map(
      ([, key = '', value = '']) => [key, value] as const,
    ),
    ['LabelTopologyZone', '/zone'],
    ['LabelTopologyRegion', '/region'],
    ['LabelInstanceTypeStable', '/instance-type'],
    ['LabelArchStable', '/arch'],
    ['LabelOSStable', '/os'],
    ['LabelWindowsBuild', '/windows-build'],
    ['NodePoolLabelKey', '/nodepool'],
    ['CapacityTypeLabelKey', '/capacity-type'],
  ]);
  const names = [...listed(core, 'WellKnownLabels = sets.New('), ...listed(aws, 'karpv1.WellKnownLabels.Insert(')];
  return [
    ...new Set(
      names.map((name) => {
        const label = known.get(name.split('.').at(-1) ?? '');
        if (!label?.includes('/')) throw new Error(`Karpenter's label ${name} is not understood`);
        return label
          .slice(label.indexOf('/') + 1)
          .toLowerCase()
          .replaceAll('-', '_');
      }),
    ),
  ];
}

function metricsOf(module: 'core' | 'aws'): KarpenterMetric[] {
  const root = karpenterModule(module);
  return globSync('pkg/**/*.go', { cwd: root })
    .filter((path) => !path.endsWith('_test.go'))
    .flatMap((path) => {
      const source = readFileSync(join(root, path), 'utf8');
      const folder = globSync('*.go', { cwd: join(root, path, '..') }).map((file) =>
        readFileSync(join(root, path, '..', file), 'utf8'),
      );
      const constants = constantsOf(folder.join('\n'));
      const textOf = (written: string): string => {
        const expression = written.trim();
        if (expression.startsWith('"')) return expression.slice(1, -1);
        const value = constants.get(expression) ?? IMPORTED[expression] ?? IMPORTED[`metrics.${expression}`];
        const direct = value ?? IMPORTED[expression.replace(/^\w+\./, 'metrics.')];
        assert.ok(direct !== undefined, `${path}: ${expression} is not understood`);
        return direct;
      };
      return [...source.matchAll(CONSTRUCTOR)].map((match): KarpenterMetric => {
        const call = balanced(source, match.index + match[0].length - 1);
        const field = (name: string): string => new RegExp(`\\b${name}:\\s*([^,\\n]+),`).exec(call)?.[1] ?? '""';
        const name = [field('Namespace'), field('Subsystem'), field('Name')]
          .map(textOf)
          .filter((part) => part !== '')
          .join('_');
        return {
          name,
          type: match[1]?.toLowerCase() ?? '',
          labels: labelsOf(call, source, textOf),
          buckets: /Buckets:\s*([^/\n]+?),?\s*(?:\/\/.*)?\n/.exec(call)?.[1]?.replace(/[,}\]\s]+$/, '') ?? '',
        };
      });
    });
}

function labelsOf(call: string, source: string, textOf: (expression: string) => string): string[] {
  if (/nodeLabelNamesWithResourceType\(\)/.test(call)) {
    return [...labelsOfNodes(), 'node_name', 'phase', 'managed', 'resource_type'];
  }
  if (/nodeLabelNames\(\)/.test(call)) return [...labelsOfNodes(), 'node_name', 'phase', 'managed'];
  const list = /\[\]string\{([^}]*)\}/s;
  const elsewhere = /\blabelNames\(\)/.test(call) ? source.slice(source.indexOf('func labelNames()')) : call;
  const [, listed = ''] = list.exec(elsewhere) ?? [];
  return listed
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map(textOf);
}

const theirs = [...metricsOf('core'), ...metricsOf('aws')];

test('every metric of Karpenter is declared here as there, or lacks for a reason', () => {
  assert.equal(theirs.length, 72, 'as many metrics as 1.14.1 declares were understood');
  for (const { name, type, labels } of theirs) {
    const isDeclared = name in METRICS;
    assert.notEqual(isDeclared, LACKING.has(name), `${name} is in both lists, or in none`);
    if (!isDeclared) continue;
    const ours = declarationOf(name as MetricName);
    assert.equal(ours.type, type, name);
    assert.deepEqual([...ours.labels].sort(), [...labels].sort(), name);
  }
});

test('nothing is said to lack that Karpenter does not have, and nothing has its name that is not its', () => {
  const names = new Set(theirs.map(({ name }) => name));
  assert.deepEqual(
    [...LACKING.keys()].filter((name) => !names.has(name)),
    [],
  );
  assert.deepEqual(
    Object.keys(METRICS).filter((name) => name.startsWith('karpenter_') && !names.has(name)),
    [],
  );
});

test('histograms of durations have the buckets that Karpenter’s have', () => {
  const source = readFileSync(join(karpenterModule('core'), 'pkg/metrics/constants.go'), 'utf8');
  const at = source.indexOf('return []float64{');
  const durations = [...balanced(source, at + 'return []float64'.length).matchAll(/\d+(\.\d+)?/g)].map(([one]) =>
    Number(one),
  );
  assert.ok(durations.length > 40);
  for (const { name, type, buckets } of theirs) {
    if (type !== 'histogram' || !(name in METRICS)) continue;
    const ours = declarationOf(name as MetricName).buckets ?? [];
    if (buckets.includes('DurationBuckets')) assert.deepEqual(ours, durations, name);
    const [, start, factor, count] = /ExponentialBuckets\((\d+), (\d+), (\d+)/.exec(buckets) ?? [];
    if (count === undefined) continue;
    const wanted = Array.from({ length: Number(count) }, (_, index) => Number(start) * Number(factor) ** index);
    assert.deepEqual(ours, wanted, name);
  }
});
