// Rules that the bound leaves out (docs/packing.md): whether a problem has any, and the problem without those that pods bring.
// Pure.
import { amountOf } from '../../controller/kubernetes/index.ts';
import type { PriceInput } from './questions.ts';

const HOSTNAME = 'kubernetes.io/hostname';

/** Terms that are required and terms that are preferred. */
interface TermsManifest {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly { readonly topologyKey?: string }[];
}

/** The parts of a pod's spec that hold rules about other pods. */
interface RulesManifest {
  readonly topologySpreadConstraints?: unknown;
  readonly affinity?: {
    readonly nodeAffinity?: unknown;
    readonly podAffinity?: unknown;
    readonly podAntiAffinity?: TermsManifest;
  };
}

/** The parts of a pool that plans heed and the bound does not. */
interface PoolManifest {
  readonly weight?: number;
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly template?: { readonly spec?: { readonly requirements?: readonly { readonly minValues?: number }[] } };
}

/** What a type has, by resource, in quantities. */
interface TypeManifest {
  readonly capacity?: Readonly<Record<string, string>>;
}

/**
 * The problem without spreads, affinities about other pods and preferences; of rules about other pods only those of pods that
 * keep apart on hosts stay. As bench:bounds has it (bench/bounds/variants.ts).
 */
export function withoutUncountedRules(problem: PriceInput): PriceInput {
  const pods = problem.pods.map((pod) => {
    const { topologySpreadConstraints: _, affinity, ...spec } = (pod.spec ?? {}) as RulesManifest;
    if (affinity === undefined) return { ...pod, spec };
    const { podAffinity: __, podAntiAffinity, ...kept } = affinity;
    const onHosts = (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).filter(
      ({ topologyKey }) => topologyKey === HOSTNAME,
    );
    const apart = onHosts.length === 0 ? {} : { requiredDuringSchedulingIgnoredDuringExecution: onHosts };
    return { ...pod, spec: { ...spec, affinity: { ...kept, podAntiAffinity: apart } } };
  });
  return { ...problem, pods, preferencePolicy: 'Ignore' } as unknown as PriceInput;
}

/** Whether plans have to pay for something that the bound leaves out, so that a gap to it says little. */
export function hasUncountedRules(problem: PriceInput): boolean {
  const pools = problem.nodePools.map(({ spec }) => spec as PoolManifest);
  if (new Set(pools.map(({ weight }) => weight ?? 0)).size > 1) return true;
  if (pools.some(({ limits }) => mayBind(limits ?? {}, problem))) return true;
  if (/"minValues"/.test(JSON.stringify(pools))) return true;
  const ignoresPreferences = problem.preferencePolicy === 'Ignore';
  if (!ignoresPreferences && /"PreferNoSchedule"/.test(JSON.stringify(pools))) return true;
  return problem.pods.some(({ spec }) => {
    const { topologySpreadConstraints, affinity } = (spec ?? {}) as RulesManifest;
    const text = JSON.stringify({ topologySpreadConstraints, affinity });
    if (text === '{}') return false;
    if (!ignoresPreferences && /"preferredDuringScheduling|"ScheduleAnyway"/.test(text)) return true;
    const apart = affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    return (
      /"whenUnsatisfiable":"DoNotSchedule"/.test(text) ||
      /"requiredDuringScheduling/.test(JSON.stringify(affinity?.podAffinity ?? {})) ||
      apart.some(({ topologyKey }) => topologyKey !== HOSTNAME)
    );
  });
}

/** Whether limits could be reached at all: by a node of the largest type for each pod. */
function mayBind(limits: Readonly<Record<string, unknown>>, { instanceTypes, pods }: PriceInput): boolean {
  return Object.entries(limits).some(([name, written]) => {
    if (name === 'nodes') return amountOf(written, 'whole') < pods.length;
    const types: readonly TypeManifest[] = instanceTypes;
    const largest = Math.max(0, ...types.map(({ capacity }) => amountOf(capacity?.[name], 'milli')));
    return amountOf(written, 'milli') < largest * pods.length;
  });
}
