// The README shows a command and what it prints, and calls to the service: all of it is run here, so that it stays true.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const rootDirectory = fileURLToPath(new URL('../', import.meta.url));
const readme = readFileSync(join(rootDirectory, 'README.md'), 'utf8');

test('the plan in the README is what its command prints', () => {
  const match = /```sh\nnpx dovetail (solve [^\n]+)\n```\n\n```text\n([\s\S]*?)```/.exec(readme);
  assert.ok(match !== null, 'the README shows no plan');
  const [, command = '', expected = ''] = match;
  const printed = execFileSync(process.execPath, [join(rootDirectory, 'bin/dovetail.js'), ...command.split(' ')], {
    cwd: rootDirectory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  assert.equal(printed.trimEnd(), expected.trimEnd());
});

test('every npm script and every dovetail flag that the documents name is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(rootDirectory, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const documents = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md'].map((path) =>
    readFileSync(join(rootDirectory, path), 'utf8'),
  );
  const named = new Set(
    documents.flatMap((text) => [...text.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] ?? '')),
  );
  assert.ok(named.size > 5);
  assert.deepEqual(
    [...named].filter((name) => scripts[name] === undefined),
    [],
  );
  const help = execFileSync(process.execPath, [join(rootDirectory, 'bin/dovetail.js'), 'solve', '--help'], {
    encoding: 'utf8',
  });
  for (const line of readme.split('\n').filter((text) => text.includes('npx dovetail solve'))) {
    for (const [flag] of line.matchAll(/--[a-z-]+/g)) assert.ok(help.includes(flag), `${flag} in: ${line}`);
  }
});

test('every file and link that the documents name exists', () => {
  const missing: string[] = [];
  for (const document of ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md']) {
    const text = readFileSync(join(rootDirectory, document), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] ?? '');
    const paths = [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]*)`/g)].map((match) => match[1] ?? '');
    for (const path of [...links, ...paths]) {
      // Made by commands, not committed.
      if (path.startsWith('dist/')) continue;
      if (!existsSync(join(rootDirectory, dirname(document), path))) missing.push(`${document}: ${path}`);
    }
  }
  assert.deepEqual(missing, []);
});
