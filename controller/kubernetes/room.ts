// Which pods a node has no room for beside those that it has. Sums of requests only: nothing else of the scheduler's rules.
import { InputError, type KubernetesObject, mapping, pathOf } from './fields.ts';
import { podRequests } from './pod-requests.ts';
import { podState } from './pod-state.ts';
import { type AmountList, readAmounts } from './resources.ts';

/** One pod, in the billionths that amounts are counted in. */
const ONE_POD = 1_000_000_000n;

const SPEC_PATH = pathOf('spec');
const STATUS_PATH = pathOf('status');

/**
 * Those of the pods that wait for which nothing is left, each after the ones before it. What cannot be understood takes no
 * room; what a node does not offer yet, as before a device plugin runs, is not judged.
 *
 * @param allocatable the node's
 * @param there pods that are bound to it
 */
export function crowdedOut<Pod extends KubernetesObject>(
  allocatable: unknown,
  there: readonly KubernetesObject[],
  waiting: readonly Pod[],
): Pod[] {
  const offered = readAmounts(allocatable, pathOf('status', 'allocatable'));
  const isOffered = (name: string): boolean => (offered.get(name) ?? 0n) > 0n;
  const free: AmountList = new Map(offered);
  for (const pod of there)
    for (const [name, amount] of requestsThere(pod)) free.set(name, (free.get(name) ?? 0n) - amount);
  return waiting.filter((pod) => {
    const asked = requests(pod);
    if ([...asked].some(([name, amount]) => amount > (isOffered(name) ? (free.get(name) ?? 0n) : amount))) return true;
    for (const [name, amount] of asked) free.set(name, (free.get(name) ?? 0n) - amount);
    return false;
  });
}

/** What a bound pod takes: nothing once it has ended. */
function requestsThere(pod: KubernetesObject): AmountList {
  try {
    return podState(pod, true).kind === 'bound' ? requests(pod) : new Map();
  } catch (error) {
    if (error instanceof InputError) return new Map();
    throw error;
  }
}

function requests({ spec, status }: KubernetesObject): AmountList {
  try {
    const asked = podRequests(mapping(spec, SPEC_PATH) ?? {}, SPEC_PATH, mapping(status, STATUS_PATH), undefined);
    return asked.set('pods', ONE_POD);
  } catch (error) {
    if (error instanceof InputError) return new Map();
    throw error;
  }
}
