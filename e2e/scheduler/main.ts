// `npm run e2e:scheduler -- --seeds FROM..TO`: plans generated cases with the real service and lets a real kube-scheduler
// judge every placement. First the canaries: plans broken on purpose that must be refused. Ends with a line
// `N passed, N failed` and exits with 0 only when nothing failed and something was judged. `--case FILE` judges a case that
// was printed before.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createLocalSolver } from '../../server/index.ts';
import { ApiClient, startControlPlane } from '../controlplane/index.ts';
import { canaries, LIMIT_CANARY_COUNT, runCanary, runLimitCanaries } from './canaries/index.ts';
import { type GeneratedCase, generateCase, PRIORITY_CLASSES } from './generate/index.ts';
import { Judge } from './judge.ts';
import { LIMITS } from './limits.ts';
import { reduceCase } from './reduce.ts';
import { addRuleCounts, noRuleCounts, type RuleCounts } from './rules-in-play.ts';
import { type CaseOutcome, runCase } from './run-case.ts';

const DEFAULT_SEEDS = '1..30';

/** So many cases between two words on how far the run has come. */
const PROGRESS_SEEDS = 50;

/** Tolerations that compare numbers are behind a gate in this version of Kubernetes; the engine knows them. */
const FEATURE_GATES = { TaintTolerationComparisonOperators: true };

interface Totals {
  passed: number;
  failed: number;
  placements: number;
  leftOut: number;
  byLimitAlone: number;
  plannedNodes: number;
  /** Cases whose pods were let in only in another order than they came. */
  reordered: number;
  readonly rules: RuleCounts;
  readonly notJudged: Map<string, number>;
  readonly leftOutReasons: Map<string, number>;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: DEFAULT_SEEDS },
      case: { type: 'string' },
      'show-case': { type: 'boolean', default: false },
      // Failures are then named and not made smaller, which takes much longer than finding them.
      'leave-whole': { type: 'boolean', default: false },
    },
  });
  const written =
    values.case === undefined ? undefined : (JSON.parse(readFileSync(values.case, 'utf8')) as GeneratedCase);
  const seeds = written === undefined ? parseSeeds(values.seeds) : { from: written.seed, to: written.seed };
  if (values['show-case']) {
    console.log(JSON.stringify(generateCase(seeds.from), undefined, 2));
    return 0;
  }
  const started = performance.now();
  const controlPlane = await startControlPlane({ scheduler: 'judging', featureGates: FEATURE_GATES });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      controlPlane.stop().finally(() => process.exit(1));
    });
  }
  try {
    const client = new ApiClient(controlPlane);
    const judge = await Judge.open(client, PRIORITY_CLASSES);
    const solver = await createLocalSolver({ workerCount: 1 });
    console.log(`control plane and service ready in ${seconds(started)} s`);
    try {
      const totals = newTotals();
      await runCanaries(judge, totals);
      const casesStarted = performance.now();
      const run = (generated: GeneratedCase): Promise<CaseOutcome> => runCase(generated, solver, judge);
      for (let seed = seeds.from; seed <= seeds.to; seed += 1) {
        controlPlane.assertRunning();
        const smallest = await judgeCase(written ?? generateCase(seed), run, totals, values['leave-whole']);
        if (smallest !== undefined) console.log(`  smallest case of seed ${seed} that still fails: ${smallest}`);
        const done = seed - seeds.from + 1;
        if (done % PROGRESS_SEEDS === 0) console.log(`${done} cases in ${seconds(casesStarted)} s`);
      }
      report(seeds, totals, seconds(casesStarted));
      console.log(`${totals.passed} passed, ${totals.failed} failed`);
      return totals.failed === 0 ? 0 : 1;
    } finally {
      judge.close();
      client.close();
      await solver.close();
    }
  } finally {
    await controlPlane.stop();
  }
}

async function runCanaries(judge: Judge, totals: Totals): Promise<void> {
  const started = performance.now();
  const all = canaries();
  let refused = 0;
  for (const canary of all) {
    const fault = await runCanary(judge, canary);
    if (fault === undefined) refused += 1;
    else console.log(`canary ${canary.rule}: ${fault}`);
  }
  const limitFaults = runLimitCanaries();
  for (const fault of limitFaults) console.log(fault);
  totals.passed += refused + LIMIT_CANARY_COUNT - limitFaults.length;
  totals.failed += all.length - refused + limitFaults.length;
  console.log(
    `canaries: ${refused} of ${all.length} broken plans refused for the right reason (${seconds(started)} s)`,
  );
  const toldApart = LIMIT_CANARY_COUNT - limitFaults.length;
  console.log(`canaries of the arithmetic: ${toldApart} of ${LIMIT_CANARY_COUNT} limits told apart`);
}

