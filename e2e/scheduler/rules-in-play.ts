// How often each rule was in play: of every pod that was judged, which rules had a say in where it may go. A run in which a
// rule had none has not shown anything of it, so this table is part of what the run has to come to.
import type { GeneratedCase } from './generate/index.ts';
import { type ClaimSpec, type Pod, type PodTerm, podKey, type SpreadConstraint } from './objects.ts';
import type { CasePlan } from './plan.ts';
import { spreadCounts, termMeans } from './selects.ts';

/** Pods that a rule had a say about. */
export interface RuleCount {
  placed: number;
  leftOut: number;
}

/** Counts by the rule's name, in the order of the table; every rule is there. */
export type RuleCounts = Map<string, RuleCount>;

/** A pod that was judged, with what is around it. */
interface Judged {
  readonly pod: Pod;
  readonly generated: GeneratedCase;
  /** Pods that run on nodes already. */
  readonly running: readonly Pod[];
  /** Undefined for pods that are left out. */
  readonly node: 'existing' | 'new' | undefined;
  /** Whether the node, or some type for a pod that is left out, attaches only so many volumes. */
  readonly attachesSoMany: boolean;
  /** How the existing node stands: cordoned, starting, on its way; undefined where it does not matter. */
  readonly known: 'starting' | 'on its way' | undefined;
}

type Rule = readonly [name: string, inPlay: (judged: Judged) => boolean];

const ZONES = ['topology.kubernetes.io/zone', 'topology.ebs.csi.aws.com/zone'];
const HOST = 'kubernetes.io/hostname';
const CAPACITY_TYPE = 'karpenter.sh/capacity-type';
const COMMON_KEYS = [...ZONES, HOST, CAPACITY_TYPE];

function spreadRule(name: string, holds: (spread: SpreadConstraint, judged: Judged) => boolean): Rule {
  return [
    `spread: ${name}`,
    (judged) =>
      (judged.pod.spec.topologySpreadConstraints ?? []).some(
        (spread) => spread.whenUnsatisfiable === 'DoNotSchedule' && holds(spread, judged),
      ),
  ];
}

const SPREAD_RULES: readonly Rule[] = [
  spreadRule('zone', ({ topologyKey }) => ZONES.includes(topologyKey)),
  spreadRule('capacity type', ({ topologyKey }) => topologyKey === CAPACITY_TYPE),
  spreadRule('hostname', ({ topologyKey }) => topologyKey === HOST),
  spreadRule('label of pools', ({ topologyKey }) => !COMMON_KEYS.includes(topologyKey)),
  spreadRule('maxSkew above 1', ({ maxSkew }) => maxSkew > 1),
  spreadRule('minDomains', ({ minDomains }) => minDomains !== undefined),
  spreadRule('nodeAffinityPolicy Ignore', ({ nodeAffinityPolicy }) => nodeAffinityPolicy === 'Ignore'),
  spreadRule('nodeTaintsPolicy Honor', ({ nodeTaintsPolicy }) => nodeTaintsPolicy === 'Honor'),
  spreadRule('matchLabelKeys', ({ matchLabelKeys }) => matchLabelKeys !== undefined),
  spreadRule('counts running pods', (spread, { pod, running }) =>
    running.some((one) => spreadCounts(spread, pod, one)),
  ),
  [
    'spread: several at once',
    ({ pod }) =>
      (pod.spec.topologySpreadConstraints ?? []).filter((one) => one.whenUnsatisfiable === 'DoNotSchedule').length > 1,
  ],
];

type Kind = 'podAffinity' | 'podAntiAffinity';

