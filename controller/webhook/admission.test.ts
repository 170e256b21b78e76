// What the webhook fills in, refuses and warns of, review by review.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AnyObject, effectiveSpec, RESOURCES, type Resource } from '../resources/index.ts';
import { type AdmissionRequest, check, fillIn, readReview, writeReview } from './admission.ts';
import { FILLED_IN } from './filling.ts';
import type { PatchStep } from './patch.ts';

type Kind = 'NodePool' | 'NodeClaim' | 'EC2NodeClass';

function resourceOf(kind: Kind): Resource {
  const found = RESOURCES.find((one) => one.kind === kind);
  assert.ok(found !== undefined);
  return found;
}

function requestFor(kind: Kind, object: AnyObject, oldObject?: AnyObject): AdmissionRequest {
  const { group, version } = resourceOf(kind);
  const operation = oldObject === undefined ? 'CREATE' : 'UPDATE';
  return { uid: 'review-1', kind: { group, version, kind }, operation, object, oldObject };
}

const objectWith = (spec: unknown, annotations?: AnyObject): AnyObject => ({
  metadata: { name: 'one', ...(annotations === undefined ? {} : { annotations }) },
  spec,
});

/** The object as the API server has it after the answer. */
function patched(kind: Kind, object: AnyObject, oldObject?: AnyObject): AnyObject {
  const { allowed, patch, patchType } = fillIn(requestFor(kind, object, oldObject));
  assert.equal(allowed, true);
  if (patch === undefined) return object;
  assert.equal(patchType, 'JSONPatch');
  const steps = JSON.parse(Buffer.from(patch, 'base64').toString()) as PatchStep[];
  return steps.reduce(applied, object);
}

/** Applies one step, by the letter of RFC 6902 as far as it is used. */
function applied(object: AnyObject, step: PatchStep): AnyObject {
  const copy = structuredClone(object) as Record<string, unknown>;
  const keys = step.path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  let at: Record<string, unknown> = copy;
  for (const key of keys) {
    assert.ok(typeof at[key] === 'object' && at[key] !== null, `${step.path}: there is no ${key}`);
    at = at[key] as Record<string, unknown>;
  }
  if (step.op !== 'add') assert.ok(Object.hasOwn(at, last), `${step.path} is not there`);
  if (step.op === 'remove') delete at[last];
  else at[last] = step.value;
  return copy;
}

const annotationOf = (object: AnyObject): unknown =>
  (object.metadata as { readonly annotations?: AnyObject }).annotations?.[FILLED_IN];

describe('filling in', () => {
  const rows: readonly (readonly [kind: Kind, spec: AnyObject])[] = [
    ['NodePool', {}],
    ['NodePool', { template: { spec: { nodeClassRef: { name: 'gpu' } } }, disruption: { budgets: [{}] } }],
    ['NodeClaim', { requirements: [] }],
    ['EC2NodeClass', { role: 'r' }],
    ['EC2NodeClass', { amiFamily: 'Bottlerocket', metadataOptions: {} }],
    ['EC2NodeClass', { amiSelectorTerms: [{ alias: 'al2@latest' }] }],
    ['EC2NodeClass', { amiFamily: 'Custom', amiSelectorTerms: [{ id: 'ami-1' }] }],
  ];
  for (const [kind, spec] of rows) {
    test(`gives the ${kind} ${JSON.stringify(spec)} its effective spec`, () => {
      const object = objectWith(spec);
      assert.deepEqual(patched(kind, object).spec, effectiveSpec(resourceOf(kind), object));
    });
  }

  test('changes nothing of what says all, of kinds that it does not know, and of an object without a spec', () => {
    const whole = objectWith(effectiveSpec(resourceOf('NodePool'), {}));
    assert.deepEqual(fillIn(requestFor('NodePool', whole)), { uid: 'review-1', allowed: true });
    const other = { ...requestFor('NodePool', objectWith({})), kind: { group: '', version: 'v1', kind: 'Pod' } };
    assert.deepEqual(fillIn(other), { uid: 'review-1', allowed: true });
    assert.equal(fillIn(requestFor('NodePool', { metadata: {} })).patch, undefined);
    assert.equal(fillIn(requestFor('NodePool', { metadata: {} }, objectWith({}))).patch, undefined);
  });

  test('leaves an update alone that leaves spec alone, also where what is stored is not filled in', () => {
    const stored = objectWith({ amiFamily: 'AL2023' });
    const labelled = { ...stored, metadata: { name: 'one', labels: { a: 'b' } } };
    assert.equal(fillIn(requestFor('EC2NodeClass', labelled, stored)).patch, undefined);
  });

  test('leaves a spec of the wrong shape to the schema', () => {
    assert.equal(fillIn(requestFor('NodePool', objectWith([1]))).patch, undefined);
    const wrong = objectWith({ amiFamily: 5, amiSelectorTerms: 'none' });
    const { amiFamily, amiSelectorTerms } = patched('EC2NodeClass', wrong).spec as AnyObject;
    assert.deepEqual([amiFamily, amiSelectorTerms], [5, 'none']);
  });
});

