// Holds every TypeScript file of the checkout against the import arrows, and shows on made-up files that the reader and
// the rules see what they must.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findImportViolations, readImports } from './imports.ts';

const rootDirectory = fileURLToPath(new URL('../', import.meta.url));
const INSTALLED = new Set(['piscina', '@connectrpc/connect', '@aws-sdk/client-ec2', 'fast-check']);

/** The doors that made-up files import; a case adds its own file to them. */
const DOORS: readonly (readonly [string, string])[] = [
  ['engine/index.ts', 'export const solve = 1;'],
  ['engine/pack/index.ts', 'export const pack = 1;'],
  ['engine/pack/kernel.ts', 'export const kernel = 1;'],
  ['engine/testing/index.ts', 'export const smallProblem = 1;'],
  ['proto/index.ts', 'export const schema = 1;'],
  ['server/index.ts', 'export const serve = 1;'],
  ['controller/kubernetes/index.ts', 'export const readProblem = 1;'],
  ['cli/index.ts', 'export const main = 1;'],
];

async function violationsOf(path: string, source: string): Promise<string[]> {
  const files = await readImports(new Map([...DOORS, [path, source]]));
  return findImportViolations(files, INSTALLED).map((violation) => `${violation.path} ${violation.message}`);
}

test('every import of the project follows the arrows and goes through doors', async () => {
  const paths = globSync('**/*.ts', {
    cwd: rootDirectory,
    exclude: (path) => /(^|\/)(node_modules|dist|\.git)$/.test(path),
  }).filter((path) => !path.startsWith('proto/gen/'));
  const sources = new Map(paths.map((path) => [path, readFileSync(join(rootDirectory, path), 'utf8')]));
  const manifest = JSON.parse(readFileSync(join(rootDirectory, 'package.json'), 'utf8')) as Record<string, object>;
  const installed = new Set([
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.devDependencies ?? {}),
  ]);
  assert.ok(sources.size > 20, `only ${sources.size} files were found`);
  const violations = findImportViolations(await readImports(sources), installed);
  assert.deepEqual(
    violations.map((violation) => `${violation.path} ${violation.message}`),
    [],
  );
});

test('the reader sees every way to import and nothing that only looks like one', async () => {
  const source = [
    "import type { A } from './type-only.ts';",
    "import { type B } from './inline-type.ts';",
    "import type C, { type D } from './type-default.ts';",
    'import E from "./double-quotes.ts";',
    "import * as ns from './namespace.ts';",
    "import './side-effect.ts';",
    "import type * as F from './type-namespace.ts';",
    "export type { G } from './type-reexport.ts';",
    "export { h } from './reexport.ts';",
    'import {',
    '  many,',
    '  type lines,',
    "} from './many-lines.ts';",
    "const dynamic = await import('./dynamic.ts');",
    // Put together from parts: the whole would be found in this very file.
    `type T = ${'import'}('./type-position.ts').T;`,
    'const text = "import x from \'./in-a-string.ts\'";',
    'const template = `',
    "import y from './in-a-template.ts';",
    'export * from "./star-in-a-template.ts";',
    '`;',
    "// import z from './in-a-comment.ts';",
    "/* import z from './in-a-block-comment.ts'; */",
    "const regex = /import q from '.\\/in-a-regex.ts'/;",
    'export type NotFrom = { from: string };',
    'export type { A };',
  ].join('\n');
  const [file] = await readImports(new Map([['engine/example.ts', source]]));
  assert.deepEqual(file, {
    path: 'engine/example.ts',
    specifiers: [
      './double-quotes.ts',
      './dynamic.ts',
      './inline-type.ts',
      './many-lines.ts',
      './namespace.ts',
      './reexport.ts',
      './side-effect.ts',
      './type-default.ts',
      './type-namespace.ts',
      './type-only.ts',
      './type-position.ts',
      './type-reexport.ts',
    ],
    hasDefaultExport: false,
    exportsAllOf: [],
  });
});

