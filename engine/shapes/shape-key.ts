// The canonical text of a shape: equal for shapes that ask for the same thing, however their lists are ordered. It is
// the shape's identity within a problem, and its sorted order is the engine's canonical order of shapes.
import type {
  HostPortInput,
  LabelSelectorInput,
  NodeTermInput,
  PodAffinityInput,
  PodShape,
  RequirementInput,
  ResourceList,
  Toleration,
  TopologySpreadInput,
  VolumeInput,
} from '../model/index.ts';

// Separators that no Kubernetes name or label value may contain.
const FIELD = '\u0001';
const ITEM = '\u0002';
const PART = '\u0003';
const INNER = '\u0004';

/** A shape as text. */
export interface ShapeText {
  /** Two shapes have the same exactly when they are interchangeable. */
  readonly key: string;
  /** The same for shapes that differ only in their requests. */
  readonly profileKey: string;
  readonly requestsKey: string;
}

/** Canonical text of a shape. */
export function shapeKey(shape: PodShape): string {
  return shapeText(shape).key;
}

/** Canonical texts of a shape and of its parts. */
export function shapeText(shape: PodShape): ShapeText {
  const before = shape.namespace + FIELD + mapText(shape.labels) + FIELD;
  const requestsKey = resourcesText(shape.requests);
  const after = [
    nodeConstraintsKey(shape),
    // The order of preferences and spreads decides in which order they are given up: it is part of the shape.
    listed(shape.preferredNodeTerms, preferredText),
    tolerationsKey(shape.tolerations),
    listed(shape.topologySpread, spreadText),
    listed(shape.podAffinity, affinityText),
    listed(shape.podAntiAffinity, affinityText),
    sorted(shape.hostPorts, portText),
    sorted(shape.volumes, volumeText),
    shape.priority,
  ].join(FIELD);
  return { key: before + requestsKey + FIELD + after, profileKey: before + FIELD + after, requestsKey };
}

function volumeText(volume: VolumeInput): string {
  const { claimName, driver, nodeTerms, sharedClaim, topologyKeys = [], obstacle } = volume;
  const parts = [claimName, driver, sorted(nodeTerms, termText)];
  // Most volumes have none of these, and their texts stay short.
  if (sharedClaim !== undefined || obstacle !== undefined) {
    const shared = `${sharedClaim ?? ''}${INNER}${[...topologyKeys].sort().join(INNER)}`;
    parts.push(shared, obstacle?.kind ?? '', obstacle?.object ?? '');
  }
  return parts.join(PART);
}

/** Canonical text of what a shape demands of a node's labels: shapes that share it share their masks. */
export function nodeConstraintsKey(shape: Pick<PodShape, 'nodeSelector' | 'requiredNodeTerms'>): string {
  return mapText(shape.nodeSelector) + FIELD + sorted(shape.requiredNodeTerms, termText);
}

/** Canonical text of tolerations. */
export function tolerationsKey(tolerations: readonly Toleration[]): string {
  return sorted(tolerations, tolerationText);
}

/** Canonical text of amounts. Zeros count as absent. */
export function resourcesText(resources: ResourceList): string {
  return remembered(resources, () =>
    Object.keys(resources)
      .filter((name) => resources[name] !== 0)
      .sort()
      .map((name) => `${name}=${resources[name]}`)
      .join(ITEM),
  );
}

/** Texts of parts of shapes, by the part: shapes that were read together share theirs. */
const TEXTS = new WeakMap<object, string>();

function remembered(part: object, write: () => string): string {
  let text = TEXTS.get(part);
  if (text === undefined) {
    text = write();
    TEXTS.set(part, text);
  }
  return text;
}

function mapText(map: Readonly<Record<string, string>>): string {
  return remembered(map, () =>
    Object.keys(map)
      .sort()
      .map((key) => key + PART + map[key])
      .join(ITEM),
  );
}

function listed<T>(items: readonly T[], text: (item: T) => string): string {
  return items.length === 0 ? '' : remembered(items, () => items.map(text).join(ITEM));
}

function sorted<T>(items: readonly T[], text: (item: T) => string): string {
  return items.length === 0 ? '' : remembered(items, () => items.map(text).sort().join(ITEM));
}

function preferredText({ weight, term }: PodShape['preferredNodeTerms'][number]): string {
  return weight + PART + termText(term);
}

function tolerationText({ key, operator, value, effect }: Toleration): string {
  return [key, operator, value, effect ?? ''].join(PART);
}

function portText({ hostIp, port, protocol }: HostPortInput): string {
  return `${hostIp}${PART}${port}${PART}${protocol}`;
}

function requirementText(requirement: RequirementInput): string {
  const values = requirement.values.length > 1 ? [...requirement.values].sort() : requirement.values;
  return requirement.key + INNER + requirement.operator + INNER + values.join(INNER);
}

function termText(term: NodeTermInput): string {
  return `${term.matchExpressions.map(requirementText).sort().join(PART)}${PART}${PART}${term.matchFields.map(requirementText).sort().join(PART)}`;
}

function selectorText(selector: LabelSelectorInput | undefined): string {
  if (selector === undefined) return '-';
  const labels = Object.keys(selector.matchLabels)
    .sort()
    .map((key) => `${key}${INNER}${selector.matchLabels[key]}`);
  return `${labels.join(PART)}${PART}${PART}${selector.matchExpressions.map(requirementText).sort().join(PART)}`;
}

function spreadText(spread: TopologySpreadInput): string {
  return [
    spread.topologyKey,
    spread.maxSkew,
    spread.whenUnsatisfiable,
    selectorText(spread.labelSelector),
    spread.minDomains ?? '',
    spread.nodeAffinityPolicy,
    spread.nodeTaintsPolicy,
    [...spread.matchLabelKeys].sort().join(INNER),
  ].join(PART);
}

function affinityText(term: PodAffinityInput): string {
  return [
    term.weight ?? '',
    term.topologyKey,
    selectorText(term.labelSelector),
    [...term.namespaces].sort().join(INNER),
    selectorText(term.namespaceSelector),
    [...term.matchLabelKeys].sort().join(INNER),
    [...term.mismatchLabelKeys].sort().join(INNER),
  ].join(PART);
}
