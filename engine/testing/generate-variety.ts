// Small random problems whose pools ask for minValues: of types, zones, capacity types, labels of types, and a label that
// no type has. Arbitraries only; what must hold is said in the tests.
import fc from 'fast-check';
import type { RequirementInput } from '../index.ts';
import {
  anySituation,
  oneOf,
  SIZE_KEY,
  type Situation,
  seldom,
  TEAM_KEY,
  TIER_KEY,
  tinySituation,
} from './generate.ts';
import { ARCH_KEY, CAPACITY_TYPE_KEY, requirement, TYPE_KEY, ZONE_KEY } from './situations.ts';

/** Types and zones most often: those are what people ask for. */
const VARIED_KEYS = [
  TYPE_KEY,
  TYPE_KEY,
  TYPE_KEY,
  ZONE_KEY,
  ZONE_KEY,
  CAPACITY_TYPE_KEY,
  TIER_KEY,
  SIZE_KEY,
  ARCH_KEY,
  TEAM_KEY,
];

/** Mostly few values, so that many problems can have them. */
const floors: fc.Arbitrary<RequirementInput[]> = fc.array(
  fc
    .tuple(oneOf(...VARIED_KEYS), oneOf(1, 2, 2, 2, 3, 4))
    .map(([key, minValues]) => ({ ...requirement(key, 'Exists'), minValues })),
  { minLength: 1, maxLength: 2 },
);

/** Any situation with such pools, which have to keep their minValues or not. */
export function withVariety(situations: fc.Arbitrary<Situation>): fc.Arbitrary<Situation> {
  return situations.chain((situation) =>
    fc
      .record({
        drawn: fc.tuple(...situation.parts.pools.map(() => seldom<RequirementInput[]>([], floors, 1))),
        minValuesPolicy: oneOf('strict' as const, 'strict' as const, 'best-effort' as const),
      })
      .map(({ drawn, minValuesPolicy }) => ({
        ...situation,
        parts: {
          ...situation.parts,
          minValuesPolicy,
          pools: situation.parts.pools.map((one, index) => ({
            ...one,
            requirements: [...one.requirements, ...(drawn[index] ?? [])],
          })),
        },
      })),
  );
}

/** A small problem of any kind whose pools may want variety. */
export const variedSituation: fc.Arbitrary<Situation> = withVariety(anySituation);

/** A problem small enough for brute force whose pool wants variety. */
export function tinyVariedSituation(groupLimit: number, podLimit: number): fc.Arbitrary<Situation> {
  return fc.tuple(tinySituation(groupLimit, podLimit), floors).map(([situation, drawn]) => ({
    ...situation,
    parts: {
      ...situation.parts,
      pools: situation.parts.pools.map((one) => ({ ...one, requirements: [...one.requirements, ...drawn] })),
    },
  }));
}