describe('the image of a node class', () => {
  const imageOf = ({ spec }: AnyObject) => {
    const { amiFamily, amiSelectorTerms } = spec as AnyObject;
    return [amiFamily, amiSelectorTerms];
  };
  const changed = (stored: AnyObject, fields: AnyObject): AnyObject => ({
    ...stored,
    spec: { ...(stored.spec as AnyObject), ...fields },
  });

  test('follows its family when that is changed, and the annotation says what follows', () => {
    const stored = patched('EC2NodeClass', objectWith({ amiFamily: 'AL2023' }, { mine: 'kept' }));
    assert.equal(annotationOf(stored), 'amiSelectorTerms');
    const next = patched('EC2NodeClass', changed(stored, { amiFamily: 'Bottlerocket' }), stored);
    assert.deepEqual(imageOf(next), ['Bottlerocket', [{ alias: 'bottlerocket@latest' }]]);
    assert.deepEqual((next.metadata as AnyObject).annotations, { mine: 'kept', [FILLED_IN]: 'amiSelectorTerms' });
  });

  test('gives its family when its alias is changed', () => {
    const stored = patched('EC2NodeClass', objectWith({ amiSelectorTerms: [{ alias: 'al2@latest' }] }));
    assert.equal(annotationOf(stored), 'amiFamily');
    const next = patched('EC2NodeClass', changed(stored, { amiSelectorTerms: [{ alias: 'al2023@latest' }] }), stored);
    assert.deepEqual(imageOf(next), ['AL2023', [{ alias: 'al2023@latest' }]]);
  });

  test('that nobody wrote gives way to one that somebody writes', () => {
    const stored = patched('EC2NodeClass', objectWith({ role: 'r' }));
    assert.equal(annotationOf(stored), 'amiFamily,amiSelectorTerms');
    const next = patched('EC2NodeClass', changed(stored, { amiSelectorTerms: [{ alias: 'al2@latest' }] }), stored);
    assert.deepEqual(imageOf(next), ['AL2', [{ alias: 'al2@latest' }]]);
    assert.equal(annotationOf(next), 'amiFamily');
  });

  test('stays as it was written, and the annotation goes', () => {
    const stored = patched('EC2NodeClass', objectWith({ amiFamily: 'AL2023' }));
    const pinned = { amiFamily: 'AL2023', amiSelectorTerms: [{ alias: 'al2023@v20250101' }] };
    const next = patched('EC2NodeClass', changed(stored, pinned), stored);
    assert.deepEqual(imageOf(next), ['AL2023', [{ alias: 'al2023@v20250101' }]]);
    assert.equal(annotationOf(next), undefined);
    // What was written is not changed behind anybody's back: that the two don't fit is for the schema to say.
    const torn = patched('EC2NodeClass', changed(next, { amiFamily: 'AL2' }), next);
    assert.deepEqual(imageOf(torn), ['AL2', [{ alias: 'al2023@v20250101' }]]);
  });
});

