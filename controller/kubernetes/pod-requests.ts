// What one pod requests in all, by Kubernetes' rule: containers and sidecars together, or an init container with the
// sidecars started before it, whichever is more; pod-level resources in place of that for what they cover; the runtime's
// overhead on top. Limits stand in for requests that are not written, as the API server fills them in.
import { at, type FieldPath, type KubernetesObject, list, mapping, pathOf, requiredMapping } from './fields.ts';
import { type AmountList, addAmounts, raiseAmounts, readAmounts } from './resources.ts';

/**
 * Exact requests of a pod, `pods` left out.
 *
 * @param spec the pod's spec
 * @param specPath where the spec stands, for errors
 * @param status the pod's status, for pods that run: resources they hold while being resized count
 * @param overhead overhead of the pod's RuntimeClass, used where the spec carries none
 */
export function podRequests(
  spec: KubernetesObject,
  specPath: FieldPath | undefined,
  status: KubernetesObject | undefined,
  overhead: unknown,
): AmountList {
  const held = status === undefined ? undefined : heldByContainer(status);
  const total: AmountList = new Map();
  const containersPath = at(specPath, 'containers');
  for (const [index, entry] of list(spec.containers, containersPath).entries()) {
    const path = at(containersPath, index);
    addAmounts(total, containerRequests(requiredMapping(entry, path), path, held));
  }
  raiseByInitContainers(spec, specPath, held, total);
  replaceByPodLevel(spec, specPath, total);
  const overheadWritten = mapping(spec.overhead, at(specPath, 'overhead'));
  addAmounts(total, readAmounts(overheadWritten ?? overhead, at(specPath, 'overhead')));
  return total;
}

/** Adds sidecars to `total` and raises it to what the start of the pod needs. */
function raiseByInitContainers(
  spec: KubernetesObject,
  specPath: FieldPath | undefined,
  held: HeldResources | undefined,
  total: AmountList,
): void {
  const initPath = at(specPath, 'initContainers');
  const sidecars: AmountList = new Map();
  const peak: AmountList = new Map();
  for (const [index, entry] of list(spec.initContainers, initPath).entries()) {
    const path = at(initPath, index);
    const container = requiredMapping(entry, path);
    if (container.restartPolicy === 'Always') {
      const requests = containerRequests(container, path, held);
      addAmounts(total, requests);
      addAmounts(sidecars, requests);
    } else {
      const requests = containerRequests(container, path, undefined);
      addAmounts(requests, sidecars);
      raiseAmounts(peak, requests);
    }
  }
  raiseAmounts(total, peak);
}

/** Requests of a container; a limit counts as the request where none is written. */
function containerRequests(container: KubernetesObject, path: FieldPath, held: HeldResources | undefined): AmountList {
  const resourcesPath = at(path, 'resources');
  const resources = mapping(container.resources, resourcesPath);
  if (resources === undefined && held === undefined) return new Map();
  const requests = readAmounts(resources?.limits, at(resourcesPath, 'limits'));
  for (const [name, amount] of readAmounts(resources?.requests, at(resourcesPath, 'requests'))) {
    requests.set(name, amount);
  }
  const running = typeof container.name === 'string' ? held?.byName.get(container.name) : undefined;
  if (running === undefined) return requests;
  if (held?.resizeInfeasible) return running;
  raiseAmounts(requests, running);
  return requests;
}

function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

/** Pod-level requests replace the containers' sum; a pod-level limit alone is the request where containers ask nothing. */
function replaceByPodLevel(spec: KubernetesObject, specPath: FieldPath | undefined, total: AmountList): void {
  const path = at(specPath, 'resources');
  const resources = mapping(spec.resources, path);
  if (resources === undefined) return;
  for (const [name, amount] of readAmounts(resources.limits, at(path, 'limits'))) {
    if (isPodLevelResource(name) && !total.has(name)) total.set(name, amount);
  }
  for (const [name, amount] of readAmounts(resources.requests, at(path, 'requests'))) {
    if (isPodLevelResource(name)) total.set(name, amount);
  }
}

/** What the containers of a running pod hold, by container name. */
interface HeldResources {
  readonly byName: ReadonlyMap<string, AmountList>;
  /** True when the kubelet said that the wanted size can't be given: the wanted size does not count then. */
  readonly resizeInfeasible: boolean;
}

function heldByContainer(status: KubernetesObject): HeldResources | undefined {
  const byName = new Map<string, AmountList>();
  for (const key of ['containerStatuses', 'initContainerStatuses']) {
    const path = pathOf('status', key) as FieldPath;
    for (const [index, entry] of list(status[key], path).entries()) {
      const here = at(path, index);
      const container = requiredMapping(entry, here);
      const resources = mapping(container.resources, at(here, 'resources'));
      if (resources === undefined || typeof container.name !== 'string') continue;
      const amounts = readAmounts(resources.requests, at(at(here, 'resources'), 'requests'));
      raiseAmounts(amounts, readAmounts(container.allocatedResources, at(here, 'allocatedResources')));
      byName.set(container.name, amounts);
    }
  }
  if (byName.size === 0) return undefined;
  const conditionsPath = pathOf('status', 'conditions') as FieldPath;
  const resize = list(status.conditions, conditionsPath)
    .map((entry, index) => requiredMapping(entry, at(conditionsPath, index)))
    .find((condition) => condition.type === 'PodResizePending');
  return { byName, resizeInfeasible: resize?.reason === 'Infeasible' };
}
