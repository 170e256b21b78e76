// Hints for requirements that nothing of a catalogue can meet: the label under which a value is found, keys and values
// with a near spelling. Found among the catalogue's labels and those that pools bring; whether the hint would let a pod
// in is for the caller to see.
import { CAPACITY_TYPES, type Catalogue, type ColumnSet, compareText, OFFERING_LABELS } from '../catalogue/index.ts';
import { admitsValue, normalizeLabelKey, type Requirement } from '../requirements/index.ts';
import { nearTexts } from './spelling.ts';

/** Labels that nodes can carry, with the values they can have; none listed where any value will do. */
export type LabelVocabulary = ReadonlyMap<string, readonly string[]>;

/** What was probably meant. */
export interface LabelHint {
  /** The label's key, as it should be written. */
  readonly key: string;
  /** The value that was probably meant; absent where the values may stay as they are. */
  readonly value?: string;
  /** The value that it stands for, as it was written. */
  readonly instead?: string;
}

/** Hints given for one requirement at most. */
const HINT_LIMIT = 3;

/** Labels whose values are names that somebody gave: that one of them is called like a value says nothing. */
const NAMES: ReadonlySet<string> = new Set(['karpenter.sh/nodepool', 'karpenter.k8s.aws/ec2nodeclass']);

/** Values of a requirement that hints are looked for. */
const LOOKED_UP_VALUES = 8;

/**
 * The labels of a catalogue under a node class, and those that requirements of pools give their nodes: where one of them
 * leaves the value open, any value will do.
 */
function vocabularyOf(catalogue: Catalogue, columns: ColumnSet, ofPools: Iterable<Requirement> = []): LabelVocabulary {
  const vocabulary = new Map<string, readonly string[]>();
  for (const { key, complement, values } of ofPools) {
    const known = vocabulary.get(key);
    vocabulary.set(key, complement || known?.length === 0 ? [] : [...new Set([...(known ?? []), ...values])].sort());
  }
  for (const key of catalogue.typeLabelKeys()) vocabulary.set(key, catalogue.labelValues(key));
  for (const [key, values] of columns.nodeClassLabels) vocabulary.set(key, [...values.keys()]);
  const cellValues = (read: (cell: Catalogue['cells'][number]) => string): string[] =>
    [...new Set(catalogue.cells.map(read))].filter((value) => value !== '').sort(compareText);
  vocabulary.set(
    OFFERING_LABELS.zone,
    cellValues(({ zone }) => zone),
  );
  vocabulary.set(
    OFFERING_LABELS.zoneId,
    cellValues(({ zoneId }) => zoneId),
  );
  vocabulary.set(OFFERING_LABELS.capacityType, CAPACITY_TYPES);
  vocabulary.set(
    OFFERING_LABELS.reservationId,
    cellValues(({ reservationId }) => reservationId),
  );
  return vocabulary;
}

/** Finds hints for the pools of one problem. Remembers what it found: many pods mostly write the same labels. */
export class HintFinder {
  readonly #catalogue: Catalogue;
  readonly #ofPools: () => Iterable<Requirement>;
  readonly #vocabularies = new Map<ColumnSet, LabelVocabulary>();
  readonly #found = new Map<string, readonly LabelHint[]>();

  /** `ofPools` are the requirements of all pools; asked for once, when the first hint is. */
  constructor(catalogue: Catalogue, ofPools: () => Iterable<Requirement>) {
    this.#catalogue = catalogue;
    this.#ofPools = ofPools;
  }

  /** Hints for a requirement under a pool's node class, the likeliest first. */
  hints(columns: ColumnSet, requirement: Requirement): readonly LabelHint[] {
    const key = `${columns.id} ${JSON.stringify(requirement)}`;
    let hints = this.#found.get(key);
    if (hints === undefined) {
      hints = labelHints(this.#vocabulary(columns), requirement);
      this.#found.set(key, hints);
    }
    return hints;
  }

  #vocabulary(columns: ColumnSet): LabelVocabulary {
    let vocabulary = this.#vocabularies.get(columns);
    if (vocabulary === undefined) {
      vocabulary = vocabularyOf(this.#catalogue, columns, this.#ofPools());
      this.#vocabularies.set(columns, vocabulary);
    }
    return vocabulary;
  }
}

/** Hints for a requirement, the likeliest first. Empty where its key and one of its values are known. */
export function labelHints(vocabulary: LabelVocabulary, requirement: Requirement): LabelHint[] {
  const { key } = requirement;
  const values = requirement.complement ? [] : requirement.values.slice(0, LOOKED_UP_VALUES);
  const known = vocabulary.get(key);
  if (known === undefined) return nearKeys(vocabulary, key).map((near) => hintOfKey(vocabulary, near, values));
  if (known.length === 0 || requirement.complement || known.some((value) => admitsValue(requirement, value))) return [];
  const hints: LabelHint[] = [];
  for (const value of values) {
    const elsewhere = [...vocabulary].filter(
      ([other, among]) => other !== key && !NAMES.has(other) && among.includes(value),
    );
    // Numbers are values of many labels: that one is found elsewhere says nothing.
    if (!/^\d+$/.test(value)) hints.push(...elsewhere.slice(0, HINT_LIMIT).map(([other]) => ({ key: other })));
    for (const near of nearTexts(value, known, HINT_LIMIT)) hints.push({ key, value: near, instead: value });
  }
  return firstDifferent(hints);
}

/** A key of the vocabulary with, where none of the values is known there, the value that comes nearest. */
function hintOfKey(vocabulary: LabelVocabulary, key: string, values: readonly string[]): LabelHint {
  const known = vocabulary.get(key) ?? [];
  const [written] = values;
  if (written === undefined || known.length === 0 || values.some((value) => known.includes(value))) return { key };
  const [near] = nearTexts(written, known, 1);
  return near === undefined ? { key } : { key, value: near, instead: written };
}

/** Keys that end in the same name after another prefix, then keys that are spelt alike. */
function nearKeys(vocabulary: LabelVocabulary, key: string): string[] {
  const keys = [...vocabulary.keys()].sort(compareText);
  const name = nameOf(key);
  const sameName = keys.filter((other) => nameOf(other) === name || nameOf(other) === `instance-${name}`);
  const alike = nearTexts(key, keys, HINT_LIMIT);
  const names = new Map(keys.map((other) => [nameOf(other), other]));
  const alikeByName = nearTexts(name, names.keys(), HINT_LIMIT).map((near) => names.get(near)!);
  const found = [...new Set([...sameName, ...alike, ...alikeByName])].filter(
    (other) => other !== key && normalizeLabelKey(key) !== other,
  );
  return found.slice(0, HINT_LIMIT);
}

function nameOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

function firstDifferent(hints: readonly LabelHint[]): LabelHint[] {
  const seen = new Set<string>();
  const kept = hints.filter((hint) => {
    const text = `${hint.key} ${hint.value ?? ''} ${hint.instead ?? ''}`;
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
  return kept.slice(0, HINT_LIMIT);
}
