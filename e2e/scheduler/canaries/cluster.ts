// Canaries for what a cluster has beside the plan: cordoned nodes, running pods, daemonsets, and for pods that are left out.

import type { Trial } from '../judge.ts';
import type { DaemonSet, Node, Pod, PodSpec, Quantities } from '../objects.ts';
import { type Canary, NAMESPACE, named, node, pod, podSpec, trial } from './canary.ts';

/** Those canaries. */
export function clusterAndLeftOutCanaries(): Canary[] {
  return [...clusterCanaries(), ...leftOutCanaries()];
}

function clusterCanaries(): Canary[] {
  const cordoned = node();
  const running = [0, 1].map((index) => ({
    ...pod(`running-${index}`, podSpec({ cpu: '700m' })),
    spec: { ...podSpec({ cpu: '700m' }), nodeName: 'old' },
  }));
  const low = running.map((one) => ({ ...one, spec: { ...one.spec, priorityClassName: 'test-low' } }));
  const urgent: PodSpec = { ...podSpec({ cpu: '1' }), priorityClassName: 'test-high' };
  const onOld = (old: Node, bound: readonly Pod[], spec: PodSpec): Trial =>
    trial({
      existing: [{ node: named(old, 'old'), pods: bound }],
      placements: [{ pod: pod('new', spec), nodeName: 'old' }],
    });
  const daemons = (requests: Quantities): DaemonSet => ({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'daemon', namespace: NAMESPACE },
    spec: { template: { spec: podSpec(requests) } },
  });
  const withDaemon = (requests: Quantities, spec: PodSpec): Trial =>
    trial({
      daemonSets: [daemons(requests)],
      nodes: [named(node(), 'new')],
      placements: [{ pod: pod('web', spec), nodeName: 'new' }],
    });
  return [
    {
      rule: 'cordoned node',
      sound: onOld(node(), [], podSpec()),
      broken: onOld({ ...cordoned, spec: { ...cordoned.spec, unschedulable: true } }, [], podSpec()),
      finding: 'placement refused',
      message: /1 node\(s\) were unschedulable/,
    },
    {
      rule: 'running pods',
      sound: onOld(node(), running.slice(0, 1), podSpec({ cpu: '1' })),
      broken: onOld(node(), running, podSpec({ cpu: '1' })),
      finding: 'placement refused',
      message: /1 Insufficient cpu/,
    },
    {
      rule: 'nobody is evicted',
      sound: onOld(node(), low.slice(0, 1), urgent),
      broken: onOld(node(), low, urgent),
      finding: 'placement refused',
      message: /1 Insufficient cpu/,
    },
    {
      rule: 'daemonsets land first',
      sound: withDaemon({ cpu: '500m' }, podSpec({ cpu: '1' })),
      broken: withDaemon({ cpu: '1500m' }, podSpec({ cpu: '1' })),
      finding: 'placement refused',
      message: /1 Insufficient cpu/,
    },
    {
      rule: 'daemonset pods fit',
      sound: withDaemon({ cpu: '500m' }, podSpec({ cpu: '1' })),
      broken: withDaemon({ memory: '64Gi' }, podSpec({ cpu: '1' })),
      finding: 'daemonset pod refused',
      message: /1 Insufficient memory/,
    },
    {
      rule: 'node that was not made',
      sound: trial({ nodes: [named(node(), 'new')], placements: [{ pod: pod('web', podSpec()), nodeName: 'new' }] }),
      broken: trial({ nodes: [named(node(), 'new')], placements: [{ pod: pod('web', podSpec()), nodeName: 'other' }] }),
      finding: 'placement refused',
      message: /1 node\(s\) other than/,
    },
  ];
}

/** Claims that a pod fits nowhere. */
function leftOutCanaries(): Canary[] {
  const empties = [named(node(), 'empty-small'), named(node({ capacity: { cpu: '8' } }), 'empty-large')];
  const claim = (cpu: string, nodeNames?: readonly string[]): Trial =>
    trial({
      nodes: [named(node(), 'new')],
      placements: [{ pod: pod('web', podSpec({ cpu: '1900m' })), nodeName: 'new' }],
      emptyNodes: empties,
      leftOut: [{ pod: pod('left', podSpec({ cpu })), ...(nodeNames === undefined ? {} : { nodeNames }) }],
    });
  const fits = { finding: 'left out but fits', message: /the scheduler found a place/ } as const;
  return [
    { rule: 'left out without need', sound: claim('9'), broken: claim('6'), ...fits },
    {
      rule: 'left out for a limit that has room',
      sound: claim('6', ['empty-small']),
      broken: claim('6', ['empty-small', 'empty-large']),
      ...fits,
    },
  ];
}
