// The name by which a process holds a Lease.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** A new one for this process: the host's, for people, and an end that no other process has, also none before it here. */
export function newIdentity(): string {
  return `${hostname()}_${randomUUID()}`;
}
