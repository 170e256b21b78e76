// Reading manifests: documents, lists, fragments, and the line of everything.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatPlace, type Manifests, parseFile, readManifests } from './manifests.ts';

function read(text: string): Manifests {
  const manifests: Manifests = { objects: [], warnings: [], errors: [] };
  readManifests('file.yaml', text, manifests);
  return manifests;
}

const twoDocuments = `# a comment
---
apiVersion: v1
kind: Pod
metadata:
  name: a
spec:
  containers:
  - name: c
    resources:
      requests:
        cpu: 1x
---
kind: Pod
metadata: {name: b}
`;

describe('readManifests', () => {
  test('reads every document and knows the line of every field', () => {
    const { objects, warnings, errors } = read(twoDocuments);
    assert.deepEqual([warnings, errors], [[], []]);
    assert.deepEqual(
      objects.map(({ object }) => (object.metadata as { name: string }).name),
      ['a', 'b'],
    );
    const lineOf = (...path: (string | number)[]) => objects[0]?.locate(path).line;
    assert.equal(lineOf(), 3);
    assert.equal(lineOf('spec', 'containers', 0, 'resources', 'requests', 'cpu'), 12);
    assert.equal(lineOf('metadata', 'name'), 6);
    assert.equal(objects[1]?.locate(['metadata', 'name']).line, 15);
  });

  test('a field that is not there has the line of what it should be in', () => {
    const [first] = read(twoDocuments).objects;
    assert.equal(first?.locate(['spec', 'containers', 0, 'resources', 'limits']).line, 10);
    assert.equal(first?.locate(['spec', 'tolerations', 3]).line, 7);
  });

  test('reads lists, also those that leave out the kind of their items, in YAML and in JSON', () => {
    const yaml =
      'apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  metadata: {name: a}\n- kind: Service\n  metadata: {name: b}\n';
    assert.deepEqual(
      read(yaml).objects.map(({ object }) => object.kind),
      ['Pod', 'Service'],
    );
    assert.equal(read(yaml).objects[1]?.locate(['metadata']).line, 7);
    const json = JSON.stringify({ kind: 'NodePoolList', items: [{ metadata: { name: 'a' } }] }, null, 1);
    const [pool] = read(json).objects;
    assert.equal(pool?.object.kind, 'NodePool');
    assert.equal(pool?.locate(['metadata', 'name']).line, 6);
  });

  test('an array of objects is as good as a list', () => {
    assert.equal(read('[{"kind": "Pod"}, {"kind": "Pod"}]').objects.length, 2);
  });

  test('leaves out fragments, text and empty documents, saying where', () => {
    const { objects, warnings } = read('\n---\nrequirements: []\n---\njust text\n---\n# nothing\n---\nnull\n');
    assert.equal(objects.length, 0);
    assert.deepEqual(
      warnings.map(({ place }) => formatPlace(place)),
      ['file.yaml:3', 'file.yaml:5'],
    );
    assert.match(warnings[0]?.message ?? '', /has no kind, only requirements: left out/);
  });

  test('says on which line a file stops being YAML, and reads its other documents', () => {
    const { objects, errors } = read('kind: Pod\n---\na: [1, 2\nb: 3\n---\nkind: Pod\n');
    assert.equal(errors.length, 1);
    assert.ok((errors[0]?.place.line ?? 0) >= 3);
    assert.match(errors[0]?.message ?? '', /neither YAML nor JSON/);
    assert.ok(objects.length >= 1);
  });

  test('refuses a key that is written twice', () => {
    const [error] = read('kind: Pod\nspec:\n  a: 1\n  a: 2\n').errors;
    assert.equal(error?.place.line, 4);
  });

  test('reads anchors and merge keys, and stops aliases that multiply', () => {
    const [pod] = read('kind: Pod\nbase: &base {a: 1}\nspec:\n  <<: *base\n  b: 2\n').objects;
    assert.deepEqual(pod?.object.spec, { a: 1, b: 2 });
    const [aliased] = read('kind: Pod\nbase: &base\n  a: 1\nspec: *base\n').objects;
    assert.equal(aliased?.locate(['spec', 'a']).line, 3);
    let bomb = 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n';
    for (let level = 1; level < 9; level++) {
      bomb += `a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]\n`;
    }
    assert.match(read(`kind: Pod\n${bomb}`).errors[0]?.message ?? '', /can't be read/);
  });
});

describe('parseFile', () => {
  test('reads JSON and YAML alike, and keeps what is no number in JSON', () => {
    const json = parseFile('p.json', '{"price": 1e400}');
    assert.ok('value' in json);
    assert.deepEqual(json.value, { price: Number.POSITIVE_INFINITY });
    const yaml = parseFile('p.yaml', 'list:\n- price: .nan\n');
    assert.ok('value' in yaml);
    assert.deepEqual(yaml.value, { list: [{ price: Number.NaN }] });
    assert.equal(yaml.locate(['list', 0, 'price']).line, 2);
  });

  test('says where a file breaks off', () => {
    const broken = parseFile('p.json', '{"a": 1,\n"b": [1, 2\n');
    assert.ok('message' in broken);
    assert.ok(broken.place.line >= 2);
  });
});