function required(pod: Pod, kind: Kind): readonly PodTerm[] {
  return pod.spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

function termRules(kind: Kind, name: string): readonly Rule[] {
  const rule = (what: string, holds: (term: PodTerm, judged: Judged) => boolean): Rule => [
    `${name}: ${what}`,
    (judged) => required(judged.pod, kind).some((term) => holds(term, judged)),
  ];
  return [
    rule('zone', ({ topologyKey }) => ZONES.includes(topologyKey)),
    rule('hostname', ({ topologyKey }) => topologyKey === HOST),
    rule('another label', ({ topologyKey }) => ![...ZONES, HOST].includes(topologyKey)),
    rule('its own pods', (term, { pod, generated }) => termMeans(term, pod, pod, generated.namespaces)),
    rule('other pods', (term, { pod, generated }) => !termMeans(term, pod, pod, generated.namespaces)),
    rule('running pods', (term, { pod, running, generated }) =>
      running.some((one) => termMeans(term, pod, one, generated.namespaces)),
    ),
    rule('namespaces', ({ namespaces }) => namespaces !== undefined),
    rule('namespaceSelector', ({ namespaceSelector }) => namespaceSelector !== undefined),
    rule('matchLabelKeys', ({ matchLabelKeys }) => matchLabelKeys !== undefined),
    rule('mismatchLabelKeys', ({ mismatchLabelKeys }) => mismatchLabelKeys !== undefined),
  ];
}

const POD_RULES: readonly Rule[] = [
  ...termRules('podAffinity', 'affinity'),
  ...termRules('podAntiAffinity', 'anti-affinity'),
  [
    'anti-affinity of running pods',
    ({ pod, running, generated }) =>
      running.some((one) =>
        required(one, 'podAntiAffinity').some((term) => termMeans(term, one, pod, generated.namespaces)),
      ),
  ],
];

const SOFT_RULES: readonly Rule[] = [
  [
    'preference: ScheduleAnyway',
    ({ pod }) => (pod.spec.topologySpreadConstraints ?? []).some((one) => one.whenUnsatisfiable === 'ScheduleAnyway'),
  ],
  ...(['podAffinity', 'podAntiAffinity', 'nodeAffinity'] as const).map(
    (kind): Rule => [
      `preference: ${kind}`,
      ({ pod }) => pod.spec.affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution !== undefined,
    ],
  ),
  [
    'preference: PreferNoSchedule',
    ({ generated }) =>
      [
        ...generated.nodePools.map(({ spec }) => spec.template.spec.taints),
        ...generated.existing.map(({ node }) => node.spec.taints ?? []),
      ].some((taints) => taints.some(({ effect }) => effect === 'PreferNoSchedule')),
  ],
];

/** The claims that a pod mounts by name. */
function claimsOf({ pod, generated }: Judged) {
  return (pod.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => {
    const found = generated.claims.find(
      ({ metadata }) =>
        metadata.name === persistentVolumeClaim?.claimName && metadata.namespace === pod.metadata.namespace,
    );
    return found === undefined ? [] : [found];
  });
}

function hasVolumes({ pod }: Judged): boolean {
  return (pod.spec.volumes ?? []).length > 0;
}

const VOLUME_RULES: readonly Rule[] = [
  ['volumes: in a zone', (judged) => claimsOf(judged).some(({ spec }) => spec.volumeName !== undefined)],
  [
    'volumes: to be made for the first pod',
    (judged) => claimsOf(judged).some(({ spec }) => spec.volumeName === undefined),
  ],
  [
    'volumes: allowedTopologies',
    (judged) =>
      claimsOf(judged).some(
        ({ spec }) => spec.volumeName === undefined && isLimitedToZones(spec.storageClassName, judged),
      ),
  ],
  ['volumes: ephemeral', ({ pod }) => (pod.spec.volumes ?? []).some(({ ephemeral }) => ephemeral !== undefined)],
  [
    'volumes: shared by pods',
    (judged) =>
      (judged.pod.spec.volumes ?? []).some(({ persistentVolumeClaim }) =>
        persistentVolumeClaim?.claimName.endsWith(`-${judged.pod.metadata.labels?.app}`),
      ),
  ],
  [
    'volumes: shared, to be made for the first pod',
    (judged) =>
      claimsOf(judged).some(
        ({ metadata, spec }) =>
          spec.volumeName === undefined && metadata.name.endsWith(`-${judged.pod.metadata.labels?.app}`),
      ),
  ],
  [
    'volumes: never bound',
    (judged) => claimsOf(judged).some(({ spec }) => spec.volumeName === undefined && isNeverBound(spec, judged)),
  ],
  [
    'volumes: limit of an existing node',
    (judged) => hasVolumes(judged) && judged.node === 'existing' && judged.attachesSoMany,
  ],
  [
    'volumes: limit of a new node',
    (judged) => hasVolumes(judged) && judged.node !== 'existing' && judged.attachesSoMany,
  ],
];

function isNeverBound({ storageClassName }: ClaimSpec, { generated }: Judged): boolean {
  if (storageClassName === '') return true;
  const named = generated.storageClasses.find(({ metadata }) => metadata.name === storageClassName);
  return named?.volumeBindingMode === 'Immediate';
}

function isLimitedToZones(className: string | undefined, { generated }: Judged): boolean {
  const isDefault = 'storageclass.kubernetes.io/is-default-class';
  const found = generated.storageClasses.find(({ metadata }) =>
    className === undefined ? metadata.annotations?.[isDefault] === 'true' : metadata.name === className,
  );
  return found?.allowedTopologies !== undefined;
}

function portsOf({ spec }: Pod) {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...spec.containers, ...sidecars].flatMap(({ ports }) => ports ?? []);
}

