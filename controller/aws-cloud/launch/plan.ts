// What a launch asks EC2 for: of the best capacity type in the list, every offering as a pool of capacity with the template
// that its instance type needs. Pure.
import { amountOf } from '../../kubernetes/index.ts';
import type { ApiObject, CapacityTypeName, LaunchOffering, LaunchRequest, NodeType } from '../../ports/index.ts';
import { type EffectiveNodeClassSpec, effectiveNodeClassSpec } from '../../resources/index.ts';
import type { ClusterFacts } from '../cluster-facts.ts';
import type { FoundImage, FoundReservation, NodeClassStatus } from '../status.ts';
import { clusterTags, NODE_CLAIM_TAG, NODE_CLASS_TAG, NODE_POOL_TAG } from '../tags.ts';
import { UserDataError } from '../user-data/index.ts';
import { imageFor, isIpv6, statusObstacle, statusOf, userDataFor } from './node-class-status.ts';
import { type TemplateContent, templateContent } from './template.ts';

/** One pool of capacity: an instance type in a zone. */
export interface Pool {
  readonly template: string;
  readonly offering: LaunchOffering;
  readonly imageId: string;
}

/** What to ask for. */
export interface LaunchPlan {
  readonly kind: 'plan';
  readonly capacityType: CapacityTypeName;
  /** Present for reserved capacity. */
  readonly reservation?: Pick<FoundReservation, 'reservationType' | 'interruptible'>;
  readonly templates: readonly TemplateContent[];
  /** In the order of the request. */
  readonly pools: readonly Pool[];
  readonly subnets: NonNullable<NodeClassStatus['subnets']>;
  /** Pods of the smallest node: each may take an address. */
  readonly leastPods: number;
  /** Tags of the instances but for the name of the claim. */
  readonly tags: Readonly<Record<string, string>>;
  readonly context: string | undefined;
  /** Launches with equal keys may be made in one call. */
  readonly key: string;
}

/** A plan, or why there is none. */
export type PlanOutcome =
  | LaunchPlan
  | { readonly kind: 'node-class-not-ready'; readonly message: string }
  | { readonly kind: 'insufficient-capacity'; readonly message: string; readonly exhausted: readonly LaunchOffering[] };

/** Best first. */
const CAPACITY_TYPES = ['reserved', 'spot', 'on-demand'] as const;

interface Candidate {
  readonly offering: LaunchOffering;
  readonly node: NodeType;
  readonly image: FoundImage;
  readonly reservation: FoundReservation | undefined;
}

/**
 * Plans a launch.
 *
 * @param freeCountOf free places of a reservation
 */
export function planLaunch(
  request: LaunchRequest,
  facts: ClusterFacts,
  region: string,
  freeCountOf: (reservationId: string) => number,
): PlanOutcome {
  const status = statusOf(request.nodeClass);
  const obstacle = statusObstacle(status);
  if (obstacle !== undefined) return { kind: 'node-class-not-ready', message: obstacle };
  const candidates = candidatesOf(request, status);
  if (candidates.length === 0) {
    const message = 'no offering of the list has an image, a subnet and an instance type that is known';
    return { kind: 'insufficient-capacity', message, exhausted: request.offerings };
  }
  const chosen = emptiestOf(bestOf(candidates), freeCountOf);
  const spec = effectiveNodeClassSpec(request.nodeClass);
  const tags = tagsOf(request, spec, facts);
  try {
    return assemble(request, chosen, { spec, status, facts, region, tags });
  } catch (error) {
    if (error instanceof UserDataError) return { kind: 'node-class-not-ready', message: error.message };
    throw error;
  }
}

function candidatesOf({ offerings, nodeTypes }: LaunchRequest, status: NodeClassStatus): Candidate[] {
  const zones = new Set(status.subnets?.map(({ zone }) => zone));
  const found: Candidate[] = [];
  for (const offering of offerings) {
    const node = nodeTypes[offering.instanceType];
    const image = node === undefined ? undefined : imageFor(status.amis, node);
    const { reservationId } = offering;
    const reservation = status.capacityReservations?.find(({ id }) => id === reservationId);
    const isKnown = offering.capacityType !== 'reserved' || reservation !== undefined;
    if (node === undefined || image === undefined || !isKnown || !zones.has(offering.zone)) continue;
    found.push({ offering, node, image, reservation });
  }
  return found;
}

/** Those of the best capacity type; of reservations those of one kind, which go into one call. */
function bestOf(candidates: readonly Candidate[]): readonly Candidate[] {
  const type = CAPACITY_TYPES.find((one) => candidates.some(({ offering }) => offering.capacityType === one));
  const ofType = candidates.filter(({ offering }) => offering.capacityType === type);
  const kind = reservationKind(ofType[0]?.reservation);
  const ofKind = ofType.filter(({ reservation }) => reservationKind(reservation) === kind);
  const [first] = ofKind;
  // A call takes one capacity block.
  return first?.reservation?.reservationType === 'capacity-block'
    ? ofKind.filter(({ reservation }) => reservation?.id === first.reservation?.id)
    : ofKind;
}

/** Of several reservations of a type in a zone the one with most places, the first among equals: a pool is one of them. */
function emptiestOf(
  candidates: readonly Candidate[],
  freeCountOf: (reservationId: string) => number,
): readonly Candidate[] {
  const freeCount = ({ reservation }: Candidate): number =>
    reservation === undefined ? 0 : freeCountOf(reservation.id);
  const best = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const { instanceType, zone } = candidate.offering;
    const key = `${instanceType} ${zone}`;
    const known = best.get(key);
    if (known === undefined || freeCount(candidate) > freeCount(known)) best.set(key, candidate);
  }
  return candidates.filter((one) => best.get(`${one.offering.instanceType} ${one.offering.zone}`) === one);
}

