// docs/scheduling-rules.md says which tests prove which rule: what it names must be there, and no folder of goldens may be
// missing from it.
import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const rootDirectory = fileURLToPath(new URL('../', import.meta.url));
const text = readFileSync(`${rootDirectory}docs/scheduling-rules.md`, 'utf8');
const names = [...text.matchAll(/`([^`\s]+)`/g)].map(([, name]) => name ?? '');

test('every test, file and golden that the list of rules names exists', () => {
  const files = names.filter((name) => /^(?:bench|cli|controller|e2e|engine)\//.test(name));
  const goldens = names.filter((name) => /^b\d\d-/.test(name)).map((name) => `cli/goldens/cases/${name}`);
  assert.ok(files.length > 20 && goldens.length > 20, `${files.length} files, ${goldens.length} goldens`);
  const missing = [...files, ...goldens].filter(
    (name) => globSync([name, `${name}.yaml`], { cwd: rootDirectory }).length === 0,
  );
  assert.deepEqual(missing, []);
});

test('every folder of goldens is in the list of rules', () => {
  const folders = readdirSync(`${rootDirectory}cli/goldens/cases`);
  assert.deepEqual(
    folders.filter((folder) => !names.includes(folder)),
    [],
  );
});
