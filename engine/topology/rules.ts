// The topology rules of shapes as numbers: which pods are counted (counters), which rules a shape brings, where its own
// pods count. A rule on the hostname is a matter of one node; every other is a matter of domains: values of a label.
import type { NamespaceInput, PodAffinityInput, PodShape, TopologySpreadInput } from '../model/index.ts';
import { normalizeLabelKey } from '../requirements/index.ts';
import { nodeConstraintsKey, tolerationsKey } from '../shapes/index.ts';
import { affinitySelector, type KeyedSelector, spreadSelector } from './selectors.ts';

/** The label that names a node. */
export const HOSTNAME_LABEL = 'kubernetes.io/hostname';

/** Pods counted over the domains of a label. */
export interface Counter {
  readonly index: number;
  /** The label whose values are the domains, normalised. */
  readonly topologyKey: string;
  readonly selector: KeyedSelector;
  /** Set for what pods of a shared claim ask for: counted are all that mount the claim, whatever their labels. */
  readonly claim?: string;
  /** Set for spreads: only pods on nodes that this shape could use are counted, as far as its policies say. */
  readonly countedFor?: {
    readonly shape: PodShape;
    readonly honorsAffinity: boolean;
    readonly honorsTaints: boolean;
    /** Labels of all spreads that the shape must keep: nodes that lack one of them count for none. */
    readonly keys: readonly string[];
  };
}

/** A spread constraint of a shape. */
export interface SpreadRule {
  readonly counter: Counter;
  readonly input: TopologySpreadInput;
  /** Whether the shape's own pods are counted. */
  readonly countsItself: boolean;
}

/** An affinity or anti-affinity term of a shape, held as required. */
export interface AffinityRule {
  readonly counter: Counter;
  /** The term's weight where it is only preferred. */
  readonly weight?: number;
  /** Whether the shape's own pods are meant. */
  readonly meansItself: boolean;
}

/** What a shape demands of where other pods are. */
export interface TopologyRules {
  readonly spreads: readonly SpreadRule[];
  readonly affinities: readonly AffinityRule[];
  readonly antiAffinities: readonly AffinityRule[];
}

/** Counters of a problem, equal ones once. */
export class CounterTable {
  readonly counters: Counter[] = [];
  readonly #namespaces: readonly NamespaceInput[];
  readonly #indices = new Map<string, Counter>();
  readonly #anchored = new Map<string, Counter[]>();
  readonly #unanchored: Counter[] = [];
  readonly #ofClaims = new Map<string, Counter[]>();

  constructor(namespaces: readonly NamespaceInput[]) {
    this.#namespaces = namespaces;
  }

  /** The rule of a spread constraint. */
  spread(shape: PodShape, input: TopologySpreadInput): SpreadRule {
    const honorsAffinity = input.nodeAffinityPolicy === 'Honor';
    const honorsTaints = input.nodeTaintsPolicy === 'Honor';
    const hard = shape.topologySpread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule');
    const keys = [...new Set([...hard, input].map(({ topologyKey }) => normalizeLabelKey(topologyKey)))].sort();
    // Without tolerations the key is empty, which is not the same as not looking at taints.
    const taints = honorsTaints ? `tolerates ${tolerationsKey(shape.tolerations)}` : '';
    const filter = `${keys.join(' ')}|${honorsAffinity ? nodeConstraintsKey(shape) : ''}|${taints}`;
    const countedFor = { shape, honorsAffinity, honorsTaints, keys };
    const counter = this.#counter(input.topologyKey, spreadSelector(shape, input), `spread ${filter}`, countedFor);
    return { counter, input, countsItself: counter.selector.selects(shape.namespace, shape.labels) };
  }

  /** The rule of an affinity or anti-affinity term. */
  affinity(shape: Pick<PodShape, 'namespace' | 'labels'>, term: PodAffinityInput): AffinityRule {
    const counter = this.#counter(term.topologyKey, affinitySelector(shape, term, this.#namespaces), '');
    return {
      counter,
      meansItself: counter.selector.selects(shape.namespace, shape.labels),
      ...(term.weight === undefined ? {} : { weight: term.weight }),
    };
  }

