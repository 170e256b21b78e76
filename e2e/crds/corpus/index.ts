// The door of the corpus: objects, valid, odd and broken, that both sets of CRDs are asked about.
import type { OpenApi } from '../crd.ts';
import { BASES, type Base, type Json, STATUSES } from './bases.ts';
import { CHANGES, COMBINATIONS } from './combinations.ts';
import { variants } from './mutate.ts';

export { BASES, type Base, type Json } from './bases.ts';

/** One question: may this object be created, or may this take the place of the stored object's spec or status? */
export interface Question {
  readonly kind: Base['kind'];
  readonly what: string;
  readonly how: 'create' | 'change' | 'status';
  /** The base that is changed. */
  readonly base: string;
  /** The spec, or the status for `status`; undefined leaves it out. */
  readonly value: unknown;
}

/** All questions, in a fixed order. `schemas` are those of the whole objects, by kind. */
export function questions(schemas: ReadonlyMap<string, OpenApi>): Question[] {
  // Variants of different fields can come out the same: each object is asked about once.
  const found = new Map<string, Question>();
  const ask = (question: Question): void => {
    const { kind, how, base, value } = question;
    const identity = JSON.stringify([kind, how, how === 'create' ? '' : base, value]);
    if (!found.has(identity)) found.set(identity, withoutUndefined(question));
  };
  const partOf = (kind: string, part: 'spec' | 'status'): OpenApi => schemas.get(kind)?.properties?.[part] ?? {};
  const known = new Set<string>();
  for (const { kind, name, spec } of BASES) {
    ask({ kind, what: `${name} as it is`, how: 'create', base: name, value: spec });
    for (const { what, value } of variants(partOf(kind, 'spec'), spec, `${name}: spec`, known)) {
      ask({ kind, what, how: 'create', base: name, value });
    }
  }
  for (const { kind, base, fields } of COMBINATIONS) {
    ask({ kind, what: `${base} with ${JSON.stringify(fields)}`, how: 'create', base, value: over(kind, base, fields) });
  }
  for (const { kind, base, fields } of CHANGES) {
    const what = `${base} changed by ${JSON.stringify(fields)}`;
    ask({ kind, what, how: 'change', base, value: over(kind, base, fields) });
  }
  for (const [kind, status] of Object.entries(STATUSES) as [Base['kind'], Json][]) {
    const base = BASES.find((candidate) => candidate.kind === kind)?.name ?? '';
    for (const { what, value } of variants(partOf(kind, 'status'), status, 'status', known)) {
      ask({ kind, what, how: 'status', base, value });
    }
  }
  return [...found.values()];
}

function over(kind: Base['kind'], name: string, fields: Json): Json {
  const base = BASES.find((candidate) => candidate.kind === kind && candidate.name === name);
  if (base === undefined) throw new Error(`make corpus: no ${kind} ${name}`);
  return { ...base.spec, ...fields };
}

/** As it goes over the wire. */
function withoutUndefined(question: Question): Question {
  return JSON.parse(JSON.stringify(question)) as Question;
}
