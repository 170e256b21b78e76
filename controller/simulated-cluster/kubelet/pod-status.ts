// What a kubelet says of a pod: that it runs, that it has ended. Pure.
import type { ApiObject } from '../../ports/index.ts';
import { podSpec } from '../objects.ts';

/** The status of a pod whose containers run, as a strategic patch. */
export function runningStatus(pod: ApiObject, podIp: string, now: string): object {
  const conditions = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'];
  return {
    phase: 'Running',
    startTime: now,
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    conditions: conditions.map((type) => ({ type, status: 'True', lastTransitionTime: now })),
    containerStatuses: podSpec(pod).containers.map(({ name }) => ({
      name,
      ready: true,
      started: true,
      restartCount: 0,
      image: '',
      imageID: '',
      state: { running: { startedAt: now } },
    })),
  };
}

/** The status of a pod whose containers have ended well. */
export function succeededStatus(now: string): object {
  return {
    phase: 'Succeeded',
    conditions: ['Ready', 'ContainersReady'].map((type) => ({
      type,
      status: 'False',
      reason: 'PodCompleted',
      lastTransitionTime: now,
    })),
  };
}