  /**
   * The rules of all affinity terms that a shape requires: a pod counts for each of them only where it is meant by all, as
   * kube-scheduler has it.
   */
  requiredAffinities(shape: PodShape, terms: readonly PodAffinityInput[]): AffinityRule[] {
    const rules = terms.map((term) => this.affinity(shape, term));
    if (rules.length < 2) return rules;
    const selectors = rules.map(({ counter }) => counter.selector);
    const joint: KeyedSelector = {
      text: selectors
        .map(({ text }) => text)
        .sort()
        .join(' and '),
      selects: (namespace, labels) => selectors.every((selector) => selector.selects(namespace, labels)),
    };
    const meansItself = joint.selects(shape.namespace, shape.labels);
    return rules.map(({ counter }) => ({ counter: this.#counter(counter.topologyKey, joint, ''), meansItself }));
  }

  /**
   * The rules of claims that a shape shares and whose volumes are not made yet: the volume will be where the first pod
   * lands, so all others must be in the same domain, as with an affinity to each other.
   */
  claims(shape: PodShape): AffinityRule[] {
    return shape.volumes.flatMap(({ sharedClaim, topologyKeys = [] }) =>
      sharedClaim === undefined
        ? []
        : topologyKeys.map((topologyKey) => ({
            counter: this.#claimCounter(topologyKey, `${shape.namespace}/${sharedClaim}`),
            meansItself: true,
          })),
    );
  }

  /** Counters that count pods of a shape. */
  counting(shape: Pick<PodShape, 'namespace' | 'labels'> & Partial<Pick<PodShape, 'volumes'>>): Counter[] {
    const found: Counter[] = [...this.#unanchored];
    const claims = new Set((shape.volumes ?? []).map(({ sharedClaim }) => sharedClaim));
    const ofClaims = [...claims].flatMap((claim) =>
      claim === undefined ? [] : (this.#ofClaims.get(`${shape.namespace}/${claim}`) ?? []),
    );
    for (const [key, value] of Object.entries(shape.labels))
      found.push(...(this.#anchored.get(`${key}=${value}`) ?? []));
    return found
      .filter((counter) => counter.selector.selects(shape.namespace, shape.labels))
      .concat(ofClaims)
      .sort((left, right) => left.index - right.index);
  }

  #claimCounter(topologyKey: string, claim: string): Counter {
    const key = normalizeLabelKey(topologyKey);
    const known = this.#ofClaims.get(claim)?.find((counter) => counter.topologyKey === key);
    if (known !== undefined) return known;
    const selector = { text: `claim ${claim}`, selects: () => false };
    const counter: Counter = { index: this.counters.length, topologyKey: key, selector, claim };
    this.counters.push(counter);
    this.#ofClaims.set(claim, [...(this.#ofClaims.get(claim) ?? []), counter]);
    return counter;
  }

  #counter(topologyKey: string, selector: KeyedSelector, filter: string, countedFor?: Counter['countedFor']): Counter {
    const key = normalizeLabelKey(topologyKey);
    const text = `${key} ${filter} ${selector.text}`;
    let counter = this.#indices.get(text);
    if (counter === undefined) {
      counter = {
        index: this.counters.length,
        topologyKey: key,
        selector,
        ...(countedFor === undefined ? {} : { countedFor }),
      };
      this.counters.push(counter);
      if (selector.anchor === undefined) this.#unanchored.push(counter);
      else {
        const anchor = selector.anchor.join('=');
        const list = this.#anchored.get(anchor);
        if (list === undefined) this.#anchored.set(anchor, [counter]);
        else list.push(counter);
      }
      this.#indices.set(text, counter);
    }
    return counter;
  }
}

/** Whether a rule is a matter of one node. */
export function isOnHostname(rule: { readonly counter: Counter }): boolean {
  return rule.counter.topologyKey === HOSTNAME_LABEL;
}
