// Explanations of pods as text for people. Pure: an answer of the service in, lines out. Only conditions that remove
// something are shown; -o json has them all.
import { amountText, bareAmount } from '../engine/index.ts';
import {
  type Change,
  type ConditionFact,
  ConditionKind,
  type ExistingNodeExplanation,
  type ExplainResponse,
  type OfferingCount,
  type PodExplanation,
  type PoolExplanation,
  type Resources,
  type TermExplanation,
} from '../proto/index.ts';
import type { Style } from './console.ts';
import { counted, figures, paragraph, thousands } from './text-layout.ts';

/** What texts are made from. */
export interface ExplainTextInput {
  readonly response: ExplainResponse;
  /** What people call the workload of some pods: "3 deployment/web, 1 pod/one-off". */
  readonly describePods: (explanation: PodExplanation) => string;
  /** So many planned nodes that are alike in short, with their numbers counted from 1. */
  readonly describeNode: (index: number, count: number) => string;
  readonly paint: (style: Style, text: string) => string;
}

/** Everything about pods. */
export function podsText(input: ExplainTextInput): string[] {
  const { pods, podsNotShown } = input.response;
  const lines = pods.flatMap((explanation, index) => [...(index === 0 ? [] : ['']), ...podLines(input, explanation)]);
  if (podsNotShown > 0)
    lines.push('', `${counted(podsNotShown, 'more kind')} of pods not explained: name those you want`);
  return lines;
}

function podLines(input: ExplainTextInput, explanation: PodExplanation): string[] {
  const { paint } = input;
  const { unplaced, placements, pools, existing, existingNotShown, ignored } = explanation;
  const title = unplaced > 0 ? paint('red', 'NO PLACE') : paint('green', 'PLACED');
  const lines = [
    `${title} ${input.describePods(explanation)}`,
    ...paragraph(`each asks for ${requestText(explanation.requests)}`, 2),
  ];
  for (const { pods, place, nodes } of placements) {
    const where =
      place.case === 'existingNode'
        ? `node ${place.value}, which is there`
        : input.describeNode(place.value ?? 0, nodes);
    lines.push(...paragraph(`${counted(pods, 'pod')} of the kind on ${where}`, 2));
  }
  const general = explanation.reasons.filter(({ nodePool }) => nodePool === '');
  for (const { message } of general) lines.push(...paragraph(message, 2));
  for (const pool of pools) {
    const reason = explanation.reasons.find(({ nodePool }) => nodePool === pool.nodePool);
    lines.push('', ...poolLines(input, pool, unplaced > 0 ? (reason?.message ?? '') : ''));
  }
  const isRefused = pools.length === 0 && general.length > 0;
  if (explanation.poolsNotShown > 0 && !isRefused)
    lines.push(`  ${counted(explanation.poolsNotShown, 'more pool')} not explained`);
  if (existing.length > 0) lines.push('', ...existingLines(paint, existing, existingNotShown));
  if (ignored.length > 0) {
    lines.push('', `  ${paint('bold', 'WITHOUT EFFECT')}`);
    for (const { field, text } of ignored) lines.push(...paragraph(`${field}: ${text}`, 4));
  }
  return lines;
}

/** "2 cpu, 4Gi memory"; every pod takes one pod's room, which says nothing. */
function requestText(requests: Resources | undefined): string {
  const amounts: [string, bigint | undefined][] = [
    ['cpu', requests?.cpuMilli],
    ['memory', requests?.memoryBytes],
    ['ephemeral-storage', requests?.ephemeralStorageBytes],
    ...Object.entries(requests?.extended ?? {}),
  ];
  const texts = amounts
    .filter(([, amount]) => (amount ?? 0n) > 0n)
    .map(([name, amount]) => amountText(name, Number(amount), 'up'));
  return texts.length === 0 ? 'nothing' : texts.join(', ');
}

function poolLines(input: ExplainTextInput, pool: PoolExplanation, reason: string): string[] {
  const heading = `POOL ${pool.nodePool}`;
  const painted = input.paint('bold', heading);
  if (pool.unusable !== undefined) return [`  ${painted}`, ...paragraph(pool.unusable.message, 4)];
  const own = `can be ${countText(pool.offered)} of the catalogue's ${thousands(pool.catalogue?.offerings ?? 0)}`;
  const [first = '', ...rest] = paragraph(`${heading} ${own}`, 2);
  const lines = [first.replace(heading, painted), ...rest];
  const several = pool.terms.length + pool.termsNotShown > 1;
  for (const term of pool.terms) {
    if (several) lines.push(`    affinity term ${(term.term ?? 0) + 1} of ${pool.terms.length + pool.termsNotShown}:`);
    lines.push(...termLines(pool, term, reason));
  }
  if (pool.termsNotShown > 0) lines.push(`    ${counted(pool.termsNotShown, 'more term')} not explained`);
  return lines;
}

