// Conditions that a pod brings beside labels: taints it has to tolerate, where its volumes are, ports that daemonsets take,
// and what it requests of each resource once daemonsets have theirs.
import { andNotInto, hasBit, orInto } from '../bits/index.ts';
import { compareText } from '../catalogue/index.ts';
import { type CompiledShape, carrying } from '../compile/index.ts';
import { nearTexts } from '../hints/index.ts';
import type { Taint, Toleration, VolumeInput } from '../model/index.ts';
import { describeRequirement, RequirementSet, requirementOf } from '../requirements/index.ts';
import { describeTaint, isAttachment, tolerates } from '../rules/index.ts';
import { COST, type Condition, condition, drop } from './condition.ts';
import type { AmountFact } from './explanation.ts';
import type { Layers, PoolSpace, Spot } from './space.ts';
import { amountText, listText } from './words.ts';

/** Conditions by the pool's taints, one for each that the pod does not tolerate. */
export function taintConditions(space: PoolSpace, tolerations: readonly Toleration[]): Condition[] {
  const { input } = space.pool;
  const open = input.taints.filter(
    (taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((toleration) => tolerates(toleration, taint)),
  );
  const sorted = [...open].sort((left, right) => compareText(describeTaint(left), describeTaint(right)));
  return sorted.map((taint) =>
    condition({
      kind: 'taint',
      field: 'spec.tolerations',
      key: taint.key,
      text: `taint ${describeTaint(taint)} of pool ${input.name}${nearMiss(taint, tolerations)}`,
      layers: space.nowhere,
      cost: () => COST.pod,
      edit: () => ({
        field: 'spec.tolerations',
        value: describeTaint(taint),
        text: `add the toleration ${tolerationText(taint)}`,
        admits: () => true,
      }),
    }),
  );
}

/** A toleration as it would be written for a taint. */
export function tolerationText({ key, value, effect }: Taint): string {
  return value === ''
    ? `{key: ${key}, operator: Exists, effect: ${effect}}`
    : `{key: ${key}, value: ${value}, effect: ${effect}}`;
}

/** The toleration that comes near a taint and does not cover it. */
function nearMiss(taint: Taint, tolerations: readonly Toleration[]): string {
  const written = (toleration: Toleration): string =>
    `${toleration.key}${toleration.operator === 'Exists' ? '' : `=${toleration.value}`}:${toleration.effect ?? 'any effect'}`;
  const same = tolerations.find(({ key }) => key === taint.key);
  if (same !== undefined) return ` (the pod tolerates ${written(same)})`;
  const [near] = nearTexts(
    taint.key,
    tolerations.map(({ key }) => key),
    1,
  );
  return near === undefined ? '' : ` (the pod tolerates the key ${near})`;
}

/** Conditions by volumes that are tied to places, one a volume. */
export function volumeConditions(space: PoolSpace, volumes: readonly VolumeInput[]): Condition[] {
  const conditions: Condition[] = [];
  volumes.forEach(({ claimName, nodeTerms }, index) => {
    if (nodeTerms.length === 0) return;
    const usable = nodeTerms.filter(
      ({ matchExpressions, matchFields }) =>
        matchExpressions.length + matchFields.length > 0 && matchFields.every(({ operator }) => operator === 'NotIn'),
    );
    const layers: Uint32Array[] = space.variants.map(() => space.nothing);
    for (const term of usable) {
      const met = space.meetingSet(RequirementSet.ofInputs(term.matchExpressions));
      for (const [variant, layer] of layers.entries()) orInto(layer, met[variant]!);
    }
    const places = nodeTerms.map((term) =>
      term.matchExpressions.map((input) => describeRequirement(requirementOf(input))).join(' and '),
    );
    const keys = [...new Set(nodeTerms.flatMap((term) => term.matchExpressions.map(({ key }) => key)))];
    const name = claimName === '' ? `volume ${index + 1}` : `volume of claim ${claimName}`;
    conditions.push(
      condition({
        kind: 'volume',
        field: `spec.volumes[${index}]`,
        key: keys.length === 1 ? requirementOf({ key: keys[0]!, operator: 'Exists', values: [] }).key : '',
        text: `${name}: ${places.length === 0 ? 'nowhere' : listText(places)}`,
        layers,
        cost: () => COST.world,
        edit: (spot) => {
          const values = keys.map(
            (key) => space.label(spot, requirementOf({ key, operator: 'Exists', values: [] }).key) ?? 'none',
          );
          return {
            field: `spec.volumes[${index}]`,
            value: values.join(', '),
            text: `have the ${name} in ${values.join(', ')}`,
            admits: (other) =>
              keys.every(
                (key, at) =>
                  (space.label(other, requirementOf({ key, operator: 'Exists', values: [] }).key) ?? 'none') ===
                  values[at],
              ),
          };
        },
      }),
    );
  });
  return conditions;
}

/** Why a pod may not be beside a daemonset's, in words. */
const BESIDE_DAEMONS = {
  'host-port': {
    kind: 'host-port',
    field: 'spec.containers.ports.hostPort',
    text: (names: string) => `host ports that ${names} take as well`,
    change: 'give the pod another host port',
  },
  'anti-affinity': {
    kind: 'pod-anti-affinity',
    field: 'spec.affinity.podAntiAffinity',
    text: (names: string) => `anti-affinity to pods of ${names}`,
    change: 'let the pod be beside them',
  },
  'held-away': {
    kind: 'pod-anti-affinity',
    field: 'metadata.labels',
    text: (names: string) => `anti-affinity of ${names} to the pod`,
    change: 'give the pod labels that they do not mean',
  },
} as const;

/** The condition to be on a node without the daemonsets that the pod may not be beside; none where there are none. */
export function daemonConditions(space: PoolSpace, shape: CompiledShape): Condition[] {
  const { apartFromDaemons, daemonConflict = 'host-port' } = shape.demands.at(-1) ?? {};
  const daemons = apartFromDaemons?.apartFrom ?? [];
  const words = BESIDE_DAEMONS[daemonConflict];
  if (daemons.length === 0) return [];
  const { compiled } = space;
  const layers = space.everything.map((layer) => layer.slice());
  const names: string[] = [];
  for (const { daemon, topologyKey } of daemons) {
    const { namespace, name, shape: daemonShape } = compiled.problem.daemonSets[daemon]!;
    if (!compiled.toleratesTaints(space.pool.input.taints, daemonShape.tolerations)) continue;
    if (!names.includes(`${namespace}/${name}`)) names.push(`${namespace}/${name}`);
    for (const term of compiled.daemons.constraints[daemon]!.terms) {
      space.meetingSet(term.and(carrying(topologyKey))).forEach((met, variant) => {
        andNotInto(layers[variant]!, met);
      });
    }
  }
  return [
    condition({
      kind: words.kind,
      field: words.field,
      key: '',
      text: words.text(listText(names)),
      layers,
      cost: () => COST.pod,
      edit: () => drop(words.field, words.change),
    }),
  ];
}

/** Conditions by what one pod requests, one a resource in the order of dimensions, and one for overdrawn nodes. */
export function resourceConditions(space: PoolSpace, shape: CompiledShape): Condition[] {
  const { dimensions } = space.compiled;
  const conditions: Condition[] = [];
  dimensions.forEach((resource, dimension) => {
    const asked = shape.alone[dimension]!;
    if (asked > 0) conditions.push(resourceCondition(space, resource, dimension, asked));
  });
  const layers = space.where((spot) => space.room(spot).every((amount) => amount >= 0));
  const overdrawn = space.variants.some(({ universe }, variant) => !equalBits(universe, layers[variant]!));
  if (overdrawn) {
    conditions.push(
      condition({
        kind: 'resource',
        field: 'spec.containers.resources.requests',
        key: '',
        text: 'nodes that daemonsets do not fill by themselves',
        layers,
        cost: () => COST.world,
        edit: (spot) => {
          const short = dimensions[space.room(spot).findIndex((amount) => amount < 0)] ?? '';
          return drop(
            'daemon_sets',
            `have daemonsets ask for less ${short}: alone they take more than ${space.typeName(spot.offering)} has`,
          );
        },
      }),
    );
  }
  return conditions;
}

function equalBits(left: Uint32Array, right: Uint32Array): boolean {
  return left.every((word, index) => word === right[index]);
}

function resourceCondition(space: PoolSpace, resource: string, dimension: number, asked: number): Condition {
  const field = isAttachment(resource)
    ? 'spec.volumes'
    : `spec.containers.resources.requests[${JSON.stringify(resource)}]`;
  const roomOf = (spot: Spot): number => space.room(spot)[dimension]!;
  return condition({
    kind: 'resource',
    field,
    key: resource,
    text: `${amountText(resource, asked, 'up')} after daemonsets`,
    layers: space.where((spot) => roomOf(spot) >= asked),
    cost: (spot) => COST.pod + Math.min(1, (asked - roomOf(spot)) / asked),
    amount: (among) => mostAmong(space, among, resource, asked, roomOf),
    edit: (spot) => {
      const most = roomOf(spot);
      const type = space.typeName(spot.offering);
      return {
        field,
        amount: Math.max(0, most),
        text:
          most > 0
            ? `ask for at most ${amountText(resource, most)}, what ${type} leaves for pods`
            : `ask for no ${resource}: no type that meets the other conditions has any`,
        admits: (other) => roomOf(other) >= most,
      };
    },
  });
}

/** The most that some offering among these leaves of a resource. */
function mostAmong(
  space: PoolSpace,
  among: Layers,
  resource: string,
  asked: number,
  roomOf: (spot: Spot) => number,
): AmountFact | undefined {
  let best: Spot | undefined;
  among.forEach((layer, variant) => {
    for (let offering = 0; offering < space.compiled.catalogue.offeringCount; offering++) {
      if (!hasBit(layer, offering)) continue;
      if (best === undefined || roomOf({ variant, offering }) > roomOf(best)) best = { variant, offering };
    }
  });
  if (best === undefined) return undefined;
  const most = roomOf(best);
  return {
    resource,
    asked,
    most: Number.isFinite(most) ? Math.max(0, most) : asked,
    typeName: space.typeName(best.offering),
  };
}
