// Amounts of resources between the contract's messages and the engine's lists. Ranges are checked by the rules in the
// proto before this; here only what those rules cannot say.
import type { ResourceList } from '../../engine/index.ts';
import type { Resources } from '../../proto/index.ts';
import { invalidArgument } from '../errors.ts';

/** Kubernetes' names of the amounts that have a field of their own. */
const FIELD_NAMES = new Set(['cpu', 'memory', 'ephemeral-storage', 'pods']);

/**
 * Requests and capacities: an amount of 0 is left out, since it means the same as an absent one, but for attachments of a
 * volume driver: there 0 means "none" and an absent one "no limit".
 */
export function toResourceList(resources: Resources | undefined, path: string): ResourceList {
  return convert(resources, path, false);
}

/** Limits: an amount of 0 stays, since it means "nothing" and an absent one "no limit". */
export function toLimits(resources: Resources | undefined, path: string): ResourceList {
  return convert(resources, path, true);
}

/** What one pod requests: `pods` is 1, whether it was sent or not. */
export function toPodRequests(resources: Resources | undefined, path: string): ResourceList {
  if (resources?.pods !== undefined && resources.pods !== 1n) {
    throw invalidArgument(`${path}.pods`, `one pod takes one pod's room, not ${resources.pods}; leave the field out`);
  }
  return { ...convert(resources, path, false), pods: 1 };
}

/** A list as a message. `cpu` is in thousandths of a core. */
export function fromResourceList(list: ResourceList): {
  cpuMilli?: bigint;
  memoryBytes?: bigint;
  ephemeralStorageBytes?: bigint;
  pods?: bigint;
  extended: Record<string, bigint>;
} {
  const message: ReturnType<typeof fromResourceList> = { extended: {} };
  for (const name in list) {
    const amount = BigInt(list[name] ?? 0);
    if (name === 'cpu') message.cpuMilli = amount;
    else if (name === 'memory') message.memoryBytes = amount;
    else if (name === 'ephemeral-storage') message.ephemeralStorageBytes = amount;
    else if (name === 'pods') message.pods = amount;
    else message.extended[name] = amount;
  }
  return message;
}

function isAttachment(name: string): boolean {
  return name.startsWith('attachable-volumes-');
}

function convert(resources: Resources | undefined, path: string, keepZeros: boolean): ResourceList {
  const list: Record<string, number> = {};
  if (resources === undefined) return list;
  const set = (name: string, amount: bigint | undefined): void => {
    if (amount === undefined || (amount === 0n && !keepZeros && !isAttachment(name))) return;
    list[name] = Number(amount);
  };
  set('cpu', resources.cpuMilli);
  set('memory', resources.memoryBytes);
  set('ephemeral-storage', resources.ephemeralStorageBytes);
  set('pods', resources.pods);
  for (const name in resources.extended) {
    if (FIELD_NAMES.has(name)) {
      throw invalidArgument(`${path}.extended["${name}"]`, 'has a field of its own with a stated unit; use that one');
    }
    set(name, resources.extended[name]);
  }
  return list;
}
