// What top shows of an overview, at every width of a terminal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeView, Overview } from '../../controller/overview/index.ts';
import { parseResources, parseSelector, parseSort } from './choices.ts';
import { screenLines, tableLines } from './table.ts';

const GIB = 1024 ** 3;
const NOW_MS = Date.UTC(2026, 0, 2);
const plain = (_: string, text: string): string => text;

function node(change: Partial<NodeView> & Pick<NodeView, 'id'>): NodeView {
  return {
    nodeName: `ip-10-0-0-${change.id}.ec2.internal`,
    state: 'ready',
    pool: 'default',
    instanceType: 'c6a.2xlarge',
    zone: 'us-east-1a',
    capacityType: 'spot',
    instanceId: `i-${change.id}`,
    pricePerHour: 0.1224,
    isEstimate: true,
    sinceMs: NOW_MS - 64_000,
    cpu: { used: 5_000, of: 8_000 },
    memory: { used: 5 * GIB, of: 16 * GIB },
    pods: [{ workload: 'deployment/inflate', namespace: 'default', count: 5 }],
    isExpected: false,
    ...change,
  };
}

const NODES = [
  node({ id: '1' }),
  node({
    id: '2',
    state: 'draining',
    capacityType: 'on-demand',
    pricePerHour: 1.5,
    isEstimate: false,
    sinceMs: NOW_MS - 7_200_000,
  }),
  node({ id: '3', instanceType: 'm7i.large', zone: 'us-east-1b', cpu: { used: 0, of: 2_000 }, pods: [] }),
];

function overview(nodes: readonly NodeView[]): Overview {
  const fullness = { used: 0, of: 0 };
  const counts = { nodes: nodes.length, ready: 2, running: 10, waiting: 3, withoutPrice: 0 };
  return {
    cluster: 'test',
    timeMs: NOW_MS,
    isSynced: true,
    totals: { ...counts, pricePerHour: 0, hasEstimates: false, cpu: fullness, memory: fullness },
    workloads: [],
    waiting: [],
    nodes,
    decisions: [],
  };
}

const OPTIONS = { resources: ['cpu', 'memory'], paint: plain, columns: 120, rows: 24, from: 0 } as const;

test('the table that is printed has every column, and the sum of the nodes that it shows', () => {
  assert.equal(
    tableLines(overview(NODES), NODES, OPTIONS).join('\n'),
    [
      'NODE         STATE     TYPE         CAPACITY   ZONE        CPU  MEMORY  PODS    $/HOUR  AGE',
      'ip-10-0-0-1  ready     c6a.2xlarge  spot       us-east-1a  63%     31%     5  ~$0.1224  64s',
      'ip-10-0-0-2  draining  c6a.2xlarge  on-demand  us-east-1a  63%     31%     5   $1.5000   2h',
      'ip-10-0-0-3  ready     m7i.large    spot       us-east-1b   0%     31%     0  ~$0.1224  64s',
      '',
      '3 nodes, 2 ready, cpu 56%, memory 31%; 10 pods, 3 wait',
      '~$1.7448/hour, ~$1,273.70/month',
    ].join('\n'),
  );
  const unpriced = NODES.map(({ pricePerHour: _, ...rest }) => rest);
  assert.match(tableLines(overview(unpriced), unpriced, OPTIONS).at(-1) ?? '', /; 3 nodes without a price$/);
  assert.equal(tableLines(overview([]), [], OPTIONS)[0], 'no nodes');
});

test('a terminal of 40 columns shows two lines a node, and nothing is wider than it', () => {
  assert.equal(
    screenLines(overview(NODES), NODES, { ...OPTIONS, columns: 40, rows: 20 }).join('\n'),
    [
      'test: 3 nodes, 2 ready',
      '10 pods, 3 wait',
      'CPU    ███████████████░░░░░░░░░░░░  56%',
      'MEMORY ████████░░░░░░░░░░░░░░░░░░░  31%',
      '~$1.7448/hour, ~$1,273.70/month',
      '',
      'ip-10-0-0-1 c6a.2xlarge spot',
      '  cpu 63% mem 31% 5 pods ~$0.1224 64s',
      'ip-10-0-0-2 draining c6a.2xlarge on-dem…',
      '  cpu 63% mem 31% 5 pods $1.5000 2h',
      'ip-10-0-0-3 m7i.large spot',
      '  cpu 0% mem 31% 0 pods ~$0.1224 64s',
      'q quits',
    ].join('\n'),
  );
});

