// Generates proto/gen and the door proto/index.ts from proto/dovetail. With --check it changes nothing and fails when the committed code is stale.
// It never touches the baseline of the breaking check (proto/baseline.binpb).
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootDirectory, runBuf, withProtobufWorkspace } from './protobuf.ts';

const committed = join(rootDirectory, 'proto/gen');
const fresh = mkdtempSync(join(tmpdir(), 'dovetail-gen-'));
try {
  withProtobufWorkspace((directory) => {
    writeFileSync(
      join(directory, 'buf.gen.yaml'),
      JSON.stringify({
        version: 'v2',
        clean: false,
        plugins: [
          {
            local: join(rootDirectory, 'node_modules/.bin/protoc-gen-es'),
            out: fresh,
            opt: [
              'target=ts',
              'import_extension=ts',
              'erasable_syntax=true',
              'rewrite_imports=./buf/validate/*_pb.*:@bufbuild/protovalidate/gen',
            ],
          },
        ],
      }),
    );
    runBuf(directory, ['generate', '--path', 'proto/dovetail']);
  });
  const door = renderDoor(join(fresh, 'dovetail/v1'));
  const doorPath = join(rootDirectory, 'proto/index.ts');
  if (process.argv.includes('--check')) {
    const stale = differences(fresh, committed);
    if (!existsSync(doorPath) || readFileSync(doorPath, 'utf8') !== door) stale.push('../index.ts');
    if (stale.length > 0) {
      console.error(`proto/gen is stale, run "npm run gen" and commit: ${stale.join(', ')}`);
      process.exitCode = 1;
    } else {
      console.log('proto/gen is fresh');
    }
  } else {
    rmSync(committed, { recursive: true, force: true });
    cpSync(fresh, committed, { recursive: true });
    writeFileSync(doorPath, door);
    console.log('wrote proto/gen and proto/index.ts');
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

function differences(left: string, right: string): string[] {
  const read = (root: string): Map<string, string> => {
    const files = new Map<string, string>();
    try {
      for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        files.set(path.slice(root.length + 1), readFileSync(path, 'utf8'));
      }
    } catch {
      return files;
    }
    return files;
  };
  const a = read(left);
  const b = read(right);
  return [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path)).sort();
}

/** The door names every export of the generated files, since nothing in this project uses `export *`. */
function renderDoor(directory: string): string {
  const lines = [
    '// The door of the contract: every message, enum and service of dovetail.v1. Written by scripts/gen.ts together with',
    '// proto/gen; never edited.',
  ];
  for (const file of readdirSync(directory).sort()) {
    const text = readFileSync(join(directory, file), 'utf8');
    const names = (pattern: RegExp): Set<string> => new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''));
    const values = names(/^export const (\w+)/gm);
    const types = names(/^export type (\w+)/gm);
    lines.push('export {');
    for (const name of [...new Set([...values, ...types])].sort())
      lines.push(`  ${values.has(name) ? '' : 'type '}${name},`);
    lines.push(`} from './gen/dovetail/v1/${file}';`);
  }
  return `${lines.join('\n')}\n`;
}
