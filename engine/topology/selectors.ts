// Which pods a topology constraint speaks of: label selectors as Kubernetes reads them, with the namespaces they look
// into. What is counted where is in domains.ts.
import type {
  LabelSelectorInput,
  NamespaceInput,
  PodAffinityInput,
  PodShape,
  TopologySpreadInput,
} from '../model/index.ts';

/** Whether a pod of a namespace with these labels is meant. */
export type PodSelector = (namespace: string, labels: Readonly<Record<string, string>>) => boolean;

/** A selector with its identity: equal texts select the same pods. */
export interface KeyedSelector {
  readonly text: string;
  readonly selects: PodSelector;
  /** A label that every selected pod carries, where the selector names one: lets most selectors be passed over. */
  readonly anchor?: readonly [key: string, value: string];
}

const NOTHING: KeyedSelector = { text: 'nothing', selects: () => false };

/** The pods that a spread constraint of a shape counts: those of its namespace that its selector matches. */
export function spreadSelector(shape: PodShape, spread: TopologySpreadInput): KeyedSelector {
  if (spread.labelSelector === undefined) return NOTHING;
  const own = ownValues(shape, spread.matchLabelKeys, 'In');
  return inNamespaces(new Set([shape.namespace]), extended(spread.labelSelector, own));
}

/** The pods that an affinity or anti-affinity term of a shape means. */
export function affinitySelector(
  shape: Pick<PodShape, 'namespace' | 'labels'>,
  term: PodAffinityInput,
  namespaces: readonly NamespaceInput[],
): KeyedSelector {
  if (term.labelSelector === undefined) return NOTHING;
  const selector = extended(term.labelSelector, [
    ...ownValues(shape, term.matchLabelKeys, 'In'),
    ...ownValues(shape, term.mismatchLabelKeys, 'NotIn'),
  ]);
  if (term.namespaceSelector === undefined) {
    return inNamespaces(new Set(term.namespaces.length === 0 ? [shape.namespace] : term.namespaces), selector);
  }
  const { matchLabels, matchExpressions } = term.namespaceSelector;
  // A present selector without conditions means every namespace, also those that the problem does not list.
  if (Object.keys(matchLabels).length === 0 && matchExpressions.length === 0) return inNamespaces(undefined, selector);
  const matches = compileLabelSelector(term.namespaceSelector);
  const chosen = namespaces.filter(({ labels }) => matches(labels)).map(({ name }) => name);
  // A namespace that is not listed has no labels: it meets NotIn and DoesNotExist.
  const listed = matches({}) ? namespaces.map(({ name }) => name) : undefined;
  return inNamespaces(new Set([...term.namespaces, ...chosen]), selector, listed);
}

/** A selector over labels: every part must hold; an absent label meets NotIn and DoesNotExist. */
export function compileLabelSelector(
  selector: LabelSelectorInput,
): (labels: Readonly<Record<string, string>>) => boolean {
  const equal = Object.entries(selector.matchLabels);
  const expressions = selector.matchExpressions.map(({ key, operator, values }) => ({
    key,
    operator,
    values: new Set(values),
  }));
  return (labels) =>
    equal.every(([key, value]) => labels[key] === value) &&
    expressions.every(({ key, operator, values }) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      switch (operator) {
        case 'In':
          return value !== undefined && values.has(value);
        case 'NotIn':
          return value === undefined || !values.has(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
        default:
          // Selectors of pods know no numeric operators; the server refuses them before.
          return false;
      }
    });
}

type Expression = LabelSelectorInput['matchExpressions'][number];

/** What the pod's own labels add to a selector (matchLabelKeys, mismatchLabelKeys); keys it does not carry add nothing. */
function ownValues(shape: Pick<PodShape, 'labels'>, keys: readonly string[], operator: 'In' | 'NotIn'): Expression[] {
  return keys.flatMap((key) => {
    const value = shape.labels[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
}

function extended(selector: LabelSelectorInput, more: readonly Expression[]): LabelSelectorInput {
  return more.length === 0 ? selector : { ...selector, matchExpressions: [...selector.matchExpressions, ...more] };
}

/** `namespaces` absent stands for all; `allBut` adds all namespaces that are not in it. */
function inNamespaces(
  namespaces: ReadonlySet<string> | undefined,
  selector: LabelSelectorInput,
  allBut?: readonly string[],
): KeyedSelector {
  const matches = compileLabelSelector(selector);
  const labels = Object.entries(selector.matchLabels).map(([key, value]) => `${key}=${value}`);
  const expressions = selector.matchExpressions.map(
    ({ key, operator, values }) => `${key} ${operator} ${[...values].sort().join(',')}`,
  );
  const named = namespaces === undefined ? '*' : [...namespaces].sort().join(',');
  const where = allBut === undefined ? named : `${named},all but ${[...allBut].sort().join(',')}`;
  const listed = new Set(allBut);
  const isMeant = (namespace: string): boolean =>
    namespaces === undefined || namespaces.has(namespace) || (allBut !== undefined && !listed.has(namespace));
  return {
    text: `${where}|${[...labels.sort(), ...expressions.sort()].join(';')}`,
    selects: (namespace, podLabels) => isMeant(namespace) && matches(podLabels),
    ...anchorOf(selector),
  };
}

function anchorOf(selector: LabelSelectorInput): Pick<KeyedSelector, 'anchor'> {
  const [label] = Object.entries(selector.matchLabels).sort(([left], [right]) => (left < right ? -1 : 1));
  if (label !== undefined) return { anchor: label };
  const single = selector.matchExpressions.find(({ operator, values }) => operator === 'In' && values.length === 1);
  return single === undefined ? {} : { anchor: [single.key, single.values[0] ?? ''] };
}
