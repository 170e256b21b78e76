// Rules of topology spread, over each kind of label and with each option.
import type { Random } from '../../random.ts';
import { HOSTNAME, LABELS, type Manifest, type VerifyProblem } from '../vocabulary.ts';
import { changePods, changeSpec, drawSelector, type ProblemRule, someApps, withLabel, withSpread } from './pods.ts';

const KEYS = [LABELS.zone, LABELS.zone, LABELS.capacityType, HOSTNAME, LABELS.team] as const;

/** Adds a constraint to some groups; `options` draws what is special about it. */
function spread(
  name: string,
  keys: readonly string[],
  options: (random: Random) => Manifest = () => ({}),
): ProblemRule {
  return {
    name,
    apply: (problem, random) => {
      let changed = problem;
      for (const app of someApps(problem, random, 3)) {
        const constraint = {
          topologyKey: random.pick(keys),
          maxSkew: random.integer(1, 2),
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: drawSelector(problem, random, app),
          ...options(random),
        };
        changed = changeSpec(changed, app, (spec) => withSpread(spec, constraint));
      }
      return changed;
    },
  };
}

const spreadByVersion: ProblemRule = {
  name: 'spread with matchLabelKeys',
  apply: (problem, random) => {
    let changed: VerifyProblem = problem;
    for (const app of someApps(problem, random, 2)) {
      const constraint = {
        topologyKey: random.pick(KEYS),
        maxSkew: 1,
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app } },
        matchLabelKeys: ['version'],
      };
      changed = changePods(changed, app, (pod, index) => {
        const versioned = withLabel(pod, 'version', `v${index % 2}`);
        return { ...versioned, spec: withSpread(versioned.spec, constraint) };
      });
    }
    return changed;
  },
};

/** Every rule of spread. */
export const SPREAD_RULES: readonly ProblemRule[] = [
  spread('spread over zones', [LABELS.zone]),
  spread('spread over capacity types', [LABELS.capacityType]),
  spread('spread over hosts', [HOSTNAME]),
  spread('spread over a custom label', [LABELS.team]),
  spread('spread with minDomains', [LABELS.zone, LABELS.capacityType, HOSTNAME], (random) => ({
    minDomains: random.integer(2, 4),
  })),
  spread('spread with policies', KEYS, (random) => ({
    nodeAffinityPolicy: random.pick(['Honor', 'Ignore']),
    nodeTaintsPolicy: random.pick(['Honor', 'Ignore']),
  })),
  spreadByVersion,
  spread('soft spread', KEYS, () => ({ whenUnsatisfiable: 'ScheduleAnyway' })),
];
