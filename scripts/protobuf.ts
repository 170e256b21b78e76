// A throw-away workspace in which buf sees our protos and protovalidate's together, because no schema registry is
// reachable. Used by gen.ts and proto-check.ts; it writes nothing into the checkout.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

/** The checkout's root, with a trailing slash. */
export const rootDirectory = fileURLToPath(new URL('../', import.meta.url));

const PROTOVALIDATE_MODULE = 'github.com/bufbuild/protovalidate@v1.2.2';

/** Runs `work` in a workspace with `proto/` and `protovalidate/`, and removes it afterwards. Needs Go to fetch the module. */
export function withProtobufWorkspace<T>(work: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'dovetail-proto-'));
  try {
    cpSync(join(rootDirectory, 'proto/dovetail'), join(directory, 'proto/dovetail'), { recursive: true });
    cpSync(join(protovalidateDirectory(), 'proto/protovalidate'), join(directory, 'protovalidate'), {
      recursive: true,
    });
    const configuration = parse(readFileSync(join(rootDirectory, 'buf.yaml'), 'utf8')) as {
      modules: { path: string }[];
    };
    configuration.modules.push({ path: 'protovalidate' });
    writeFileSync(join(directory, 'buf.yaml'), stringify(configuration));
    return work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs buf in the workspace; its output goes to the terminal, a failure throws. */
export function runBuf(directory: string, args: readonly string[]): void {
  execFileSync(join(rootDirectory, 'node_modules/.bin/buf'), [...args], { cwd: directory, stdio: 'inherit' });
}

function protovalidateDirectory(): string {
  let answer: string;
  try {
    answer = execFileSync('go', ['mod', 'download', '-json', PROTOVALIDATE_MODULE], {
      cwd: tmpdir(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  } catch (cause) {
    throw new Error(
      `fetch protovalidate's .proto: Go is needed for that (install Go 1.26 or newer and see that "go" is on the PATH); module ${PROTOVALIDATE_MODULE}`,
      { cause },
    );
  }
  return (JSON.parse(answer) as { Dir: string }).Dir;
}