const PORT_RULES: readonly Rule[] = [
  ['host ports', ({ pod }) => portsOf(pod).length > 0],
  ['host ports: address', ({ pod }) => portsOf(pod).some(({ hostIP }) => hostIP !== undefined)],
  ['host ports: protocol', ({ pod }) => portsOf(pod).some(({ protocol }) => protocol === 'UDP')],
  ['host ports: sidecar', ({ pod }) => (pod.spec.initContainers ?? []).some(({ ports }) => ports !== undefined)],
  ["host ports: the node's network", ({ pod }) => pod.spec.hostNetwork === true],
  [
    'host ports: running pods',
    ({ pod, running }) => portsOf(pod).length > 0 && running.some((one) => portsOf(one).length > 0),
  ],
  [
    'host ports: daemonsets',
    ({ pod, generated }) =>
      portsOf(pod).length > 0 &&
      generated.daemonSets.some(({ spec }) => spec.template.spec.containers.some(({ ports }) => ports !== undefined)),
  ],
];

function nodeTerms({ spec }: Pod) {
  return spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
}

const NODE_RULES: readonly Rule[] = [
  ['node selector', ({ pod }) => pod.spec.nodeSelector !== undefined],
  ['node affinity', ({ pod }) => nodeTerms(pod).length > 0],
  ['node affinity: OR terms', ({ pod }) => nodeTerms(pod).length > 1],
  ['tolerations', ({ pod }) => pod.spec.tolerations !== undefined],
  [
    'tolerations that compare numbers',
    ({ pod }) => (pod.spec.tolerations ?? []).some(({ operator }) => operator === 'Gt' || operator === 'Lt'),
  ],
  ['init containers', ({ pod }) => pod.spec.initContainers !== undefined],
  ['pod-level resources', ({ pod }) => pod.spec.resources !== undefined],
  [
    'extended resources',
    ({ pod }) =>
      pod.spec.containers.some(({ resources }) =>
        Object.keys(resources.requests ?? {}).some((name) => name.includes('/')),
      ),
  ],
  ['priority', ({ pod }) => pod.spec.priorityClassName !== undefined],
  ['daemonsets', ({ generated }) => generated.daemonSets.length > 0],
  ['limits of pools', ({ generated }) => generated.nodePools.some(({ spec }) => spec.limits !== undefined)],
  ['weights of pools', ({ generated }) => generated.nodePools.some(({ spec }) => spec.weight !== undefined)],
  ['node that is there', ({ node }) => node === 'existing'],
  ['node that starts', ({ known }) => known === 'starting'],
  ['capacity on its way', ({ known }) => known === 'on its way'],
  ['new node', ({ node }) => node === 'new'],
];

const RULES: readonly Rule[] = [
  ...NODE_RULES,
  ...SPREAD_RULES,
  ...POD_RULES,
  ...SOFT_RULES,
  ...VOLUME_RULES,
  ...PORT_RULES,
];

/** A table in which nothing was in play. */
export function noRuleCounts(): RuleCounts {
  return new Map(RULES.map(([name]) => [name, { placed: 0, leftOut: 0 }]));
}

/** Adds one table to another. */
export function addRuleCounts(into: RuleCounts, counts: RuleCounts): void {
  for (const [name, { placed, leftOut }] of counts) {
    const sum = into.get(name) ?? { placed: 0, leftOut: 0 };
    into.set(name, { placed: sum.placed + placed, leftOut: sum.leftOut + leftOut });
  }
}

/** Counts the rules of every pod that was judged: all that were placed, and of those left out the ones that were tried. */
export function countRules(generated: GeneratedCase, plan: CasePlan, tried: readonly Pod[]): RuleCounts {
  const counts = noRuleCounts();
  const running = generated.existing.flatMap(({ pods }) => pods);
  const note = (judged: Judged, column: keyof RuleCount): void => {
    for (const [name, inPlay] of RULES) {
      const count = counts.get(name);
      if (count !== undefined && inPlay(judged)) count[column] += 1;
    }
  };
  for (const { pod, nodeName } of plan.placements) {
    const there = generated.existing.find(({ node }) => node.metadata.name === nodeName);
    const csiNode = there?.csiNode ?? plan.nodes.find(({ node }) => node.metadata.name === nodeName)?.csiNode;
    const kinds = there?.known.map(({ kind }) => kind) ?? [];
    const known = !kinds.includes('NodeClaim') ? undefined : kinds.includes('Node') ? 'starting' : 'on its way';
    const node = there === undefined ? 'new' : 'existing';
    note({ pod, generated, running, node, attachesSoMany: csiNode !== undefined, known }, 'placed');
  }
  const some = generated.instanceTypes.some(({ capacity }) =>
    Object.keys(capacity).some((name) => name.startsWith('attachable-volumes-')),
  );
  const triedKeys = new Set(tried.map(podKey));
  for (const { pod } of plan.leftOut) {
    if (!triedKeys.has(podKey(pod))) continue;
    note({ pod, generated, running, node: undefined, attachesSoMany: some, known: undefined }, 'leftOut');
  }
  return counts;
}
