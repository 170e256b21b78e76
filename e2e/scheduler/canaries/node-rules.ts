// Canaries for rules that a node decides by itself: labels, taints, resources.
import { container, FPGA, GPU } from '../generate/index.ts';
import type { Expression, PodSpec, Taint } from '../objects.ts';
import { type Canary, crowd, node, podSpec, wrongNode, ZONE_A, ZONE_B } from './canary.ts';

const AFFINITY = /1 node\(s\) didn't match Pod's node affinity\/selector/;
const TAINT = /1 node\(s\) had untolerated taint/;

/** Those canaries. */
export function nodeRuleCanaries(): Canary[] {
  return [...labelCanaries(), ...taintCanaries(), ...resourceCanaries()];
}

function labelCanaries(): Canary[] {
  const affinity = (expression: Expression): PodSpec => ({
    ...podSpec(),
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [expression] }] },
      },
    },
  });
  const level = (value: string) => ({ 'example.com/level': value });
  const twoTerms: PodSpec = {
    ...podSpec(),
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'example.com/level', operator: 'In', values: ['1'] }] },
            { matchExpressions: [{ key: 'example.com/level', operator: 'In', values: ['2'] }] },
          ],
        },
      },
    },
  };
  return [
    wrongNode(
      'node selector',
      { ...podSpec(), nodeSelector: level('1') },
      node({ labels: level('1') }),
      node(),
      AFFINITY,
    ),
    wrongNode(
      'architecture',
      { ...podSpec(), nodeSelector: { 'kubernetes.io/arch': 'arm64' } },
      node({ labels: { 'kubernetes.io/arch': 'arm64' } }),
      node(),
      AFFINITY,
    ),
    wrongNode(
      'zone by its old name',
      { ...podSpec(), nodeSelector: { 'failure-domain.beta.kubernetes.io/zone': ZONE_B } },
      node({ zone: ZONE_B }),
      node({ zone: ZONE_A }),
      AFFINITY,
    ),
    wrongNode(
      'affinity In',
      affinity({ key: 'topology.kubernetes.io/zone', operator: 'In', values: [ZONE_B] }),
      node({ zone: ZONE_B }),
      node(),
      AFFINITY,
    ),
    wrongNode(
      'affinity NotIn',
      affinity({ key: 'topology.kubernetes.io/zone', operator: 'NotIn', values: [ZONE_A] }),
      node({ zone: ZONE_B }),
      node(),
      AFFINITY,
    ),
    wrongNode(
      'affinity Exists',
      affinity({ key: 'example.com/level', operator: 'Exists' }),
      node({ labels: level('1') }),
      node(),
      AFFINITY,
    ),
    wrongNode(
      'affinity DoesNotExist',
      affinity({ key: 'example.com/level', operator: 'DoesNotExist' }),
      node(),
      node({ labels: level('1') }),
      AFFINITY,
    ),
    wrongNode(
      'affinity Gt',
      affinity({ key: 'example.com/level', operator: 'Gt', values: ['3'] }),
      node({ labels: level('4') }),
      node({ labels: level('3') }),
      AFFINITY,
    ),
    wrongNode(
      'affinity Lt',
      affinity({ key: 'example.com/level', operator: 'Lt', values: ['3'] }),
      node({ labels: level('2') }),
      node({ labels: level('3') }),
      AFFINITY,
    ),
    wrongNode('affinity OR terms', twoTerms, node({ labels: level('2') }), node({ labels: level('3') }), AFFINITY),
  ];
}

function taintCanaries(): Canary[] {
  const dedicated: Taint = { key: 'dedicated', value: 'batch', effect: 'NoSchedule' };
  const tolerating = (operator: string, value?: string): PodSpec => ({
    ...podSpec(),
    tolerations: [{ key: 'dedicated', operator, ...(value === undefined ? {} : { value }) }],
  });
  const numbered = (value: string): Taint => ({ key: 'dedicated', value, effect: 'NoSchedule' });
  return [
    wrongNode('taint NoSchedule', podSpec(), node(), node({ taints: [dedicated] }), TAINT),
    wrongNode('taint NoExecute', podSpec(), node(), node({ taints: [{ ...dedicated, effect: 'NoExecute' }] }), TAINT),
    wrongNode(
      'toleration of a value',
      tolerating('Equal', 'batch'),
      node({ taints: [dedicated] }),
      node({ taints: [numbered('web')] }),
      TAINT,
    ),
    wrongNode(
      'toleration Gt',
      tolerating('Gt', '5'),
      node({ taints: [numbered('6')] }),
      node({ taints: [numbered('5')] }),
      TAINT,
    ),
    wrongNode(
      'toleration Lt',
      tolerating('Lt', '5'),
      node({ taints: [numbered('4')] }),
      node({ taints: [numbered('5')] }),
      TAINT,
    ),
  ];
}

function resourceCanaries(): Canary[] {
  const gpuNode = node({ capacity: { [GPU]: '1', [FPGA]: '2' } });
  const withInit: PodSpec = { ...podSpec({ cpu: '100m' }), initContainers: [container('init', { cpu: '3' })] };
  const podLevel: PodSpec = { ...podSpec({ cpu: '100m' }), resources: { requests: { cpu: '3' } } };
  const large = node({ capacity: { cpu: '4' } });
  return [
    wrongNode('cpu', podSpec({ cpu: '3' }), large, node(), /1 Insufficient cpu/),
    wrongNode(
      'memory',
      podSpec({ memory: '9Gi' }),
      node({ capacity: { memory: '16Gi' } }),
      node(),
      /1 Insufficient memory/,
    ),
    wrongNode(
      'ephemeral storage',
      podSpec({ 'ephemeral-storage': '30Gi' }),
      node({ capacity: { 'ephemeral-storage': '50Gi' } }),
      node(),
      /1 Insufficient ephemeral-storage/,
    ),
    wrongNode('GPU missing', podSpec({ [GPU]: '1' }), gpuNode, node(), /1 Insufficient nvidia\.com\/gpu/),
    wrongNode(
      'extended resource',
      podSpec({ [FPGA]: '2' }),
      gpuNode,
      node({ capacity: { [FPGA]: '1' } }),
      /1 Insufficient example\.com\/fpga/,
    ),
    wrongNode('init containers', withInit, large, node(), /1 Insufficient cpu/),
    wrongNode('pod-level resources', podLevel, large, node(), /1 Insufficient cpu/),
    crowd('sum of requests', podSpec({ cpu: '900m' }), node(), 2, /1 Insufficient cpu/),
    crowd('number of pods', podSpec({}), node({ capacity: { pods: '2' } }), 2, /1 Too many pods/),
  ];
}
