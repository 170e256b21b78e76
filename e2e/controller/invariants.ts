// What holds whatever has gone wrong, read from the cluster and from the cloud's journal, never from the controller.
import assert from 'node:assert/strict';
import type { RealWorld } from './real-world.ts';

/** Resolves when claims, nodes and living instances are the same things and nothing is about to go. */
export async function untilConsistent(world: RealWorld): Promise<void> {
  await world.waitUntil('claims, nodes and instances are the same', async () => {
    const claims = await world.get('nodeclaims');
    const nodes = await world.get('nodes');
    const living = (await world.cloud.list()).filter(({ state }) => state !== 'shutting-down');
    if ([...claims, ...nodes].some(({ metadata }) => metadata.deletionTimestamp !== undefined)) return false;
    const ids = [
      claims.map(({ status }) => String(status?.providerID)),
      nodes.map(({ spec }) => String(spec.providerID)),
      living.map(({ providerId }) => providerId),
    ].map((list) => list.sort().join(' '));
    return ids.every((list) => list === ids[0]);
  });
}

/** How many instances have been launched until now. Throws where one claim has had two. */
export function launchCount(world: RealWorld): number {
  const launched = world.journal().filter(({ what }) => what === 'instance.launched');
  const ids = launched.map(({ launchId }) => launchId);
  assert.equal(new Set(ids).size, ids.length, 'a claim has had two instances');
  return ids.length;
}