describe('the check', () => {
  const poolWith = (requirement: AnyObject): AnyObject =>
    objectWith({ template: { spec: { requirements: [requirement] } } });
  const wrong = poolWith({ key: 'a', operator: 'Above', values: ['1'] });

  test('refuses what is wrong and names the field', () => {
    const { allowed, status } = check(requestFor('NodePool', wrong));
    assert.equal(allowed, false);
    assert.equal(status?.code, 422);
    assert.match(
      status?.message ?? '',
      /^spec\.template\.spec\.requirements\[0\]\.operator: is "Above": use one of In, NotIn/,
    );
  });

  test('names no more faults than can be read', () => {
    const requirements = Array.from({ length: 13 }, () => ({ key: 'a', operator: 'Above' }));
    const { status } = check(requestFor('NodePool', objectWith({ template: { spec: { requirements } } })));
    assert.equal(status?.message.split('; ').length, 11);
    assert.match(status?.message ?? '', /; and 3 more$/);
  });

  test('never refuses an update that leaves spec unchanged, whatever is stored', () => {
    const labelled = { ...wrong, metadata: { name: 'one', labels: { a: 'b' } } };
    assert.deepEqual(check(requestFor('NodePool', labelled, wrong)), { uid: 'review-1', allowed: true });
    // What the API server fills in on the way is no change.
    const [bare, filled] = [
      objectWith({ limits: { cpu: 'x y' } }),
      objectWith({ limits: { cpu: 'x y' }, disruption: {} }),
    ];
    assert.equal(check(requestFor('NodePool', bare)).allowed, false);
    assert.equal(check(requestFor('NodePool', filled, bare)).allowed, true);
  });

  test('refuses a change of what can’t be changed', () => {
    const classRef = (group: string) => objectWith({ template: { spec: { nodeClassRef: { group, name: 'a' } } } });
    const { allowed, status } = check(requestFor('NodePool', classRef('example.com'), classRef('karpenter.k8s.aws')));
    assert.equal(allowed, false);
    assert.match(status?.message ?? '', /spec\.template\.spec\.nodeClassRef\.group: cannot be changed/);
  });

  test('warns of what is misspelt, of what takes no part, and of what is not built, in this order', () => {
    const requirements = [{ key: 'karpenter.k8s.aws/instance-category', operator: 'In', values: ['c', 't3'] }];
    const taints = [{ key: 'a', effect: 'NoSchedule' }];
    const spec = { template: { spec: { requirements, taints, startupTaints: taints } }, replicas: 2 };
    const { allowed, warnings = [] } = check(requestFor('NodePool', objectWith(spec)));
    assert.equal(allowed, true);
    assert.match(warnings[0] ?? '', /startupTaints\[0\]: repeats a taint .*\(the pool takes no part in planning\)/);
    assert.match(warnings[1] ?? '', /requirements\[0\]\.values: "t3" is an instance family/);
    assert.match(warnings[2] ?? '', /takes no part in planning: it has spec\.replicas/);
    assert.match(warnings[3] ?? '', /^spec\.replicas: accepted, but not carried out yet/);
    assert.equal(warnings.length, 4);
  });

  test('warns of nothing that nobody wrote', () => {
    const named = { template: { metadata: { labels: { team: 'a' } } } };
    const pool = objectWith(effectiveSpec(resourceOf('NodePool'), { spec: named }));
    assert.deepEqual(check(requestFor('NodePool', pool)), { uid: 'review-1', allowed: true });
  });

  test('warns of a pool that takes everything', () => {
    const pool = objectWith(effectiveSpec(resourceOf('NodePool'), {}));
    assert.match(check(requestFor('NodePool', pool)).warnings?.[0] ?? '', /every instance type/);
  });

  test('warns of values that no NodeClaim can have', () => {
    const claim = objectWith({
      nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
      requirements: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['x86_64'] }],
    });
    assert.match(check(requestFor('NodeClaim', claim)).warnings?.[0] ?? '', /requirements\[0\]\.values: "x86_64"/);
  });
});

describe('a review', () => {
  const request = requestFor('NodePool', objectWith({}));

  test('is read, and answered under its uid', () => {
    const text = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
    const { response } = JSON.parse(writeReview(check(readReview(text)))) as { response: { uid: string } };
    assert.equal(response.uid, 'review-1');
  });

  test('without an old object is that of a new one', () => {
    const text = JSON.stringify({ kind: 'AdmissionReview', request: { ...request, oldObject: null } });
    assert.equal(readReview(text).oldObject, undefined);
  });

  for (const [text, message] of [
    ['{}', /no AdmissionReview/],
    ['{"kind":"AdmissionReview","request":null}', /no AdmissionReview/],
    [
      '{"kind":"AdmissionReview","request":{"uid":"a","kind":{"kind":"NodePool"},"operation":"CREATE"}}',
      /no uid, kind/,
    ],
    ['{', /JSON/],
  ] as const) {
    test(`that is ${text} is told from one`, () => {
      assert.throws(() => readReview(text), message);
    });
  }
});