const FORBIDDEN: readonly (readonly [string, string, string, RegExp])[] = [
  [
    'the engine importing the contract',
    'engine/a.ts',
    "import { schema } from '../proto/index.ts';",
    /engine may not import proto/,
  ],
  [
    'the engine importing Node',
    'engine/a.ts',
    "import { readFileSync } from 'node:fs';",
    /engine may not use that package/,
  ],
  [
    'the engine importing a package',
    'engine/a.ts',
    "import { fc } from 'fast-check';",
    /engine may not use that package/,
  ],
  [
    'the engine importing a type of the server',
    'engine/a.ts',
    "import type { Serve } from '../server/index.ts';",
    /engine may not import server/,
  ],
  [
    'the server importing the controller',
    'server/a.ts',
    "import { readProblem } from '../controller/kubernetes/index.ts';",
    /server may not import controller/,
  ],
  ['the server importing an AWS SDK', 'server/a.ts', "import { EC2 } from '@aws-sdk/client-ec2';", /no AWS calls/],
  [
    'the controller importing the engine',
    'controller/a.ts',
    "import { solve } from '../engine/index.ts';",
    /controller may not import engine/,
  ],
  [
    'the controller importing the server lazily',
    'controller/a.ts',
    "const s = await import('../server/index.ts');",
    /controller may not import server/,
  ],
  ['anything importing the CLI', 'bench/a.ts', "import { main } from '../cli/index.ts';", /bench may not import cli/],
  [
    "an import past another module's door",
    'server/a.ts',
    "import { pack } from '../engine/pack/index.ts';",
    /past the door engine\/index\.ts/,
  ],
  [
    "an import past a sibling's door",
    'engine/index/a.ts',
    "import { kernel } from '../pack/kernel.ts';",
    /past the door engine\/pack\/index\.ts/,
  ],
  ['a folder without a door', 'engine/shapes/a.ts', "import { x } from '../other/b.ts';", /engine\/other has no door/],
  [
    'production code using testing helpers',
    'server/a.ts',
    "import { smallProblem } from '../engine/testing/index.ts';",
    /only tests/,
  ],
  [
    "a test reaching past the door of another module's helpers",
    'server/a.test.ts',
    "import { x } from '../engine/testing/facts.ts';",
    /past the door/,
  ],
  ['a default export', 'server/a.ts', 'export default 5;', /default export/],
  ['export everything', 'engine/a.ts', "export * from './index.ts';", /exports everything/],
  [
    'an engine test using another package',
    'engine/a.test.ts',
    "import { P } from 'piscina';",
    /may not use that package/,
  ],
  ['a package nobody lists', 'server/a.ts', "import x from 'left-pad';", /does not list/],
  ['a top-level folder without a rule', 'lib/a.ts', 'export const x = 1;', /folder without a rule/],
];

for (const [name, path, source, expected] of FORBIDDEN) {
  test(`the rules catch ${name}`, async () => {
    const violations = await violationsOf(path, source);
    assert.equal(violations.length, 1, violations.join('\n'));
    assert.match(violations[0] ?? '', expected);
    assert.ok(violations[0]?.startsWith(path));
  });
}

const ALLOWED: readonly (readonly [string, string, string])[] = [
  ["the server importing the engine's door", 'server/a.ts', "import { solve } from '../engine/index.ts';"],
  ['the server importing a listed package', 'server/a.ts', "import { Piscina } from 'piscina';"],
  ["a sibling's door inside the engine", 'engine/rules/a.ts', "import { pack } from '../pack/index.ts';"],
  ['a file of the same folder', 'engine/pack/a.ts', "import { kernel } from './kernel.ts';"],
  ['a file of a folder above', 'engine/pack/deep/a.ts', "import { kernel } from '../kernel.ts';"],
  [
    "a test using helpers of its own module's other folders",
    'engine/solve/a.test.ts',
    "import { x } from '../ec2/testing/facts.ts';",
  ],
  ['a helper using a helper below it', 'server/testing/a.ts', "import { x } from './workers/b.ts';"],
  ['an engine test using a thread', 'engine/a.test.ts', "import { Worker } from 'node:worker_threads';"],
  ['anybody reading package.json', 'cli/a.ts', "import manifest from '../package.json' with { type: 'json' };"],
  ['an engine test using fast-check', 'engine/a.test.ts', "import fc from 'fast-check';"],
  ["a test using its own folder's helpers", 'engine/a.test.ts', "import { x } from './testing/facts.ts';"],
  ['a test using testing helpers', 'server/a.test.ts', "import { smallProblem } from '../engine/testing/index.ts';"],
  [
    'the CLI composing server and controller',
    'cli/a.ts',
    "import { serve } from '../server/index.ts'; import { readProblem } from '../controller/kubernetes/index.ts';",
  ],
];

for (const [name, path, source] of ALLOWED) {
  test(`the rules allow ${name}`, async () => {
    assert.deepEqual(await violationsOf(path, source), []);
  });
}
