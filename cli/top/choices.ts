// What of the nodes is shown, and in which order: the flags' values, read. Pure.
import type { NodeView } from '../../controller/overview/index.ts';

/** A resource whose fullness is known. */
export type Resource = 'cpu' | 'memory';

export const RESOURCES: readonly Resource[] = ['cpu', 'memory'];

/** Reads `cpu,memory`. Throws an Error for the user. */
export function parseResources(written: string): readonly Resource[] {
  const names = [...new Set(written.split(',').map((name) => name.trim()))];
  const unknown = names.find((name) => !RESOURCES.includes(name as Resource));
  if (unknown !== undefined) throw new Error(`"${unknown}" is not known: write ${RESOURCES.join(', ')} or both`);
  return names as Resource[];
}

/** Holds for nodes whose labels meet every one of its terms. */
export interface Selector {
  readonly keys: readonly string[];
  holds(labels: Readonly<Record<string, string>>): boolean;
}

interface Term {
  readonly key: string;
  readonly holds: (value: string | undefined) => boolean;
}

/** Reads `key=value,key!=value,key,!key`, as kubectl has it. Throws an Error for the user. */
export function parseSelector(written: string): Selector {
  const terms = written.split(',').map((text) => parseTerm(text.trim()));
  return {
    keys: terms.map(({ key }) => key),
    holds: (labels) => terms.every(({ key, holds }) => holds(labels[key])),
  };
}

function parseTerm(text: string): Term {
  const match = /^(?<not>!)?(?<key>[\w./-]+)(?:\s*(?<operator>==?|!=)\s*(?<value>[\w.-]*))?$/.exec(text);
  const { not, key = '', operator, value } = match?.groups ?? {};
  if (match === null || (not !== undefined && operator !== undefined)) {
    throw new Error(`"${text}" can't be read: write label=value, label!=value, label or !label, with commas between`);
  }
  if (operator === undefined) return { key, holds: (found) => (found === undefined) === (not !== undefined) };
  return { key, holds: operator === '!=' ? (found) => found !== value : (found) => found === value };
}

/** An order of nodes. */
export type Sort = (a: NodeView, b: NodeView) => number;

type SortKey = (node: NodeView) => string | number;

const share = ({ used, of }: NodeView['cpu']): number => (of === 0 ? 0 : used / of);

const SORT_KEYS: Readonly<Record<string, SortKey>> = {
  // The older, the larger.
  age: ({ sinceMs }) => -sinceMs,
  name: ({ nodeName, id }) => nodeName ?? id,
  type: ({ instanceType }) => instanceType,
  zone: ({ zone }) => zone,
  pool: ({ pool }) => pool,
  price: ({ pricePerHour = -1 }) => pricePerHour,
  cpu: ({ cpu }) => share(cpu),
  memory: ({ memory }) => share(memory),
  pods: ({ pods }) => pods.reduce((sum, { count }) => sum + count, 0),
};

/** Reads `price`, `price=asc` or `price=dsc`. Nodes that are equal in it are ordered by their names. Throws an Error for the user. */
export function parseSort(written: string): Sort {
  const [field = '', direction = 'asc'] = written.split('=');
  const key = SORT_KEYS[field];
  if (key === undefined || !['asc', 'dsc', 'desc'].includes(direction)) {
    throw new Error(
      `"${written}" can't be read: write FIELD, FIELD=asc or FIELD=dsc with one of ${Object.keys(SORT_KEYS).join(', ')}`,
    );
  }
  const sign = direction === 'asc' ? 1 : -1;
  return (a, b) => sign * compare(key(a), key(b)) || compare(a.id, b.id);
}

function compare<Value extends string | number>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