test('whatever the size and the place, a screen is filled and never overflows', () => {
  const many = Array.from({ length: 200 }, (_, index) => node({ id: String(index) }));
  for (const columns of [20, 40, 60, 79, 80, 84, 100, 110, 111, 200]) {
    for (const [rows, from] of [
      [6, 0],
      [14, 0],
      [24, 100],
      [50, 199],
    ] as const) {
      const lines = screenLines(overview(many), many, { ...OPTIONS, columns, rows, from, note: 'nobody answers' });
      const where = `${columns} x ${rows} from ${from}`;
      assert.ok(lines.length <= rows, where);
      assert.ok(
        lines.every((line) => line.length <= columns),
        `${where}\n${lines.join('\n')}`,
      );
      assert.equal(lines[0], 'nobody answers');
    }
  }
});

test('columns go one after the other as a terminal gets narrower', () => {
  const headings = (columns: number) =>
    screenLines(overview(NODES), NODES, { ...OPTIONS, columns }).find((line) => line.startsWith('NODE')) ?? '';
  assert.match(headings(130), /ZONE +CPU/);
  assert.ok(
    screenLines(overview(NODES), NODES, { ...OPTIONS, columns: 130 }).some((line) => line.includes('██████░░░░  63%')),
  );
  assert.match(headings(95), /CAPACITY +ZONE +CPU/);
  assert.match(headings(85), /CAPACITY +CPU/);
  assert.match(headings(75), /STATE +TYPE +CPU/);
  assert.match(headings(60), /NODE +TYPE +CPU/);
});

test('a screen that is scrolled says where it is', () => {
  const many = Array.from({ length: 50 }, (_, index) => node({ id: String(index) }));
  const lines = screenLines(overview(many), many, { ...OPTIONS, rows: 20, from: 10 });
  assert.match(lines[7] ?? '', /^ip-10-0-0-10 /);
  assert.equal(lines.at(-1), '11-22 of 50, up and down scroll; q quits');
});

test('nodes are chosen by labels as kubectl does it', () => {
  const labels = { team: 'shop', zone: 'a' };
  const cases: readonly (readonly [written: string, holds: boolean])[] = [
    ['team=shop', true],
    ['team==shop,zone=a', true],
    ['team=shop,zone=b', false],
    ['team!=shop', false],
    ['other!=shop', true],
    ['team', true],
    ['!team', false],
    ['!other', true],
  ];
  for (const [written, holds] of cases) assert.equal(parseSelector(written).holds(labels), holds, written);
  for (const wrong of ['', 'a=b=c', '!a=b', 'a in (b)'])
    assert.throws(() => parseSelector(wrong), /can't be read/, wrong);
});

test('nodes are ordered by any field, both ways, and equal ones by their names', () => {
  const order = (written: string) => NODES.toSorted(parseSort(written)).map(({ id }) => id);
  assert.deepEqual(order('age'), ['1', '3', '2']);
  assert.deepEqual(order('age=dsc'), ['2', '1', '3']);
  assert.deepEqual(order('price=dsc'), ['2', '1', '3']);
  assert.deepEqual(order('cpu'), ['3', '1', '2']);
  assert.deepEqual(order('pods'), ['3', '1', '2']);
  assert.throws(() => parseSort('size'), /age, name, type/);
  assert.throws(() => parseSort('age=up'), /FIELD=asc/);
  assert.deepEqual(parseResources('memory, cpu,cpu'), ['memory', 'cpu']);
  assert.throws(() => parseResources('gpu'), /"gpu" is not known/);
});
