// Server-side apply, forced: what a manager writes is set, and what it wrote before and leaves out now goes, unless another
// manager applied it too. Who applied what is kept beside the objects instead of in metadata.managedFields.
import { type Fields, isFields } from './json.ts';
import { mergeKeyOf, strategicPatch } from './strategic-patch.ts';

/** The leaves that each manager has applied, by the object's UID. */
export class AppliedFields {
  readonly #byObject = new Map<string, Map<string, readonly Leaf[]>>();

  /** The object after a manager has applied `body`. The target is not changed. */
  apply(target: Readonly<Fields>, body: Readonly<Fields>, manager: string): Fields {
    const merged = strategicPatch(target, body) as Fields;
    const uid = uidOf(target);
    const managers = uid === undefined ? undefined : this.#byObject.get(uid);
    const kept = new Set(leavesOf(body).map(({ id }) => id));
    for (const [other, leaves] of managers ?? []) if (other !== manager) for (const { id } of leaves) kept.add(id);
    return (managers?.get(manager) ?? [])
      .filter(({ id }) => !kept.has(id))
      .reduce((object, leaf) => without(object, leaf.steps) as Fields, merged);
  }

  /** Notes that the stored object holds what a manager applied. */
  note(uid: string, body: Readonly<Fields>, manager: string): void {
    const managers = this.#byObject.get(uid) ?? new Map<string, readonly Leaf[]>();
    managers.set(manager, leavesOf(body));
    this.#byObject.set(uid, managers);
  }

  /** Drops what is known of an object that is gone. */
  forget(uid: string): void {
    this.#byObject.delete(uid);
  }
}

/** A step into a value: a field, or the entry of a list that has this key. */
type Step = string | { readonly key: string; readonly value: unknown };

interface Leaf {
  readonly steps: readonly Step[];
  readonly id: string;
}

function uidOf(object: Readonly<Fields>): string | undefined {
  const uid = isFields(object.metadata) ? object.metadata.uid : undefined;
  return typeof uid === 'string' ? uid : undefined;
}

const UNOWNED = new Set(['apiVersion', 'kind', 'metadata.name', 'metadata.namespace', 'metadata.resourceVersion']);

function leavesOf(body: Readonly<Fields>): Leaf[] {
  const leaves: Leaf[] = [];
  const walk = (value: unknown, path: string, steps: readonly Step[]): void => {
    if (UNOWNED.has(path)) return;
    const key = Array.isArray(value) ? mergeKeyOf(path) : undefined;
    if (Array.isArray(value) && key !== undefined && key !== '') {
      for (const entry of value)
        walk(entry, path, [...steps, { key, value: isFields(entry) ? entry[key] : undefined }]);
    } else if (isFields(value) && Object.keys(value).length > 0) {
      for (const [field, entry] of Object.entries(value)) {
        walk(entry, path === '' ? field : `${path}.${field}`, [...steps, field]);
      }
    } else leaves.push({ steps, id: JSON.stringify(steps) });
  };
  walk(body, '', []);
  return leaves;
}

/** The value without what the steps lead to; an entry of a list goes when nothing but its key is left. */
function without(value: unknown, steps: readonly Step[]): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return undefined;
  if (typeof step === 'string') {
    if (!isFields(value) || !(step in value)) return value;
    const inner = without(value[step], rest);
    const { [step]: _, ...others } = value;
    return inner === undefined ? others : { ...others, [step]: inner };
  }
  if (!Array.isArray(value)) return value;
  return value.flatMap((entry) => {
    if (!isFields(entry) || entry[step.key] !== step.value) return [entry];
    const inner = without(entry, rest);
    return isFields(inner) && Object.keys(inner).some((field) => field !== step.key) ? [inner] : [];
  });
}
