// The end of an instance: it is asked to terminate until the cloud knows it no more.
import type { ControllerContext } from '../context/index.ts';

/** How often is looked whether an instance is gone. */
export const INSTANCE_POLL_MS = 5_000;

/** Takes the next step; true once the instance is gone. */
export async function endInstance(
  { cloud, writes }: Pick<ControllerContext, 'cloud' | 'writes'>,
  instanceId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const instance = await cloud.get(instanceId, signal);
  if (instance === undefined || instance.state === 'terminated') return true;
  if (instance.state !== 'shutting-down') await writes.terminate('instance.terminate', [instanceId], signal);
  return false;
}
