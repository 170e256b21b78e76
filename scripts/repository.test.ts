// What must never be committed: a path of somebody's machine, the host of a package registry. Reads what git tracks
// or would track; looks at nothing outside the checkout.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const rootDirectory = fileURLToPath(new URL('../', import.meta.url));

/** No pattern matches its own source: this file is searched like any other. */
const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  ['a home directory', /(?<![\w.-])\/(?:home|Users|root)\/[\w.-]+\//],
  ['a Windows path', /\b[A-Z]:\\{1,2}Users\\/],
  ['a scratch path', /(?<![\w./$}-])\/(?:work|tmp|private|mnt)\/[\w.-]+/],
  [
    'a registry',
    /registry\.(?:npmjs|yarnpkg|npmmirror)\.|\bregistry\s*=\s*http|\bindex-url\s*=|:\/\/[^\s/'"]*\b(?:artifactory|nexus|verdaccio)\b/i,
  ],
  ['a Go proxy', /GOPROXY=\s*http|\bproxy\.golang\.org\b/],
];

/** Every match in one file's text, as sentences. */
function findForbidden(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) =>
    FORBIDDEN.flatMap(([what, pattern]) => {
      const match = pattern.exec(line);
      return match === null ? [] : [`${path}:${index + 1} names ${what} (${match[0]})`];
    }),
  );
}

/** The text files that git tracks and those it would take: neither ignored nor deleted. */
function committedTextFiles(): Map<string, string> {
  const output = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: rootDirectory,
    encoding: 'utf8',
  });
  const files = new Map<string, string>();
  for (const path of new Set(output.split('\0'))) {
    if (path === '') continue;
    let content: Buffer;
    try {
      content = readFileSync(join(rootDirectory, path));
    } catch {
      // Deleted in the work tree, not yet in the index.
      continue;
    }
    if (!content.subarray(0, 8192).includes(0)) files.set(path, content.toString('utf8'));
  }
  return files;
}

test('no committed file names a path of a machine or a package registry', () => {
  const files = committedTextFiles();
  assert.ok(files.size > 50, `only ${files.size} files were found`);
  assert.deepEqual(
    [...files].flatMap(([path, text]) => findForbidden(path, text)),
    [],
  );
});

test('the search for paths and registries finds each of them', () => {
  // Joined from parts, so that this file itself stays clean.
  const caught = [
    ['see ', 'home', 'anna', 'dovetail'].join('/'),
    ['C:', 'Users', 'anna'].join('\\'),
    `readFile('${['', 'work', 'x'].join('/')}')`,
    ['cd ', 'tmp', 'out'].join('/'),
    `https://${['registry', 'npmjs', 'org'].join('.')}/x`,
    ['registry', 'http://localhost:4873'].join('='),
    ['GOPROXY', 'https://example.invalid'].join('='),
  ];
  for (const line of caught) assert.equal(findForbidden('a', line).length, 1, line);
  const innocent = [
    '/v1/work/items',
    'https://example.com/home/page',
    './tmp/x',
    'the home directory',
    'join(tmpdir(), "x")',
  ];
  for (const line of innocent) assert.deepEqual(findForbidden('a', line), [], line);
});

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly inBundle?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function lockedPackages(): Record<string, LockedPackage> {
  const lock = JSON.parse(readFileSync(join(rootDirectory, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>;
  };
  return lock.packages;
}

test('package-lock.json holds the packages of every platform, without which npm ci refuses it', () => {
  const packages = lockedPackages();
  const missing = Object.entries(packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => packages[`${path}/node_modules/${name}`] === undefined)
      .filter((name) => packages[`node_modules/${name}`] === undefined)
      .map((name) => `${name} of ${path}`),
  );
  assert.deepEqual(missing, []);
});

test('package-lock.json has no resolved addresses and an integrity for every package', () => {
  const packages = Object.entries(lockedPackages()).filter(([path]) => path !== '');
  assert.ok(packages.length > 50);
  assert.deepEqual(
    packages.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path),
    [],
  );
  assert.deepEqual(
    packages.filter(([, entry]) => entry.integrity === undefined && entry.inBundle !== true).map(([path]) => path),
    [],
  );
});
