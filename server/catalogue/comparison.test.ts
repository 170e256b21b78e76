// What a comparison finds and how it explains it, on small references made from our own figures.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocatableOf, DEFAULT_NODE_CLASS_FACTS, deriveInstanceType } from '../../engine/index.ts';
import { compareWithReference, type ReferenceFile } from './comparison.ts';
import { loadTypeFacts } from './load.ts';
import { parseMilliUnits } from './quantities.ts';

const types = loadTypeFacts().filter((facts) => ['m5.large', 'i8ge.48xlarge'].includes(facts.name));

type Editable = Record<string, { labels: Record<string, string>; allocatable: Record<string, string> }>;

/** A reference that agrees with ours, after `edit`. */
function reference(edit: (file: Editable) => void = () => {}): ReferenceFile {
  const file: Editable = {};
  for (const facts of types) {
    const type = deriveInstanceType(facts, DEFAULT_NODE_CLASS_FACTS, 'us-east-1');
    const { cpuMilli, memoryBytes, ephemeralStorageBytes, pods, extended } = allocatableOf(type);
    const labels = Object.entries(type.labels).map(([key, values]) => [key, values.join()] as const);
    const left = labels.filter(([key]) => !key.endsWith('/region') && !key.endsWith('tenancy'));
    file[facts.name] = {
      labels: Object.fromEntries(left),
      allocatable: {
        cpu: `${cpuMilli}m`,
        memory: `${memoryBytes / 2 ** 20}Mi`,
        'ephemeral-storage': `${ephemeralStorageBytes / 2 ** 30}Gi`,
        pods: String(pods),
        ...Object.fromEntries(Object.entries(extended).map(([name, amount]) => [name, String(amount)])),
      },
    };
  }
  edit(file);
  return file;
}

test('a reference that agrees has no difference', () => {
  const { sharedCount, equalCount, different } = compareWithReference(types, reference());
  assert.deepEqual({ sharedCount, equalCount, different }, { sharedCount: 2, equalCount: 2, different: [] });
});

test('another clock is explained by the age of the data', () => {
  const key = 'karpenter.k8s.aws/instance-cpu-sustained-clock-speed-mhz';
  const { different } = compareWithReference(
    types,
    reference((file) => {
      file['m5.large']!.labels[key] = '2900';
    }),
  );
  assert.equal(different.length, 1);
  assert.deepEqual(different[0]?.differences, [{ key, ours: '3100', reference: '2900' }]);
  assert.match(different[0]?.cause ?? '', /sustained clock/);
});

test('pods counted on one network card are explained, any other number of pods is not', () => {
  const withPods = (pods: string) =>
    compareWithReference(
      types,
      reference((file) => {
        file['i8ge.48xlarge']!.allocatable.pods = pods;
      }),
    ).different[0]?.cause;
  assert.match(withPods('1178') ?? '', /12 \+ 12 interfaces/);
  assert.equal(withPods('1179'), undefined);
});

test('a missing resource, a missing label and a type of one side only are found', () => {
  const result = compareWithReference(
    types,
    reference((file) => {
      delete file['m5.large']!.allocatable['vpc.amazonaws.com/pod-eni'];
      delete file['m5.large']!.labels['kubernetes.io/os'];
      file['x9.large'] = file['i8ge.48xlarge']!;
      delete file['i8ge.48xlarge'];
    }),
  );
  assert.deepEqual(
    result.different[0]?.differences.map((difference) => difference.key),
    ['kubernetes.io/os', 'vpc.amazonaws.com/pod-eni'],
  );
  assert.equal(result.different[0]?.cause, undefined);
  assert.deepEqual(result.onlyOurs, ['i8ge.48xlarge']);
  assert.deepEqual(result.onlyReference, ['x9.large']);
});

test('quantities of a reference are read in thousandths', () => {
  assert.equal(parseMilliUnits('1930m'), 1930);
  assert.equal(parseMilliUnits('2'), 2000);
  assert.equal(parseMilliUnits('17Gi'), 17 * 2 ** 30 * 1000);
  assert.throws(() => parseMilliUnits('many'), /not understood/);
});
