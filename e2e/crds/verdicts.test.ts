// A real API server is asked about every object of the corpus, first with Karpenter's CRDs and then with ours applied over
// them. What Karpenter accepts, we accept, and it means the same; our check and our defaults, which work without an API
// server, say what it says. Needs Go; two minutes of processor time once the control plane is built.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import {
  type AnyObject,
  changeViolations,
  customResourceDefinition,
  RESOURCES,
  specViolations,
  statusViolations,
  type Violation,
  withSchemaDefaults,
} from '../../controller/resources/index.ts';
import { CrdCluster, OWN_WORDS, type Verdict } from './cluster.ts';
import { BASES, type Question, questions } from './corpus/index.ts';
import { type CustomResourceDefinition, schemaOf, walk } from './crd.ts';
import { karpenterCrds } from './karpenter.ts';
import { ONLY_HERE, ONLY_THERE, STRICTER_CHECK, type VerdictDifference } from './leniency.ts';
import { LIMITS } from './limits.ts';

const ownFiles = fileURLToPath(new URL('../../deploy/crds/', import.meta.url));
const karpenter = karpenterCrds();
const asked = questions(new Map([...karpenter.crds].map(([kind, crd]) => [kind, schemaOf(crd)])));

/** A finding with the question it is about. */
function show(question: Question, ...words: readonly string[]): string {
  return [`${question.kind} ${question.how} ${question.what}`, ...words].join('\n    ');
}

/** Fails with the first findings and their number. */
function assertNone(findings: readonly string[]): void {
  const shown = findings.slice(0, LIMITS.findingsPrinted).join('\n');
  assert.equal(findings.length, 0, `${findings.length} of ${asked.length} questions:\n${shown}`);
}

/** Marks which entries of a list explain a question. */
function explain(list: readonly VerdictDifference[], used: Set<VerdictDifference>, question: Question, text: string) {
  const found = list.filter(({ matches }) => matches(question, text));
  for (const entry of found) used.add(entry);
  return found.length > 0;
}

