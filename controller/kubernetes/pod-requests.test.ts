// What a pod requests in all: one row for every rule of Kubernetes' sum.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubernetesObject } from './fields.ts';
import { pathOf } from './fields.ts';
import { podRequests } from './pod-requests.ts';

/** Containers by what they request of CPU, in cores; a sidecar restarts always. */
function container(cpu: string, more: KubernetesObject = {}): KubernetesObject {
  return { name: 'c', resources: { requests: { cpu } }, ...more };
}

function sidecar(cpu: string): KubernetesObject {
  return container(cpu, { restartPolicy: 'Always' });
}

interface Row {
  readonly rule: string;
  readonly spec: KubernetesObject;
  readonly status?: KubernetesObject;
  readonly overhead?: KubernetesObject;
  /** In thousandths. */
  readonly expected: Readonly<Record<string, number>>;
}

const rows: readonly Row[] = [
  { rule: 'no containers request nothing', spec: { containers: [{}] }, expected: {} },
  { rule: 'containers add up', spec: { containers: [container('1'), container('500m')] }, expected: { cpu: 1500 } },
  {
    rule: 'a large init container counts alone',
    spec: { containers: [container('1')], initContainers: [container('3'), container('2')] },
    expected: { cpu: 3000 },
  },
  {
    rule: 'a small init container counts nothing',
    spec: { containers: [container('2')], initContainers: [container('1')] },
    expected: { cpu: 2000 },
  },
  {
    rule: 'sidecars run beside the containers',
    spec: { containers: [container('1')], initContainers: [sidecar('1'), sidecar('2')] },
    expected: { cpu: 4000 },
  },
  {
    rule: 'an init container runs with the sidecars started before it',
    spec: { containers: [container('1')], initContainers: [sidecar('2'), container('5')] },
    expected: { cpu: 7000 },
  },
  {
    rule: 'an init container does not run with sidecars started after it',
    spec: { containers: [container('1')], initContainers: [container('5'), sidecar('2')] },
    expected: { cpu: 5000 },
  },
  {
    rule: 'each resource takes its own maximum',
    spec: {
      containers: [{ resources: { requests: { cpu: '2', memory: '1' } } }],
      initContainers: [{ resources: { requests: { cpu: '1', memory: '3' } } }],
    },
    expected: { cpu: 2000, memory: 3000 },
  },
  {
    rule: 'a limit is the request where none is written',
    spec: { containers: [{ resources: { limits: { cpu: '2', 'nvidia.com/gpu': 1 }, requests: { cpu: '1' } } }] },
    expected: { cpu: 1000, 'nvidia.com/gpu': 1000 },
  },
  {
    rule: 'a request of zero is not replaced by the limit',
    spec: { containers: [{ resources: { limits: { cpu: '2' }, requests: { cpu: 0 } } }] },
    expected: { cpu: 0 },
  },
  {
    rule: 'overhead comes on top',
    spec: { containers: [container('1')], overhead: { cpu: '250m', memory: '10' } },
    expected: { cpu: 1250, memory: 10000 },
  },
  {
    rule: "the RuntimeClass's overhead counts where the pod carries none",
    spec: { containers: [container('1')] },
    overhead: { cpu: '100m' },
    expected: { cpu: 1100 },
  },
  {
    rule: "the pod's own overhead goes before the RuntimeClass's",
    spec: { containers: [container('1')], overhead: { cpu: '1m' } },
    overhead: { cpu: '100m' },
    expected: { cpu: 1001 },
  },
  {
    rule: 'pod-level requests replace the sum, for more and for less',
    spec: {
      containers: [container('3'), { resources: { requests: { memory: '1' } } }],
      resources: { requests: { cpu: '1', memory: '4' } },
    },
    expected: { cpu: 1000, memory: 4000 },
  },
  {
    rule: 'pod-level requests replace init containers too, and overhead still comes on top',
    spec: {
      containers: [container('1')],
      initContainers: [container('9')],
      resources: { requests: { cpu: '2' } },
      overhead: { cpu: '1' },
    },
    expected: { cpu: 3000 },
  },
  {
    rule: 'pod-level resources cover no extended resource',
    spec: {
      containers: [{ resources: { limits: { 'nvidia.com/gpu': 1 } } }],
      resources: { requests: { 'nvidia.com/gpu': 4, 'hugepages-2Mi': '2' } },
    },
    expected: { 'nvidia.com/gpu': 1000, 'hugepages-2Mi': 2000 },
  },
  {
    rule: 'a pod-level limit is the request where containers ask for nothing',
    spec: { containers: [{}], resources: { limits: { cpu: '2' } } },
    expected: { cpu: 2000 },
  },
  {
    rule: "a pod-level limit leaves the containers' sum as it is",
    spec: { containers: [container('1')], resources: { limits: { cpu: '2' } } },
    expected: { cpu: 1000 },
  },
  {
    rule: 'a running container holds what the kubelet allocated while it is made smaller',
    spec: { containers: [container('1')] },
    status: {
      containerStatuses: [{ name: 'c', resources: { requests: { cpu: '2' } }, allocatedResources: { cpu: '3' } }],
    },
    expected: { cpu: 3000 },
  },
  {
    rule: 'a running container is to get what its spec asks for while it is made larger',
    spec: { containers: [container('4')] },
    status: { containerStatuses: [{ name: 'c', resources: { requests: { cpu: '2' } } }] },
    expected: { cpu: 4000 },
  },
  {
    rule: 'a resize that was found impossible does not count',
    spec: { containers: [container('4')] },
    status: {
      containerStatuses: [{ name: 'c', resources: { requests: { cpu: '2' } } }],
      conditions: [{ type: 'PodResizePending', reason: 'Infeasible' }],
    },
    expected: { cpu: 2000 },
  },
  {
    rule: 'a running sidecar counts by its status, an init container by its spec',
    spec: { containers: [container('1', { name: 'main' })], initContainers: [sidecar('1')] },
    status: { initContainerStatuses: [{ name: 'c', resources: { requests: { cpu: '2' } } }] },
    expected: { cpu: 3000 },
  },
];

describe('podRequests', () => {
  for (const { rule, spec, status, overhead, expected } of rows) {
    test(rule, () => {
      const amounts = podRequests(spec, pathOf('spec'), status, overhead);
      const milli = Object.fromEntries([...amounts].map(([name, nano]) => [name, Number(nano / 1_000_000n)]));
      assert.deepEqual(milli, expected);
    });
  }
});