function termLines(pool: PoolExplanation, term: TermExplanation, reason: string): string[] {
  const involved = new Set([
    ...term.conflicts.flatMap(({ conditions }) => conditions),
    ...term.changes.flatMap(({ edits }) => edits.map(({ condition }) => condition)),
  ]);
  const poolIsEmpty = (pool.offered?.offerings ?? 0) === 0;
  // Conditions of the pool are summed up in its heading, unless they are part of the trouble.
  const isShown = (fact: ConditionFact, index: number): boolean =>
    involved.has(index) || ((fact.removedAlone?.offerings ?? 0) > 0 && (!fact.ofPool || poolIsEmpty));
  const shown = term.conditions.filter(isShown);
  const lines: string[] = [];
  if (shown.length > 0) {
    const rows = shown.map((fact) => [
      fact.text,
      thousands(fact.removedAlone?.offerings ?? 0),
      thousands(fact.removedInTurn?.offerings ?? 0),
      thousands(fact.left?.offerings ?? 0),
      thousands(fact.left?.instanceTypes ?? 0),
    ]);
    lines.push(...figures(['OFFERINGS REMOVED BY', 'ALONE', 'IN TURN', 'LEFT', 'TYPES'], rows, 4));
  }
  for (const fact of shown) lines.push(...domainLines(fact));
  lines.push(...amountLines(shown, term));
  const left = term.left?.offerings ?? 0;
  if (left > 0) {
    lines.push(
      ...paragraph(
        `${countText(term.left)} would hold one such pod${reason === '' ? '' : `; the plan leaves it out: ${reason}`}`,
        4,
      ),
    );
    return lines;
  }
  for (const { text } of term.conflicts) lines.push(...paragraph(`contradiction: ${text}`, 4));
  term.changes.forEach((change, index) => {
    lines.push(...changeLines(change, index === 0 ? 'smallest change' : 'or'));
  });
  if (term.changes.length === 0) lines.push('    no small change would let it in');
  return [...lines, ...hintLines(term)];
}

function countText(count: OfferingCount | undefined): string {
  const offerings = counted(count?.offerings ?? 0, 'offering');
  return count?.offerings === 0 ? 'no offering' : `${offerings} (${counted(count?.instanceTypes ?? 0, 'type')})`;
}

function changeLines(change: Change, title: string): string[] {
  const steps = change.edits.map(({ text }) => text).join('; and ');
  const leaves = countText(change.leaves);
  const more =
    (change.leavesWithout?.offerings ?? 0) > (change.leaves?.offerings ?? 0)
      ? `, ${thousands(change.leavesWithout?.offerings ?? 0)} without ${change.edits.length === 1 ? 'the condition' : 'the conditions'}`
      : '';
  return paragraph(`${title}: ${steps} -> leaves ${leaves}${more}`, 4);
}

/** Hints that no change has taken up: following them alone would not let the pod in, or the value is one of several. */
function hintLines(term: TermExplanation): string[] {
  const edits = term.changes.flatMap((change) => change.edits);
  return term.conditions.flatMap(({ hints, text }, index) => {
    const isSaid = edits.some((edit) => edit.condition === index && edit.text.startsWith('did you mean'));
    if (hints.length === 0 || isSaid) return [];
    const meant = hints.map(({ key, value }) => (value === '' ? key : `${key} ${value}`)).join(', or ');
    return paragraph(`nothing has ${text}: did you mean ${meant}?`, 4);
  });
}

/** What there is of a resource, where no change has said it. */
function amountLines(facts: readonly ConditionFact[], term: TermExplanation): string[] {
  const changed = new Set(
    term.changes.flatMap(({ edits }) => edits.map(({ condition }) => term.conditions[condition])),
  );
  return facts.flatMap((fact) => {
    const { amount, kind } = fact;
    if (kind !== ConditionKind.RESOURCE || amount === undefined || amount.most >= amount.asked || changed.has(fact))
      return [];
    const [asked, most] = [amount.asked, amount.most].map((each) => bareAmount(amount.resource, Number(each)));
    return paragraph(`${amount.resource}: ${asked} asked, the most is ${most} (${amount.instanceType})`, 4);
  });
}

/** Domains of a topology rule. */
function domainLines(fact: ConditionFact): string[] {
  if (fact.domains.length === 0) return [];
  const texts = fact.domains.map(({ value, pods, admits }) => `${value} ${thousands(pods)}${admits ? ' (open)' : ''}`);
  const more = fact.domainsNotShown > 0 ? ` and ${fact.domainsNotShown} more` : '';
  return paragraph(`pods by ${fact.key}: ${texts.join(', ')}${more}`, 4);
}

function existingLines(
  paint: ExplainTextInput['paint'],
  existing: readonly ExistingNodeExplanation[],
  notShown: number,
): string[] {
  const total = existing.length + notShown;
  const shown = notShown === 0 ? '' : ` (nearest ${existing.length} of ${thousands(total)})`;
  const lines = [`  ${paint('bold', `NODES THAT ARE THERE${shown}`)}`];
  for (const { node, obstacles, obstaclesNotShown } of existing) {
    const texts = obstacles.map(({ kind, text, amount }) =>
      kind === ConditionKind.RESOURCE && amount !== undefined
        ? `${amount.resource}: ${bareAmount(amount.resource, Number(amount.asked), 'up')} asked, ${bareAmount(amount.resource, Number(amount.most))} left`
        : text,
    );
    if (obstaclesNotShown > 0) texts.push(`${obstaclesNotShown} more obstacles`);
    lines.push(...paragraph(`${node}: ${texts.length === 0 ? 'would take one more' : texts.join('; ')}`, 4));
  }
  return lines;
}
