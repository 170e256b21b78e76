// Rules of preferences over nodes, held and ignored.
import type { Random } from '../../random.ts';
import { FAMILIES, LABELS, type Manifest, TEAMS, type VerifyProblem, ZONES } from '../vocabulary.ts';
import { changeSpec, type PodSpec, type ProblemRule, someApps, withAffinity } from './pods.ts';

function drawPreference(random: Random): Manifest {
  const expression = random.pick<Manifest>([
    { key: LABELS.zone, operator: 'In', values: [random.pick(ZONES)] },
    { key: LABELS.zone, operator: 'NotIn', values: [random.pick(ZONES)] },
    { key: LABELS.family, operator: 'In', values: [random.pick(FAMILIES)] },
    { key: LABELS.capacityType, operator: 'In', values: [random.pick(['spot', 'on-demand'])] },
    { key: LABELS.team, operator: 'In', values: [random.pick(TEAMS)] },
    { key: LABELS.cores, operator: 'Gt', values: ['4'] },
    { key: 'example.com/nowhere', operator: 'Exists' },
  ]);
  return { weight: random.integer(1, 100), preference: { matchExpressions: [expression] } };
}

function preferNodes(problem: VerifyProblem, random: Random): VerifyProblem {
  return someApps(problem, random, 3).reduce((changed, app) => {
    const preferences = Array.from({ length: random.integer(1, 3) }, () => drawPreference(random));
    return changeSpec(changed, app, (spec) =>
      preferences.reduce<PodSpec>(
        (with_, entry) => withAffinity(with_, 'nodeAffinity', 'preferredDuringSchedulingIgnoredDuringExecution', entry),
        spec,
      ),
    );
  }, problem);
}

/** Every rule of preferences. */
export const PREFERENCE_RULES: readonly ProblemRule[] = [
  { name: 'preferences for nodes', apply: preferNodes },
  {
    name: 'preferences ignored',
    apply: (problem, random) => ({ ...preferNodes(problem, random), preferencePolicy: 'Ignore' }),
  },
];