describe('a real API server', () => {
  let cluster: CrdCluster;
  let theirs: Verdict[];
  let own: Verdict[];
  let storedBefore: unknown[];
  let storedAfter: unknown[];

  const readStored = (): Promise<unknown[]> =>
    Promise.all(BASES.map(async ({ kind, name }) => (await cluster.stored(kind, name)).spec));

  before(async () => {
    cluster = await CrdCluster.start();
    await cluster.applyCrds(karpenter.files, (verdict) => !verdict.accepted && !OWN_WORDS.test(verdict.message));
    for (const base of BASES) await cluster.store(base);
    storedBefore = await readStored();
    theirs = await cluster.askAll(asked);
    await cluster.applyCrds([ownFiles], (verdict) => !verdict.accepted && OWN_WORDS.test(verdict.message));
    storedAfter = await readStored();
    own = await cluster.askAll(asked);
  });
  after(() => cluster.stop());

  /** Every question with what both said to it. */
  function* answers(): Generator<[question: Question, theirs: Verdict, own: Verdict]> {
    for (const [index, question] of asked.entries()) {
      const left = theirs[index];
      const right = own[index];
      assert.ok(left !== undefined && right !== undefined);
      yield [question, left, right];
    }
  }

  test('has been asked about enough of both', () => {
    const accepted = theirs.filter((verdict) => verdict.accepted).length;
    console.log(`${asked.length} questions, of which Karpenter accepts ${accepted}`);
    assert.ok(accepted > 1000 && asked.length - accepted > 1000);
  });

  test('accepts by our CRDs whatever it accepts by those of Karpenter, but for what is listed', () => {
    const used = new Set<VerdictDifference>();
    const findings: string[] = [];
    for (const [question, left, right] of answers()) {
      if (!left.accepted || right.accepted || explain(ONLY_THERE, used, question, right.message)) continue;
      findings.push(show(question, right.message));
    }
    assertNone(findings);
    assertAllUsed(ONLY_THERE, used);
  });

  test('refuses by our CRDs what it refuses by those of Karpenter, but for what is listed', () => {
    const used = new Set<VerdictDifference>();
    const findings: string[] = [];
    for (const [question, left, right] of answers()) {
      if (left.accepted || !right.accepted || explain(ONLY_HERE, used, question, left.message)) continue;
      findings.push(show(question, left.message));
    }
    assertNone(findings);
    assertAllUsed(ONLY_HERE, used);
  });

  test('stores what both accept in the same form', () => {
    const findings: string[] = [];
    for (const [question, left, right] of answers()) {
      if (!left.accepted || !right.accepted) continue;
      const [before, now] = [left, right].map(({ spec, status }) => JSON.stringify({ spec, status }));
      if (before !== now) findings.push(show(question, `Karpenter: ${before}`, `here: ${now}`));
    }
    assertNone(findings);
  });

  test('keeps objects that were stored by Karpenter’s CRDs as they were', () => {
    assert.deepEqual(storedAfter, storedBefore);
  });

  test('names the field in every refusal', () => {
    const findings: string[] = [];
    for (const [question, , right] of answers()) {
      if (right.accepted || /\b(spec|status)\b[.[:]/.test(right.message)) continue;
      findings.push(show(question, right.message));
    }
    assertNone(findings);
  });

  test('breaks every rule of either side at least once', () => {
    const messagesOf = (crd: CustomResourceDefinition): string[] =>
      [...walk(schemaOf(crd))].flatMap(([, schema]) =>
        (schema['x-kubernetes-validations'] ?? []).map(({ message }) => message),
      );
    const refusals = (verdicts: readonly Verdict[]): string =>
      verdicts.map((verdict) => (verdict.accepted ? '' : verdict.message)).join('\n');
    const theirText = refusals(theirs);
    const ownText = refusals(own);
    const unbroken = [...karpenter.crds.values()].flatMap(messagesOf).filter((text) => !theirText.includes(text));
    const ownUnbroken = RESOURCES.flatMap((resource) =>
      messagesOf(customResourceDefinition(resource) as unknown as CustomResourceDefinition),
    ).filter((text) => !ownText.includes(text));
    assert.deepEqual([...new Set(unbroken)], []);
    assert.deepEqual([...new Set(ownUnbroken)], []);
  });

  test('agrees with our own check on every object, but for what is listed', () => {
    const used = new Set<VerdictDifference>();
    const findings: string[] = [];
    for (const [question, , right] of answers()) {
      const found = ownCheck(question);
      if (right.accepted === (found.length === 0)) continue;
      if (!right.accepted) findings.push(show(question, 'only our check accepts it', right.message));
      else if (!explain(STRICTER_CHECK, used, question, '')) {
        findings.push(show(question, 'only our check refuses it', JSON.stringify(found)));
      }
    }
    assertNone(findings);
    assertAllUsed(STRICTER_CHECK, used);
  });

  test('fills in what our own defaults fill in', () => {
    const findings: string[] = [];
    for (const [{ kind, how, value, ...question }, , right] of answers()) {
      if (!right.accepted || how !== 'create' || value === undefined || value === null) continue;
      const resource = resourceOf(kind);
      const filled = withSchemaDefaults(resource, { spec: value });
      if (isDeepStrictEqual(right.spec, filled)) continue;
      const answer = JSON.stringify(right.spec);
      findings.push(
        show({ kind, how, value, ...question }, `API server: ${answer}`, `here: ${JSON.stringify(filled)}`),
      );
    }
    assertNone(findings);
  });
});

function assertAllUsed(list: readonly VerdictDifference[], used: ReadonlySet<VerdictDifference>): void {
  assert.deepEqual(
    list.filter((entry) => !used.has(entry)).map(({ reason }) => reason),
    [],
  );
}

function resourceOf(kind: string): (typeof RESOURCES)[number] {
  const resource = RESOURCES.find((candidate) => candidate.kind === kind);
  assert.ok(resource !== undefined);
  return resource;
}

/** What is wrong with an object by our own check. */
function ownCheck({ kind, how, base, value }: Question): Violation[] {
  const resource = resourceOf(kind);
  if (how === 'status') return statusViolations(resource, { status: value });
  const object: AnyObject = { spec: value };
  if (how === 'create') return specViolations(resource, object);
  const old = BASES.find((candidate) => candidate.kind === kind && candidate.name === base);
  return changeViolations(resource, object, { spec: old?.spec });
}
