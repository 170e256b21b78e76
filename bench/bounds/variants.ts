// Problems as bounds are measured on: without the rules that the bound leaves out and plans pay for, and with on-demand
// capacity only where that is asked.
import { create } from '@bufbuild/protobuf';
import {
  Operator,
  PreferencePolicy,
  RequirementSchema,
  SolveOptionsSchema,
  type SolveRequest,
} from '../../proto/index.ts';

const HOSTNAME = 'kubernetes.io/hostname';
const CAPACITY_TYPE = 'karpenter.sh/capacity-type';

/** What may be bought: whatever the pools allow, or on demand only. */
export const CAPACITIES = ['on-demand', 'any'] as const;
/** One of CAPACITIES. */
export type Capacity = (typeof CAPACITIES)[number];

/** The request without spreads, affinities and preferences: of rules about other pods only pods that keep apart on hosts stay. */
export function withoutUncountedRules(request: SolveRequest): SolveRequest {
  const isOnHosts = ({ topologyKey }: { readonly topologyKey: string }): boolean => topologyKey === HOSTNAME;
  const podGroups = request.podGroups.map((group) => {
    const { shape } = group;
    if (shape === undefined) return group;
    const podAntiAffinity = shape.podAntiAffinity.filter(isOnHosts);
    return { ...group, shape: { ...shape, topologySpreadConstraints: [], podAntiAffinity, podAffinity: [] } };
  });
  const options = { ...(request.options ?? create(SolveOptionsSchema)), preferencePolicy: PreferencePolicy.IGNORE };
  return { ...request, podGroups, options };
}

/** The request with pools that buy on demand only. */
export function onDemandOnly(request: SolveRequest): SolveRequest {
  const onDemand = create(RequirementSchema, { key: CAPACITY_TYPE, operator: Operator.IN, values: ['on-demand'] });
  const nodePools = request.nodePools.map((pool) => ({ ...pool, requirements: [...pool.requirements, onDemand] }));
  return { ...request, nodePools };
}
