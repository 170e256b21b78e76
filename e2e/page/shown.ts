// What the page shows, read from its elements, and what it has to show of a state, said here once more in a way of its own.
import assert from 'node:assert/strict';
import type { NodeView } from '../../controller/overview/index.ts';
import type { Shown } from '../../controller/page/index.ts';
import type { Browser } from './browser.ts';
import type { DemoProcess } from './demo-process.ts';

/** What a person reads off the page. */
export interface Seen {
  readonly figures: Readonly<Record<string, string>>;
  readonly nodes: readonly SeenNode[];
  readonly waiting: readonly string[];
  readonly tileCount: number;
  readonly zones: Readonly<Record<string, boolean>>;
  readonly newestPlan: string;
}

interface SeenNode {
  readonly id: string;
  readonly state: string;
  readonly type: string;
  readonly zone: string;
  readonly price: string;
  readonly cpu: string;
  readonly memory: string;
  readonly pods: string;
  readonly canInterrupt: boolean;
}

const READ = `(() => {
  const text = (parent, selector) => parent.querySelector(selector)?.textContent ?? '';
  return {
    figures: Object.fromEntries([...document.querySelectorAll('#totals > div')].map((figure) =>
      [figure.dataset.figure, text(figure, '.value')])),
    nodes: [...document.querySelectorAll('#nodes > tr')].map((row) => ({
      id: row.dataset.node,
      state: text(row, '.state'),
      type: text(row, '.type'),
      zone: text(row, '.place').split(' · ')[0],
      price: text(row, '.price'),
      cpu: text(row, '.cpu'),
      memory: text(row, '.memory'),
      pods: text(row, '.pods'),
      canInterrupt: !row.querySelector('button').hidden,
    })),
    waiting: [...document.querySelectorAll('#waiting > li .pods')].map((pods) => pods.textContent),
    tileCount: document.querySelectorAll('#fleet > .tile').length,
    zones: Object.fromEntries([...document.querySelectorAll('#zones > button')].map((button) =>
      [button.textContent.split(' ')[0], button.getAttribute('aria-pressed') === 'true'])),
    newestPlan: text(document, '#decisions > details'),
  };
})()`;

/** Reads the page. */
export function read(browser: Browser): Promise<Seen> {
  return browser.evaluate<Seen>(READ);
}

function money(dollars: number, isEstimate: boolean): string {
  return `${isEstimate ? '~' : ''}$${dollars.toFixed(dollars >= 100 ? 2 : dollars >= 10 ? 3 : 4)}`;
}

function share({ used, of }: { readonly used: number; readonly of: number }): string {
  return `${of === 0 ? 0 : Math.round((100 * used) / of)} %`;
}

function expectedNode(node: NodeView): SeenNode {
  const pods = node.pods.map(({ count, workload }) => `${count.toLocaleString('en-US')} ${workload}`).join(', ');
  return {
    id: node.id,
    state: node.state === 'not-ready' ? 'not ready' : node.state,
    type: `${node.instanceType} ${node.capacityType}`,
    zone: node.zone,
    price: money(node.pricePerHour ?? 0, node.isEstimate),
    cpu: share(node.cpu),
    memory: share(node.memory),
    pods: `${node.isExpected ? 'for ' : ''}${pods === '' ? 'none' : pods}`,
    canInterrupt: node.capacityType === 'spot' && node.instanceId !== undefined && node.state !== 'draining',
  };
}

/** What a page has to show of a state. */
export function expected({ overview, actions }: Shown): Omit<Seen, 'newestPlan'> {
  const { totals, bound, nodes, waiting } = overview;
  const perMonth = totals.pricePerHour * 730;
  const month = perMonth >= 1_000 ? Math.round(perMonth).toLocaleString('en-US') : perMonth.toFixed(2);
  return {
    figures: {
      Pods: totals.running.toLocaleString('en-US'),
      Nodes: totals.nodes.toLocaleString('en-US'),
      'Per hour': money(totals.pricePerHour, totals.hasEstimates),
      'Per month': `${totals.hasEstimates ? '~' : ''}$${month}`,
      'Lower bound per hour': bound?.kind === 'proven' ? money(bound.pricePerHour, bound.hasEstimates) : '–',
      CPU: share(totals.cpu),
      Memory: share(totals.memory),
    },
    nodes: nodes.map(expectedNode),
    waiting: waiting.map(({ count, workload }) => `${count.toLocaleString('en-US')} × ${workload}`),
    tileCount: nodes.length,
    zones: Object.fromEntries((actions?.zones ?? []).map(({ zone, isExhausted }) => [zone, !isExhausted])),
  };
}

/** How often page and state are compared before what differs counts: news travels for a moment. */
const TRIES = 20;

/** Holds the page against a state that is at rest; answers both. */
export async function assertShows(
  browser: Browser,
  demo: DemoProcess,
): Promise<{ readonly seen: Seen; readonly shown: Shown }> {
  for (let attempt = 1; ; attempt += 1) {
    const shown = await demo.state();
    const { newestPlan, ...seen } = await read(browser);
    try {
      assert.deepEqual(seen, expected(shown));
      return { seen: { newestPlan, ...seen }, shown };
    } catch (error) {
      if (attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
