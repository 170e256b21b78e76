// `npm run e2e:top`: top beside a demo, in a terminal: what its screen says is held against the cluster's state.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { NodeView } from '../../controller/overview/index.ts';
import { DemoProcess } from '../page/index.ts';
import { Terminal } from './terminal.ts';

const run = promisify(execFile);
const INFLATE = { namespace: 'default', name: 'inflate' };

let demo: DemoProcess;
before(async () => {
  demo = await DemoProcess.start();
  await demo.untilRunning(5);
});
after(() => demo?.stop());

function command(...args: string[]): string[] {
  return [process.execPath, 'bin/dovetail.js', 'top', '--page', String(demo.port), ...args];
}

function share({ used, of }: NodeView['cpu']): string {
  return `${Math.round((100 * used) / of)}%`;
}

/** What a line of a node has to say, in its order, whatever is between. */
function facts({
  nodeName = '',
  id,
  state,
  instanceType,
  capacityType,
  zone,
  cpu,
  memory,
  pods,
  pricePerHour = 0,
}: NodeView) {
  const count = pods.reduce((sum, pod) => sum + pod.count, 0);
  const name = (nodeName || id).split('.')[0] ?? '';
  return [
    name,
    state,
    instanceType,
    capacityType,
    zone,
    share(cpu),
    share(memory),
    String(count),
    `~$${pricePerHour.toFixed(4)}`,
  ];
}

function saysInOrder(line: string, texts: readonly string[]): boolean {
  let from = 0;
  return texts.every((text) => {
    const found = line.indexOf(text, from);
    from = found + text.length;
    return found >= 0;
  });
}

test('a wide terminal shows every node as it is, follows what changes, and is left as it was', async (t) => {
  const terminal = await Terminal.open(command(), { columns: 130, rows: 40 });
  t.after(() => terminal.close());
  await terminal.until('five pods are shown', (lines) => lines[1] === '5 pods, none waits');
  await demo.act('scale', { ...INFLATE, replicas: 100 });
  const { overview } = await demo.untilRunning(100);
  const lines = await terminal.until('a hundred pods are shown', (shown) => shown[1] === '100 pods, none waits');
  const { nodes, totals } = overview;
  assert.equal(lines[0], `dovetail-demo: ${nodes.length} nodes, ${nodes.length} ready`);
  assert.ok(
    lines.some((line) => line.startsWith(`~$${totals.pricePerHour.toFixed(4)}/hour, ~$`)),
    lines.join('\n'),
  );
  for (const node of nodes) {
    assert.ok(
      lines.some((line) => saysInOrder(line, facts(node))),
      `${facts(node).join(' ')}\n${lines.join('\n')}`,
    );
  }
  assert.ok(
    lines.some((line) => /^CPU {4}█+░+ +\d+%$/.test(line)),
    lines.join('\n'),
  );
  await terminal.press('q');
  assert.deepEqual(await terminal.until('it has ended', (shown) => shown[0] === 'ended with 0'), ['ended with 0']);
});

test('a terminal of 40 columns shows the same in two lines a node, and more again when it gets wider', async (t) => {
  const terminal = await Terminal.open(command(), { columns: 40, rows: 20 });
  t.after(() => terminal.close());
  const lines = await terminal.until('nodes are shown', (shown) => shown.at(-1) === 'q quits');
  const { overview } = await demo.state();
  for (const node of overview.nodes) {
    const [name = '', , type = '', capacity = '', , cpu, memory, pods, price] = facts(node);
    const at = lines.indexOf(`${name} ${type} ${capacity}`);
    assert.ok(at > 0, lines.join('\n'));
    assert.ok(lines[at + 1]?.startsWith(`  cpu ${cpu} mem ${memory} ${pods} pods ${price} `), lines.join('\n'));
  }
  await terminal.resize(100, 20);
  await terminal.until('a table is shown', (shown) => shown.some((line) => line.startsWith('NODE ')));
  await terminal.press('C-c');
  await terminal.until('it has ended', (shown) => shown[0] === 'ended with 0');
});

test('a demo that has gone is spoken of, and what was known of it stays', async (t) => {
  const other = await DemoProcess.start();
  t.after(() => other.stop());
  await other.untilRunning(5);
  const terminal = await Terminal.open([process.execPath, 'bin/dovetail.js', 'top', '--page', other.url], {
    columns: 100,
    rows: 20,
  });
  t.after(() => terminal.close());
  await terminal.until('five pods are shown', (lines) => lines[1] === '5 pods, none waits');
  await other.stop();
  const lines = await terminal.until('it does not answer', (shown) =>
    / does not answer: this is of \d\d:/.test(shown[0] ?? ''),
  );
  assert.equal(lines[2], '5 pods, none waits');
  await terminal.press('q');
  await terminal.until('it has ended', (shown) => shown[0] === 'ended with 0');
});

test('without a terminal one plain table is printed, of chosen nodes in the chosen order', async () => {
  const [program = '', ...args] = command('--sort', 'price=dsc', '--node-selector', 'karpenter.sh/nodepool=default');
  const { stdout } = await run(program, args);
  const { overview } = await demo.state();
  const [headings = '', ...lines] = stdout.split('\n');
  assert.match(headings, /^NODE +STATE +TYPE +CAPACITY +ZONE +CPU +MEMORY +PODS +\$\/HOUR +AGE$/);
  const sorted = overview.nodes.toSorted((a, b) => (b.pricePerHour ?? 0) - (a.pricePerHour ?? 0));
  for (const [index, node] of sorted.entries()) assert.ok(saysInOrder(lines[index] ?? '', facts(node)), stdout);
  assert.ok(!stdout.includes('\u001b'), 'there are no terminal codes without a terminal');
  const none = await run(program, [...args, '--once', '--node-selector', 'karpenter.sh/nodepool=other']);
  assert.match(none.stdout, /^no nodes$/m);
});
