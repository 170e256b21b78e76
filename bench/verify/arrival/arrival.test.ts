// The judge of arrivals on small answers: each rule once kept and once broken, and orders and ways out that matter.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type JudgedNamespace, type JudgedPod, type Labels, type Place, refusedOnArrival } from './index.ts';

type Spec = NonNullable<JudgedPod['spec']>;

function pod(name: string, app: string, spec: Spec = {}, namespace = 'default'): JudgedPod {
  return { metadata: { name, namespace, labels: { app } }, spec };
}

function place(options: Labels | readonly Labels[], arriving: JudgedPod[], running: JudgedPod[] = []): Place {
  return { options: Array.isArray(options) ? options : [options as Labels], taints: [], running, arriving };
}

function refused(places: readonly Place[], namespaces: readonly JudgedNamespace[] = []): string[] {
  return [...refusedOnArrival(places, namespaces)].sort();
}

const selector = (app: string) => ({ matchLabels: { app } });

function spread(more: object = {}): Spec {
  const rule = { topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', labelSelector: selector('a') };
  return { topologySpreadConstraints: [{ ...rule, ...more }] };
}

function terms(kind: 'podAffinity' | 'podAntiAffinity', app: string, more: object = {}): Spec {
  const term = { topologyKey: 'zone', labelSelector: selector(app), ...more };
  return { affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
}

const Z1 = { zone: 'z1' };
const Z2 = { zone: 'z2' };
const Z3 = { zone: 'z3' };

describe('spread', () => {
  const group = (count: number, spec: Spec) =>
    Array.from({ length: count }, (_, index) => pod(`a-${index}`, 'a', spec));

  test('lets in what keeps the skew and keeps out the pod that does not', () => {
    const [first, second, third] = group(3, spread()) as [JudgedPod, JudgedPod, JudgedPod];
    assert.deepEqual(refused([place(Z1, [first, second]), place(Z2, [third])]), []);
    assert.deepEqual(refused([place(Z1, [first, second, third]), place(Z2, [])]), ['a-1', 'a-2']);
  });

  test('counts pods that run, of its namespace only', () => {
    const arriving = group(1, spread());
    assert.deepEqual(refused([place(Z1, arriving, [pod('r', 'a')]), place(Z2, [])]), ['a-0']);
    assert.deepEqual(refused([place(Z1, arriving, [pod('r', 'a', {}, 'other')]), place(Z2, [])]), []);
  });

  test('takes fewer domains than minDomains as a least of zero', () => {
    const arriving = group(2, spread({ minDomains: 2 }));
    assert.deepEqual(refused([place(Z1, arriving)]), ['a-1']);
    assert.deepEqual(refused([place(Z1, group(2, spread()))]), []);
  });

  test('leaves out nodes by its policies', () => {
    const arriving = (more: object) => group(2, { ...spread(more), nodeSelector: { zone: 'z1' } });
    assert.deepEqual(refused([place(Z1, arriving({})), place(Z2, [])]), []);
    assert.deepEqual(refused([place(Z1, arriving({ nodeAffinityPolicy: 'Ignore' })), place(Z2, [])]), ['a-1']);
    const tainted = { ...place(Z2, []), taints: [{ key: 'k', effect: 'NoSchedule' }] };
    assert.deepEqual(refused([place(Z1, group(2, spread({ nodeTaintsPolicy: 'Honor' }))), tainted]), []);
    assert.deepEqual(refused([place(Z1, group(2, spread())), tainted]), ['a-1']);
  });

  test('needs the label, unless the constraint is soft', () => {
    assert.deepEqual(refused([place({}, group(1, spread()))]), ['a-0']);
    assert.deepEqual(refused([place({}, group(1, spread({ whenUnsatisfiable: 'ScheduleAnyway' })))]), []);
  });

  test('counts pods of the same version with matchLabelKeys', () => {
    const versioned = (name: string, version: string): JudgedPod => {
      const one = pod(name, 'a', spread({ matchLabelKeys: ['version'] }));
      return { ...one, metadata: { ...one.metadata, labels: { app: 'a', version } } };
    };
    assert.deepEqual(refused([place(Z1, [versioned('a', '1'), versioned('b', '2')]), place(Z2, [])]), []);
    assert.deepEqual(refused([place(Z1, [versioned('a', '1'), versioned('b', '1')]), place(Z2, [])]), ['b']);
  });
});

describe('affinity', () => {
  test('keeps a group together: the first pod founds, the others follow', () => {
    const [first, second] = ['a-0', 'a-1'].map((name) => pod(name, 'a', terms('podAffinity', 'a')));
    assert.ok(first !== undefined && second !== undefined);
    assert.deepEqual(refused([place(Z1, [first]), place(Z1, [second])]), []);
    assert.deepEqual(refused([place(Z1, [first]), place(Z2, [second])]), ['a-1']);
  });

  test('waits for the pods it means, whatever their order', () => {
    const follower = pod('f', 'f', terms('podAffinity', 'a'));
    assert.deepEqual(refused([place(Z1, [follower]), place(Z1, [pod('a', 'a')])]), []);
    assert.deepEqual(refused([place(Z1, [follower]), place(Z2, [pod('a', 'a')])]), ['f']);
  });

  test('looks into the namespaces that it names', () => {
    const elsewhere = place(Z1, [], [pod('r', 'a', {}, 'other')]);
    const labelled = [{ metadata: { name: 'other', labels: { tenant: 'b' } } }];
    const follower = (more: object) => place(Z1, [pod('f', 'f', terms('podAffinity', 'a', more))]);
    assert.deepEqual(refused([elsewhere, follower({})]), ['f']);
    assert.deepEqual(refused([elsewhere, follower({ namespaces: ['other'] })]), []);
    assert.deepEqual(refused([elsewhere, follower({ namespaceSelector: {} })]), []);
    const selected = follower({ namespaceSelector: { matchLabels: { tenant: 'b' } } });
    assert.deepEqual(refused([elsewhere, selected], labelled), []);
    assert.deepEqual(refused([elsewhere, selected]), ['f']);
    const byName = follower({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } });
    assert.deepEqual(refused([elsewhere, byName]), []);
  });
});

describe('anti-affinity', () => {
  test('keeps pods apart, and those that run keep newcomers away', () => {
    const alone = pod('a', 'a', terms('podAntiAffinity', 'b'));
    assert.deepEqual(refused([place(Z1, [alone], [pod('r', 'b')])]), ['a']);
    assert.deepEqual(refused([place(Z1, [pod('b', 'b')], [alone])]), ['b']);
    assert.deepEqual(refused([place(Z1, [pod('b', 'b')]), place(Z2, [], [alone])]), []);
  });

  test('is about pods of another version only with mismatchLabelKeys', () => {
    const versioned = (name: string, version: string): JudgedPod => {
      const one = pod(name, 'a', terms('podAntiAffinity', 'a', { mismatchLabelKeys: ['version'] }));
      return { ...one, metadata: { ...one.metadata, labels: { app: 'a', version } } };
    };
    assert.deepEqual(refused([place(Z1, [versioned('a', '1'), versioned('b', '1')])]), []);
    assert.deepEqual(refused([place(Z1, [versioned('a', '1'), versioned('b', '2')])]), ['b']);
  });
});

describe('what is left open', () => {
  test('a node may come out in whichever way suits the rules', () => {
    const apart = (name: string) => pod(name, 'a', terms('podAntiAffinity', 'a'));
    const open = (name: string) => place([Z1, Z2], [apart(name)]);
    assert.deepEqual(refused([open('a-0'), open('a-1')]), []);
    assert.equal(refused([open('a-0'), open('a-1'), open('a-2')]).length, 1);
  });

  test('pods that others count may arrive after those that count them', () => {
    const counting = (name: string) =>
      pod(name, 'a', spread({ labelSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } }));
    const counted = ['b-0', 'b-1', 'b-2'].map((name) => pod(name, 'b'));
    const zones = [
      place(Z1, [...counted, counting('a-0'), counting('a-1'), counting('a-2')]),
      place(Z2, [counting('a-3'), counting('a-4')]),
    ];
    assert.deepEqual(refused(zones), []);
    assert.equal(refused([...zones, place(Z3, [])]).length, 3);
  });

  test('pods whose spread counts others may arrive before those, even where one of them comes too early every time', () => {
    const everybody = { matchExpressions: [{ key: 'app', operator: 'Exists' }] };
    const counting = (name: string) =>
      pod(name, 'a', { ...spread({ maxSkew: 2, labelSelector: everybody }), nodeSelector: { size: 'large' } });
    const counted = (name: string) => pod(name, 'b', spread({ labelSelector: selector('b') }));
    const LARGE = { size: 'large' };
    const places = [
      place({ ...Z1, ...LARGE }, [counting('a-0'), counting('a-1'), counting('a-2')]),
      place({ ...Z2, ...LARGE }, [counting('a-3')]),
      place({ ...Z1, ...LARGE }, [counted('b-0')]),
      place(Z2, [counted('b-1'), counted('b-2')]),
    ];
    assert.deepEqual(refused(places), []);
    assert.notDeepEqual(refused([...places, place({ ...Z1, ...LARGE }, [counting('a-4')])]), [], 'four beside one');
  });

  test('many pods of several zones may arrive before many that they only count', () => {
    const everybody = { matchExpressions: [{ key: 'app', operator: 'Exists' }] };
    const many = (count: number, of: (index: number) => JudgedPod) =>
      Array.from({ length: count }, (_, index) => of(index));
    const counting = (zone: string, count: number) =>
      many(count, (index) => pod(`a-${zone}-${index}`, 'a', spread({ maxSkew: 2, labelSelector: everybody })));
    const hosts = [Z1, Z1, Z1, Z1, Z1, Z2, Z2, Z2].map((zone, host) => {
      const apart = { topologyKey: 'kubernetes.io/hostname', labelSelector: selector('b') };
      return place({ ...zone, 'kubernetes.io/hostname': `${host}` }, [pod(`b-${host}`, 'b', spread(apart))]);
    });
    const places = (last: number) => [
      place(Z1, [...many(2, (index) => pod(`c-${index}`, 'c')), ...counting('z1', 17)]),
      ...hosts,
      place(Z3, counting('z3', 17)),
      place(Z2, counting('z2', last)),
    ];
    assert.deepEqual(refused(places(15)), []);
    assert.notDeepEqual(refused(places(11)), []);
  });

  test('pods may arrive in the order that lets all in', () => {
    const strict = pod('s', 's', {
      ...spread({ labelSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } }),
    });
    const places = [place(Z1, [pod('a-0', 'a'), pod('a-1', 'a'), strict]), place(Z2, []), place(Z3, [])];
    assert.deepEqual(refused(places), []);
  });
});