/** Judges a case and notes what it came to; answers the smallest case that still fails, where it fails. */
async function judgeCase(
  generated: GeneratedCase,
  run: (generated: GeneratedCase) => Promise<CaseOutcome>,
  totals: Totals,
  leaveWhole: boolean,
): Promise<string | undefined> {
  let faults: readonly string[];
  try {
    const outcome = await run(generated);
    addOutcome(totals, outcome);
    faults = outcome.faults;
  } catch (error) {
    faults = [`the case could not be judged: ${error instanceof Error ? error.message : String(error)}`];
  }
  if (faults.length === 0) {
    totals.passed += 1;
    return undefined;
  }
  totals.failed += 1;
  console.log(`seed ${generated.seed}: ${faults.length} faults`);
  for (const fault of faults.slice(0, LIMITS.findingsPrinted)) console.log(`  ${fault}`);
  if (leaveWhole) return undefined;
  const kind = kindOf(faults[0]);
  const smallest = await reduceCase(generated, async (candidate) => {
    try {
      return (await run(candidate)).faults.some((fault) => kindOf(fault) === kind);
    } catch {
      // A case that can't even be planned any more shows something else than what we look for.
      return false;
    }
  });
  return JSON.stringify(smallest);
}

/** What a fault begins with: the kind of finding. */
function kindOf(fault: string | undefined): string | undefined {
  return fault?.split(':')[0];
}

function newTotals(): Totals {
  return {
    passed: 0,
    failed: 0,
    placements: 0,
    leftOut: 0,
    byLimitAlone: 0,
    plannedNodes: 0,
    reordered: 0,
    rules: noRuleCounts(),
    notJudged: new Map(),
    leftOutReasons: new Map(),
  };
}

function addOutcome(totals: Totals, outcome: CaseOutcome): void {
  totals.placements += outcome.placementsJudged;
  totals.leftOut += outcome.leftOutJudged;
  totals.byLimitAlone += outcome.byLimitAlone;
  totals.plannedNodes += outcome.plannedNodes;
  totals.reordered += outcome.orderCount > 1 ? 1 : 0;
  addRuleCounts(totals.rules, outcome.rules);
  addCounts(totals.notJudged, outcome.notJudged);
  addCounts(totals.leftOutReasons, outcome.leftOutReasons);
}

function addCounts(into: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [key, value] of counts) into.set(key, (into.get(key) ?? 0) + value);
}

function report(seeds: SeedRange, totals: Totals, time: string): void {
  console.log(`seeds ${seeds.from}..${seeds.to} in ${time} s: ${totals.plannedNodes} nodes planned`);
  console.log(`pods judged where the plan has them: ${totals.placements}`);
  console.log(`pods left out and judged with empty nodes beside the plan: ${totals.leftOut}`);
  console.log(`pods left out by limits that leave room for no type (arithmetic alone): ${totals.byLimitAlone}`);
  console.log(`pods left out and not judged: ${listCounts(totals.notJudged)}`);
  console.log(`reasons of pods left out: ${listCounts(totals.leftOutReasons)}`);
  console.log(`cases in which another order of arrival was tried: ${totals.reordered}`);
  reportRules(totals, seeds.to - seeds.from + 1);
  if (totals.placements + totals.leftOut === 0) {
    console.log('no pod was judged: a run that judges nothing proves nothing');
    totals.failed += 1;
  }
}

function reportRules(totals: Totals, caseCount: number): void {
  const width = Math.max(...[...totals.rules.keys()].map((name) => name.length));
  console.log(`${'rule in play'.padEnd(width)}  placed  left out`);
  for (const [name, { placed, leftOut }] of totals.rules) {
    console.log(`${name.padEnd(width)}  ${String(placed).padStart(6)}  ${String(leftOut).padStart(8)}`);
    // A few cases can't have everything; a run that means to show the rules has to have had each of them.
    if (placed + leftOut > 0 || caseCount < LIMITS.casesWithEveryRule) continue;
    console.log(`no pod was judged by the rule ${JSON.stringify(name)}: the run proves nothing of it`);
    totals.failed += 1;
  }
}

function listCounts(counts: ReadonlyMap<string, number>): string {
  const entries = [...counts].sort(([left], [right]) => (left < right ? -1 : 1));
  return entries.length === 0 ? '0' : entries.map(([key, value]) => `${key} ${value}`).join(', ');
}

interface SeedRange {
  readonly from: number;
  readonly to: number;
}

function parseSeeds(text: string): SeedRange {
  const [, first = '', last = first] = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text) ?? [];
  const from = Number(first);
  const to = Number(last);
  if (first === '' || to < from || to - from >= LIMITS.seedCount) {
    throw new Error(
      `read --seeds: ${JSON.stringify(text)} is no range of at most ${LIMITS.seedCount} seeds; write FROM..TO, e.g. ${DEFAULT_SEEDS}`,
    );
  }
  return { from, to };
}

function seconds(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    console.log('0 passed, 1 failed');
    process.exitCode = 1;
  },
);
