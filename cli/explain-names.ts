// Names that the arguments of `dovetail explain` give, as pods of the input and as nodes: NAME, pod/NAME, KIND/NAME for all
// pods of a workload, each with its namespace in front where the name is not enough.
import { nearTexts } from '../engine/index.ts';
import type { ReadInput } from './manifest-input.ts';
import { badInput } from './outcome.ts';
import { workloadKind } from './solve-options.ts';

/** A pod of the input. */
export interface NamedPod {
  readonly namespace: string;
  readonly name: string;
}

/** Most pods that one call explains by name; those of a workload are mostly alike, so the first say it all. */
const MOST_NAMED_PODS = 1000;

/** Most names that a message proposes. */
const PROPOSED_NAMES = 3;

/** The pods that names mean. Throws a CommandError with names that come near. */
export function findPods(names: readonly string[], input: Pick<ReadInput, 'request' | 'workloadByPod'>): NamedPod[] {
  if (names.length === 0) return [];
  const pods = input.request.podGroups.flatMap(({ shape, names: podNames }) => {
    const namespace = shape?.namespace === undefined || shape.namespace === '' ? 'default' : shape.namespace;
    return podNames.map((name) => ({ namespace, name }));
  });
  const found = new Map<string, NamedPod>();
  for (const written of names) {
    for (const pod of podsCalled(written, pods, input.workloadByPod)) found.set(`${pod.namespace}/${pod.name}`, pod);
  }
  return [...found.values()].slice(0, MOST_NAMED_PODS);
}

function podsCalled(
  written: string,
  pods: readonly NamedPod[],
  workloadByPod: ReadonlyMap<string, string>,
): readonly NamedPod[] {
  const { namespace, kind, name } = parts(written);
  const inNamespace = namespace === undefined ? pods : pods.filter((pod) => pod.namespace === namespace);
  const workloadOf = (pod: NamedPod): string => workloadByPod.get(`${pod.namespace}/${pod.name}`) ?? '';
  const byName = kind === undefined || kind === 'pod' ? inNamespace.filter((pod) => pod.name === name) : [];
  if (byName.length > 1) {
    const among = byName.map((pod) => `${pod.namespace}/pod/${name}`).sort();
    throw badInput(`${written}: several pods are called so: write ${among.join(' or ')}`);
  }
  const [pod] = byName;
  if (pod !== undefined) return byName;
  const ofWorkload = inNamespace.filter((each) => {
    const workload = workloadOf(each);
    return kind === undefined ? workload.slice(workload.indexOf('/') + 1) === name : workload === `${kind}/${name}`;
  });
  if (ofWorkload.length > 0) return ofWorkload;
  throw badInput(`${written}: the input has no pod of this name that waits for a node${near(name, pods, workloadOf)}`);
}

function near(name: string, pods: readonly NamedPod[], workloadOf: (pod: NamedPod) => string): string {
  const known = new Set(pods.flatMap((pod) => [pod.name, workloadOf(pod).replace(/^[^/]*\//, '')]));
  known.delete('');
  const starting = [...known].filter((each) => each.startsWith(name)).slice(0, PROPOSED_NAMES);
  const proposed = starting.length > 0 ? starting : nearTexts(name, known, PROPOSED_NAMES);
  return proposed.length === 0 ? '' : `; did you mean ${proposed.join(', ')}?`;
}

function parts(written: string): { readonly namespace?: string; readonly kind?: string; readonly name: string } {
  const pieces = written.split('/');
  if (pieces.length > 3 || pieces.includes('')) {
    throw badInput(`${written}: write NAME, pod/NAME, deployment/NAME or NAMESPACE/pod/NAME`);
  }
  const [name = '', kindWritten, namespace] = pieces.reverse();
  if (kindWritten === undefined) return { name };
  const kind = /^(po|pod|pods)$/i.test(kindWritten) ? 'pod' : workloadKind(kindWritten);
  if (kind === undefined)
    throw badInput(`${written}: ${kindWritten} is no kind of pods or workloads; write pod/${name}`);
  return { kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** Numbers of planned nodes and names of nodes that are there. */
export function readNodeNumbers(written: readonly string[]): {
  readonly planned: readonly number[];
  readonly existing: readonly string[];
} {
  const isNumber = (text: string): boolean => /^\d{1,9}$/.test(text);
  const planned = written.filter(isNumber).map(Number);
  if (planned.includes(0)) throw badInput('--node 0: the nodes of a plan are numbered from 1');
  return { planned, existing: written.filter((text) => !isNumber(text)) };
}
