// The replicas that one worker keeps: bounded in number and bytes, the one unused for longest goes first. A replica that
// is not there, or cannot follow, is made anew from the log that comes with the task.
import { LIMITS } from '../limits.ts';
import { Replica } from './replica.ts';
import type { LogView } from './segment-log.ts';

/** A session's state as a task carries it. */
export interface SessionView {
  /** Number of the state: different for every session and every snapshot. */
  readonly stateId: number;
  readonly log: LogView;
  /** Numbers of all states that some session has: replicas of others are let go. */
  readonly openStateIds: readonly number[];
}

/** Replicas by their state. */
export class ReplicaStore {
  /** The least recently used first. */
  readonly #replicas = new Map<number, Replica>();

  get size(): number {
    return this.#replicas.size;
  }

  /** The state's replica at the version of the view. */
  open({ stateId, log, openStateIds }: SessionView): Replica {
    const open = new Set(openStateIds);
    for (const id of this.#replicas.keys()) if (!open.has(id)) this.#replicas.delete(id);
    const known = this.#replicas.get(stateId);
    // Out of the store while it reads: one that fails half-way must not be found again.
    this.#replicas.delete(stateId);
    const replica = known?.update(log) === true ? known : newReplica(log);
    this.#replicas.set(stateId, replica);
    this.#evict(stateId);
    return replica;
  }

  #evict(keep: number): void {
    let byteLength = 0;
    for (const replica of this.#replicas.values()) byteLength += replica.byteLength;
    for (const [id, replica] of this.#replicas) {
      const fits = this.#replicas.size <= LIMITS.replicasPerWorkerCount && byteLength <= LIMITS.replicaBytesPerWorker;
      if (fits || id === keep) return;
      this.#replicas.delete(id);
      byteLength -= replica.byteLength;
    }
  }
}

function newReplica(log: LogView): Replica {
  const replica = new Replica();
  replica.update(log);
  return replica;
}
