// Whether nodes of a pool join the cluster: the last few launches of each pool, and what they come to. Kept in memory; a
// restarted controller takes up what the pool's condition says.

/** How the last launches of a pool went. */
export type Health = 'healthy' | 'unhealthy' | 'unknown';

/** So many launches are remembered. */
const REMEMBERED = 4;

/** So many failures among them make a pool unhealthy. */
const FAILURES = 2;

/** The health of all pools, by UID. */
export class RegistrationHealth {
  readonly #results = new Map<string, boolean[]>();

  note(poolUid: string, isHealthy: boolean): void {
    const results = this.#results.get(poolUid) ?? [];
    this.#results.set(poolUid, [...results, isHealthy].slice(-REMEMBERED));
  }

  of(poolUid: string): Health {
    const results = this.#results.get(poolUid) ?? [];
    if (results.length === 0) return 'unknown';
    return results.filter((isHealthy) => !isHealthy).length >= FAILURES ? 'unhealthy' : 'healthy';
  }

  /** Begins anew: the pool or its node class has changed, or it is gone. */
  forget(poolUid: string): void {
    this.#results.delete(poolUid);
  }

  /** What is known from before a restart. */
  takeUp(poolUid: string, isHealthy: boolean): void {
    if (this.#results.has(poolUid)) return;
    this.#results.set(poolUid, isHealthy ? [true] : Array.from({ length: FAILURES }, () => false));
  }
}
