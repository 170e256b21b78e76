// Names of pods: their uniqueness and number while a request is read, and their return to the slots of a plan. The engine
// never sees them.
import { invalidArgument, ServiceError } from '../errors.ts';
import { LIMITS } from '../limits.ts';

/** Checks that names are unique within their namespace and that there are not too many. */
export class PodNames {
  readonly #byNamespace = new Map<string, Set<string>>();
  #count = 0;

  /** Names so far. */
  get count(): number {
    return this.#count;
  }

  /** Takes the names of one group; `path` is the group's place in the request. */
  add(namespace: string, names: readonly string[], path: string): void {
    this.#count += names.length;
    if (this.#count > LIMITS.podsPerRequestCount) {
      throw new ServiceError(
        'resource-exhausted',
        `the request has more than ${LIMITS.podsPerRequestCount} pods; split it`,
        { field: path },
      );
    }
    let known = this.#byNamespace.get(namespace);
    if (known === undefined) {
      known = new Set();
      this.#byNamespace.set(namespace, known);
    }
    for (let index = 0; index < names.length; index++) {
      const name = names[index] ?? '';
      const before = known.size;
      known.add(name);
      if (known.size === before) {
        throw invalidArgument(
          `${path}.names[${index}]`,
          `pod ${namespace}/${name} is in the request twice; names are unique within a namespace`,
        );
      }
    }
  }
}

/** Some names of one group of the request: the contract's PlacedPods. */
export interface DealtNames {
  /** Index into the request's `pod_groups`. */
  group: number;
  names: string[];
}

/** Deals the names of a shape's pods to slots in the order of the request: group after group, name after name. */
export class NameDealer {
  /** Groups of each shape, in request order. */
  readonly #groups: readonly (readonly number[])[];
  readonly #names: readonly (readonly string[])[];
  /** For each shape the position in its list of groups, and in that group's names. */
  readonly #groupPosition: Uint32Array;
  readonly #namePosition: Uint32Array;

  /** `shapeOfGroup` has the shape of each group, `names` the names of each. */
  constructor(shapeOfGroup: Uint32Array, shapeCount: number, names: readonly (readonly string[])[]) {
    const groups: number[][] = Array.from({ length: shapeCount }, () => []);
    for (let group = 0; group < shapeOfGroup.length; group++) groups[shapeOfGroup[group] ?? 0]?.push(group);
    this.#groups = groups;
    this.#names = names;
    this.#groupPosition = new Uint32Array(shapeCount);
    this.#namePosition = new Uint32Array(shapeCount);
  }

  /** The groups of a shape in the request, ascending. */
  groupsOf(shapeIndex: number): readonly number[] {
    return this.#groups[shapeIndex] ?? [];
  }

  /** The first group of a shape in the request. */
  firstGroup(shapeIndex: number): number {
    return this.#groups[shapeIndex]?.[0] ?? 0;
  }

  /** The next `count` names of a shape, by group. Throws when the plan has more pods than the request. */
  deal(shapeIndex: number, count: number): DealtNames[] {
    const dealt: DealtNames[] = [];
    let missing = count;
    while (missing > 0) {
      const group = this.#groups[shapeIndex]?.[this.#groupPosition[shapeIndex] ?? 0];
      const names = group === undefined ? undefined : this.#names[group];
      if (group === undefined || names === undefined) {
        throw new Error(`deal names: the plan has more pods of a shape than the request (shape=${shapeIndex})`);
      }
      const start = this.#namePosition[shapeIndex] ?? 0;
      const taken = names.slice(start, start + missing);
      missing -= taken.length;
      if (start + taken.length === names.length) {
        this.#groupPosition[shapeIndex] = (this.#groupPosition[shapeIndex] ?? 0) + 1;
        this.#namePosition[shapeIndex] = 0;
      } else this.#namePosition[shapeIndex] = start + taken.length;
      if (taken.length > 0) dealt.push({ group, names: taken });
    }
    return dealt;
  }
}
