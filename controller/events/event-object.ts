// The Event object of core/v1, in the form that kubectl and dashboards read: first and last timestamp, and a count. Pure.
import { type ApiObject, apiVersionOf, KINDS, type ObjectName } from '../ports/index.ts';
import { LIMITS } from './limits.ts';

/** What is said of an object to its user. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** One word: FailedScheduling. */
  readonly reason: string;
  readonly message: string;
  /** Events of this reason about the object within this time are one; absent means as the reason's rule says. */
  readonly dedupeMs?: number;
}

/** Who tells, as Karpenter calls itself. */
const COMPONENT = 'karpenter';

/** Events of objects without a namespace are kept here. */
const DEFAULT_NAMESPACE = 'default';

/**
 * A new Event.
 *
 * @param serial differs between any two events of this process at one moment
 */
export function newEvent(about: ApiObject, note: EventNote, atMs: number, serial: number): ApiObject {
  const { name = '', namespace, uid, resourceVersion } = about.metadata;
  const at = timeText(atMs);
  return {
    apiVersion: apiVersionOf(KINDS.events),
    kind: KINDS.events.kind,
    metadata: { namespace: namespace ?? DEFAULT_NAMESPACE, name: eventName(name, atMs, serial) },
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      ...(namespace === undefined ? {} : { namespace }),
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type: note.type,
    reason: note.reason,
    message: note.message.slice(0, LIMITS.messageLength),
    count: 1,
    firstTimestamp: at,
    lastTimestamp: at,
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
  };
}

/** What changes in an Event that happened again. */
export function repeatedEvent(count: number, atMs: number): { readonly count: number; readonly lastTimestamp: string } {
  return { count, lastTimestamp: timeText(atMs) };
}

/** The name of an object that was made by `newEvent`. */
export function nameOfEvent({ metadata }: ApiObject): ObjectName {
  return { namespace: metadata.namespace ?? DEFAULT_NAMESPACE, name: metadata.name ?? '' };
}

function eventName(name: string, atMs: number, serial: number): string {
  const end = (BigInt(Math.floor(atMs)) * 1_000_000n + BigInt(serial % 1_000_000)).toString(16);
  // A part of a name may end in what no part of a name may end in.
  const start = name.slice(0, LIMITS.nameLength - end.length - 1).replace(/[^a-z0-9]+$/, '');
  return `${start}.${end}`;
}

/** RFC 3339 in whole seconds: Events have no more. */
function timeText(ms: number): string {
  return new Date(Math.floor(ms / 1_000) * 1_000).toISOString().replace('.000Z', 'Z');
}