function reservationKind(reservation: FoundReservation | undefined): string {
  return reservation === undefined ? '' : `${reservation.reservationType} ${reservation.interruptible ?? false}`;
}

interface Surroundings {
  readonly spec: EffectiveNodeClassSpec;
  readonly status: NodeClassStatus;
  readonly facts: ClusterFacts;
  readonly region: string;
  readonly tags: Readonly<Record<string, string>>;
}

function assemble(request: LaunchRequest, chosen: readonly Candidate[], around: Surroundings): LaunchPlan {
  const templates = new Map<string, TemplateContent>();
  const byGroup = new Map<string, TemplateContent>();
  const pools = chosen.map((candidate): Pool => {
    const { offering, image } = candidate;
    const group = JSON.stringify([image.id, podsOf(candidate.node), efaOf(request, candidate), offering.reservationId]);
    let template = byGroup.get(group);
    if (template === undefined) {
      template = templateFor(request, candidate, around);
      byGroup.set(group, template);
      templates.set(template.name, template);
    }
    return { template: template.name, offering, imageId: image.id };
  });
  const [first] = chosen;
  const capacityType = first?.offering.capacityType ?? 'on-demand';
  const isRelaxed = request.nodeClaim.metadata.annotations?.[MIN_VALUES_RELAXED] === 'true';
  const context = isRelaxed ? undefined : around.spec.context;
  return {
    kind: 'plan',
    capacityType,
    ...(first?.reservation === undefined ? {} : { reservation: first.reservation }),
    templates: [...templates.values()],
    pools,
    subnets: around.status.subnets ?? [],
    leastPods: Math.min(...chosen.map(({ node }) => podsOf(node))),
    tags: around.tags,
    context,
    key: JSON.stringify([pools, Object.entries(around.tags).sort(), context]),
  };
}

const MIN_VALUES_RELAXED = 'karpenter.sh/nodeclaim-min-values-relaxed';

function templateFor(request: LaunchRequest, candidate: Candidate, around: Surroundings): TemplateContent {
  const { spec, status, facts, region, tags } = around;
  const { offering, node, image, reservation } = candidate;
  const { capacityType } = offering;
  const { nodeClaim } = request;
  const maxPods = podsOf(node);
  const partition = requirementOf(nodeClaim, 'karpenter.k8s.aws/placement-group-partition').toSorted()[0];
  return templateContent({
    spec,
    region,
    imageId: image.id,
    instanceProfile: status.instanceProfile ?? '',
    securityGroupIds: (status.securityGroups ?? []).map(({ id }) => id),
    userData: userDataFor({ nodeClaim, spec, facts, capacityType, image, maxPods }),
    capacityType,
    ...(reservation === undefined
      ? {}
      : {
          reservation: {
            id: reservation.id,
            isBlock: reservation.reservationType === 'capacity-block',
            isInterruptible: reservation.interruptible ?? false,
          },
        }),
    tenancy: tenancyOf(nodeClaim),
    efaCount: efaOf(request, candidate),
    hasEnclaves: requestsOf(nodeClaim)[ENCLAVES] !== undefined,
    isIpv6: isIpv6(facts),
    ...(partition === undefined ? {} : { partition: Number(partition) }),
    tags,
  });
}

/** What pods ask for that run enclaves. */
const ENCLAVES = 'eks.amazonaws.com/nip-slots';
const EFA = 'vpc.amazonaws.com/efa';

function podsOf({ capacity }: NodeType): number {
  return amountOf(capacity.pods, 'whole');
}

/** EFA interfaces, where pods ask for any. */
function efaOf({ nodeClaim }: LaunchRequest, { node }: Pick<Candidate, 'node'>): number {
  return requestsOf(nodeClaim)[EFA] === undefined ? 0 : amountOf(node.capacity[EFA], 'whole');
}

interface ClaimSpec {
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
  readonly requirements?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

function requestsOf(nodeClaim: ApiObject): Readonly<Record<string, string>> {
  return ((nodeClaim.spec ?? {}) as ClaimSpec).resources?.requests ?? {};
}

function requirementOf(nodeClaim: ApiObject, key: string): readonly string[] {
  const { requirements = [] } = (nodeClaim.spec ?? {}) as ClaimSpec;
  return requirements.find((one) => one.key === key && one.operator === 'In')?.values ?? [];
}

/** Shared hardware, unless nothing but hardware of one's own is allowed. */
function tenancyOf(nodeClaim: ApiObject): 'default' | 'dedicated' {
  const values = requirementOf(nodeClaim, 'karpenter.k8s.aws/instance-tenancy');
  return values.length > 0 && !values.includes('default') && values.includes('dedicated') ? 'dedicated' : 'default';
}

function tagsOf(request: LaunchRequest, spec: EffectiveNodeClassSpec, facts: ClusterFacts): Record<string, string> {
  const { [NODE_CLAIM_TAG]: _, ...own } = request.tags;
  const labels = request.nodeClaim.metadata.labels ?? {};
  return {
    ...spec.tags,
    [NODE_POOL_TAG]: labels[NODE_POOL_TAG] ?? '',
    [NODE_CLASS_TAG]: request.nodeClass.metadata.name ?? '',
    ...own,
    ...clusterTags(facts.name, facts.uid),
  };
}
