// Tiny worlds in which only preferences are in question: one type large enough for all pods, a few zones, pools of which
// one may be discouraged, two to five pods. Arbitraries only.
import fc from 'fast-check';
import type { PodAffinityInput, PodShape, TopologySpreadInput } from '../index.ts';
import { oneOf, type Situation, seldom } from './generate.ts';
import {
  market,
  milliDollars,
  pool,
  requirement,
  resources,
  shape,
  taint,
  term,
  tolerateAll,
  typeOnSale,
  ZONE_KEY,
} from './situations.ts';
import { HOSTNAME_KEY } from './topology-state.ts';

const ZONES = ['zone-a', 'zone-b', 'zone-c'];

const selecting = oneOf('a', 'b').map((app) => ({ matchLabels: { app }, matchExpressions: [] }));
const key = oneOf(ZONE_KEY, ZONE_KEY, HOSTNAME_KEY);

const podTerm: fc.Arbitrary<PodAffinityInput> = fc
  .record({ weight: oneOf(1, 50, 100), topologyKey: key, labelSelector: selecting })
  .map((one) => ({ ...one, namespaces: [], matchLabelKeys: [], mismatchLabelKeys: [] }));

const nodeTerm = fc
  .record({ weight: oneOf(1, 50), zones: fc.subarray(ZONES, { minLength: 1, maxLength: 2 }) })
  .map(({ weight, zones }) => ({ weight, term: term(requirement(ZONE_KEY, 'In', ...zones)) }));

const spread: fc.Arbitrary<TopologySpreadInput> = fc
  .record({ topologyKey: key, maxSkew: oneOf(1, 1, 2), labelSelector: selecting })
  .map((one) => ({
    ...one,
    whenUnsatisfiable: 'ScheduleAnyway',
    nodeAffinityPolicy: 'Honor',
    nodeTaintsPolicy: 'Ignore',
    matchLabelKeys: [],
  }));

const few = <T>(rule: fc.Arbitrary<T>, times: number): fc.Arbitrary<T[]> =>
  seldom<T[]>([], fc.array(rule, { minLength: 1, maxLength: 2 }), times);

/** With rules about other pods, or about nodes alone. */
const podShape = (rulesAboutPods: boolean): fc.Arbitrary<PodShape> =>
  fc
    .record({
      app: oneOf('a', 'b'),
      podAffinity: rulesAboutPods ? few(podTerm, 2) : fc.constant([]),
      podAntiAffinity: rulesAboutPods ? few(podTerm, 2) : fc.constant([]),
      preferredNodeTerms: few(nodeTerm, 2),
      topologySpread: rulesAboutPods ? few(spread, 2) : fc.constant([]),
      tolerates: seldom(false, fc.constant(true), 5),
    })
    .map(({ app, tolerates, ...rules }) =>
      shape(resources(100, 0.1), { ...rules, labels: { app }, tolerations: tolerates ? [tolerateAll('soft')] : [] }),
    );

/** One to three shapes with up to `podLimit` pods in all. */
export function preferringSituation(podLimit: number, rulesAboutPods: boolean): fc.Arbitrary<Situation> {
  return situationOf(podShape(rulesAboutPods), podLimit);
}

/** The same with rules about other pods of which half must be kept, and pods of two priorities. */
export function entangledSituation(podLimit: number): fc.Arbitrary<Situation> {
  const entangled = fc
    .record({
      shape: podShape(true),
      hard: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
      priority: oneOf(0, 0, 9),
    })
    .map(
      ({ shape: soft, hard: [near, apart, even], priority }): PodShape => ({
        ...soft,
        priority,
        podAffinity: near ? soft.podAffinity.map(asRequired) : soft.podAffinity,
        podAntiAffinity: apart ? soft.podAntiAffinity.map(asRequired) : soft.podAntiAffinity,
        topologySpread: soft.topologySpread.map((rule) =>
          even ? { ...rule, whenUnsatisfiable: 'DoNotSchedule' as const } : rule,
        ),
      }),
    );
  return situationOf(entangled, podLimit);
}

function asRequired({ weight: _, ...term }: PodAffinityInput): PodAffinityInput {
  return term;
}

function situationOf(shapes: fc.Arbitrary<PodShape>, podLimit: number): fc.Arbitrary<Situation> {
  return fc
    .record({
      sales: fc.uniqueArray(
        fc.record({ zone: oneOf(...ZONES), priceNanoUsdPerHour: oneOf(1, 2, 3).map(milliDollars) }),
        { selector: ({ zone }) => zone, minLength: 1, maxLength: 3 },
      ),
      discouraged: seldom<string[]>([], fc.subarray(ZONES, { minLength: 1 }), 2),
      groups: fc.array(fc.record({ shape: shapes, count: oneOf(1, 1, 2, 3) }), {
        minLength: 1,
        maxLength: 3,
      }),
    })
    .map(({ sales, discouraged, groups }) => {
      let left = podLimit;
      const few = groups.flatMap((group) => {
        const count = Math.min(left, group.count);
        left -= count;
        return count > 0 ? [{ ...group, count }] : [];
      });
      const plain = pool('plain');
      const soft = pool('soft', {
        taints: [taint('soft', 'PreferNoSchedule')],
        requirements: [requirement(ZONE_KEY, 'In', ...discouraged)],
      });
      return {
        market: market(typeOnSale('type-0', resources(8000, 32), sales)),
        parts: { pools: discouraged.length === 0 ? [plain] : [plain, soft], groups: few },
      };
    });
}
