// `npm run e2e:realised -- --seeds FROM..TO`: what kube-scheduler makes of plans. For each seed a thousand mixed pods, all
// unschedulable before the first plan, on a real control plane under the default profile, with `dovetail controller` as a
// process and a simulated cloud: first without nominations of pods, then with them (`--nominate true|false` for one of the
// two). Prints pods left pending, nodes added after the first plan, and $/h bound against planned, and ends with a line
// `N passed, N failed`, which judges what nominations are there for: without them it only shows.
import { parseArgs } from 'node:util';
import type { CloudFacts } from '../../controller/simulated-cloud/index.ts';
import { account } from './account.ts';
import { LIMITS } from './limits.ts';
import { measure, type Realised } from './measure.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1..2' }, nominate: { type: 'string', default: 'both' } },
});
const { from, to } = parseSeeds(values.seeds);
const settings = values.nominate === 'both' ? ['false', 'true'] : [values.nominate];
const facts = await account();
let passed = 0;
let failed = 0;
console.log(
  '| seed | nominated | nodes planned | $/h planned | pods pending | nodes added | for pods | $/h bound | $/h launched | bound / planned | s |',
);
console.log('|---|---|---|---|---|---|---|---|---|---|---|');
for (let seed = from; seed <= to; seed += 1) for (const nominate of settings) await run(facts, seed, nominate);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function run(of: CloudFacts, seed: number, nominate: string): Promise<void> {
  const realised = await measure(of, seed, [`--nominate-pods=${nominate}`]);
  console.log(row(seed, nominate, realised));
  for (const line of realised.complaints) console.log(JSON.stringify(line));
  if (nominate === 'false') return;
  if (isAsPlanned(realised)) passed += 1;
  else failed += 1;
}

function row(seed: number, nominate: string, one: Realised): string {
  const cells = [
    seed,
    nominate === 'true' ? 'yes' : 'no',
    one.plannedNodes,
    one.plannedUsd.toFixed(3),
    one.pending,
    one.addedNodes,
    one.addedFor,
    one.boundUsd.toFixed(3),
    one.launchedUsd.toFixed(3),
    (one.boundUsd / one.plannedUsd).toFixed(3),
    one.seconds.toFixed(1),
  ];
  return `| ${cells.join(' | ')} |`;
}

function isAsPlanned({ unplanned, pending, addedNodes, boundUsd, launchedUsd, plannedUsd, complaints }: Realised) {
  const isPrice = [boundUsd, launchedUsd].every((usd) => Math.abs(usd / plannedUsd - 1) <= LIMITS.priceTolerance);
  return unplanned === 0 && pending === 0 && addedNodes === 0 && isPrice && complaints.length === 0;
}

function parseSeeds(text: string): { readonly from: number; readonly to: number } {
  const [from = Number.NaN, to = from] = text.split('..').map(Number);
  if (!Number.isInteger(from) || !Number.isInteger(to) || from > to) throw new Error(`--seeds ${text}: write FROM..TO`);
  return { from, to };
}
