// Goldens: Kubernetes YAML in, a plan as text out, through the reader, the contract, the service's handler and the engine.
// What a case demands stands in its YAML and is judged first, so UPDATE_GOLDEN=1, which writes the texts again, can't
// make a wrong plan the expected one. goldens/README.md says how a case is written.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLocalSolver, type LocalSolver } from '../server/index.ts';
import { judge, outcomeText, planCase, readCase } from './goldens/index.ts';

const FOLDER = fileURLToPath(new URL('goldens/cases/', import.meta.url));

let solver: LocalSolver;

before(async () => {
  solver = await createLocalSolver({ workerCount: 1 });
});

after(async () => {
  await solver?.close();
});

const files = globSync('**/*.yaml', { cwd: FOLDER }).toSorted();
for (const [rule, members] of Object.entries(Object.groupBy(files, dirname))) {
  describe(rule, () => {
    for (const file of members ?? []) {
      test(file.slice(rule.length + 1, -'.yaml'.length).replaceAll('-', ' '), () => runCase(file));
    }
  });
}

async function runCase(file: string): Promise<void> {
  const golden = readCase(file, readFileSync(`${FOLDER}${file}`, 'utf8'));
  const outcome = await planCase(solver, golden);
  const text = outcomeText(outcome);
  const violations = judge(outcome, golden.expect);
  assert.deepEqual(violations, [], `the plan is not what the case demands:\n${text}`);
  const path = `${FOLDER}${file.replace(/yaml$/, 'txt')}`;
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
  assert.equal(text, readFileSync(path, 'utf8'));
}

test('every text of a plan belongs to a case', () => {
  const strays = globSync('**/*.txt', { cwd: FOLDER }).filter(
    (text) => !existsSync(`${FOLDER}${text.replace(/txt$/, 'yaml')}`),
  );
  assert.deepEqual(strays, []);
  assert.ok(files.length > 0);
});
