// Reads which modules the project's TypeScript files import and export, and holds that against the arrows of
// ARCHITECTURE.md. Pure over a map of sources, so that its tests can hand it files that do not exist. esbuild does the
// parsing; nothing is bundled or written, and types are not looked at (tsc does that).
import { extname, posix } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** What one file imports and exports. Paths are relative to the checkout and use forward slashes. */
export interface FileImports {
  readonly path: string;
  /** Specifiers as written, types and dynamic imports included; sorted, without duplicates. */
  readonly specifiers: readonly string[];
  readonly hasDefaultExport: boolean;
  /** Specifiers of `export * from`. */
  readonly exportsAllOf: readonly string[];
}

/** One import or export that is not allowed, in a sentence. */
export interface ImportViolation {
  readonly path: string;
  readonly message: string;
}

/** What a top-level folder may import besides itself. */
interface ModuleRule {
  /** Other top-level folders of ours. */
  readonly ours: readonly string[];
  /** Packages and Node's own modules; `any` leaves that to the package.json check. */
  readonly packages: 'any' | readonly string[];
}

/**
 * The arrows. A folder that is not listed may not hold TypeScript at all, so that a new one is thought about first.
 * Nothing lists cli, bench or e2e: they stand on top.
 */
const MODULE_RULES: ReadonlyMap<string, ModuleRule> = new Map([
  ['engine', { ours: [], packages: [] }],
  ['proto', { ours: [], packages: ['@bufbuild/protobuf', '@bufbuild/protovalidate'] }],
  ['server', { ours: ['engine', 'proto'], packages: 'any' }],
  ['controller', { ours: ['proto'], packages: 'any' }],
  ['cli', { ours: ['engine', 'proto', 'server', 'controller'], packages: 'any' }],
  ['bench', { ours: ['engine', 'proto', 'server', 'controller'], packages: 'any' }],
  ['e2e', { ours: ['engine', 'proto', 'server', 'controller'], packages: 'any' }],
  ['scripts', { ours: [], packages: 'any' }],
]);

/** What the tests of the pure engine may use besides the engine and Node: the engine is pure, its tests are not. */
const ENGINE_TEST_PACKAGES: readonly string[] = ['fast-check'];

/** Data of the whole checkout that anybody may read. */
const SHARED_FILES: readonly string[] = ['package.json'];

/** No folder may import these, whatever its rule says: [folder, package prefix, why]. */
const FORBIDDEN_PACKAGES: readonly (readonly [string, string, string])[] = [
  ['server', '@aws-sdk/', 'the server makes no AWS calls: offerings and prices are fed to it'],
  ['server', '@kubernetes/', 'the server knows no Kubernetes objects: controller/kubernetes turns them into messages'],
  ['cli', '@aws-sdk/', "AWS is reached through the controller's Cloud port"],
];

/** Generated code has no door of its own: only this one file reads it. */
const GENERATED_CODE = { folder: 'proto/gen/', door: 'proto/index.ts' };

/** Parses the files. A file that does not parse throws with esbuild's message. O(total length of the sources). */
export async function readImports(sources: ReadonlyMap<string, string>): Promise<FileImports[]> {
  const specifiers = new Map<string, Set<string>>([...sources.keys()].map((path) => [path, new Set<string>()]));
  const result = await build({
    entryPoints: [...sources.keys()],
    absWorkingDir: '/',
    outdir: '/out',
    outbase: '/',
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    legalComments: 'none',
    // Template literals become plain strings, so that no line of the output starts with text of a string.
    supported: { 'template-literal': false },
    plugins: [sourcesPlugin(sources, specifiers)],
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  const texts = new Map(result.outputFiles.map((file) => [file.path, file.text]));
  const outputs = new Map<string, { text: string; exports: readonly string[] }>();
  for (const [path, output] of Object.entries(result.metafile.outputs)) {
    // esbuild names an entry "namespace:path".
    const source = output.entryPoint?.replace(/^[^:]*:/, '');
    if (source !== undefined) outputs.set(source, { text: texts.get(`/${path}`) ?? '', exports: output.exports });
  }
  return [...sources].map(([path, source]) => {
    const found = specifiers.get(path) ?? new Set<string>();
    for (const specifier of typeImports(source)) found.add(specifier);
    const output = outputs.get(path);
    if (output === undefined) throw new Error(`read imports: esbuild wrote nothing for ${path}`);
    return {
      path,
      specifiers: [...found].sort(),
      hasDefaultExport: output.exports.includes('default'),
      exportsAllOf: [...output.text.matchAll(/^export \* from "(.*)";$/gm)].map((match) => match[1] ?? ''),
    };
  });
}

/** Everything in the files that the arrows or the door rule forbid; empty when all is well. */
export function findImportViolations(files: readonly FileImports[], installed: ReadonlySet<string>): ImportViolation[] {
  const paths = new Set(files.map((file) => file.path));
  const violations: ImportViolation[] = [];
  for (const file of files) {
    const add = (message: string): void => void violations.push({ path: file.path, message });
    if (file.hasDefaultExport) add('has a default export: name it');
    for (const specifier of file.exportsAllOf) add(`exports everything of ${specifier}: name what the door offers`);
    const rule = MODULE_RULES.get(topFolder(file.path));
    if (rule === undefined) {
      add(`is in a folder without a rule (${topFolder(file.path)}): add one to scripts/imports.ts`);
      continue;
    }
    for (const specifier of file.specifiers) {
      const message = specifier.startsWith('.')
        ? relativeViolation(file.path, specifier, rule, paths)
        : packageViolation(file.path, specifier, rule, installed);
      if (message !== undefined) add(message);
    }
  }
  return violations;
}

function relativeViolation(
  from: string,
  specifier: string,
  rule: ModuleRule,
  paths: ReadonlySet<string>,
): string | undefined {
  const target = posix.join(posix.dirname(from), specifier);
  if (target.startsWith('..')) return `imports ${specifier}, which lies outside the checkout`;
  if (SHARED_FILES.includes(target)) return undefined;
  const fromFolder = topFolder(from);
  const targetFolder = topFolder(target);
  if (targetFolder !== fromFolder && !rule.ours.includes(targetFolder)) {
    return `imports ${specifier}: ${fromFolder} may not import ${targetFolder}`;
  }
  return doorViolation(from, target, specifier, paths);
}

/**
 * The folders that an import enters, from the outside in, and the first of them whose door it misses. A folder that is
 * entered needs a door. A `testing` folder is for tests only, and a door of its own beside its parent's.
 */
function doorViolation(
  from: string,
  target: string,
  specifier: string,
  paths: ReadonlySet<string>,
): string | undefined {
  if (from === GENERATED_CODE.door && target.startsWith(GENERATED_CODE.folder)) return undefined;
  const fromFolders = posix.dirname(from).split('/');
  const targetFolders = posix.dirname(target).split('/');
  let shared = 0;
  while (shared < targetFolders.length && targetFolders[shared] === fromFolders[shared]) shared += 1;
  if (shared === targetFolders.length) return undefined;
  const testing = targetFolders.indexOf('testing');
  // Within one testing folder there are no doors.
  if (testing >= 0 && testing < shared) return undefined;
  if (testing >= shared) {
    if (!isTestCode(from)) return `imports ${specifier}: only tests may use what is in testing/`;
    // Helpers of one's own module need no door; those of another one are behind theirs.
    if (shared > 0 || target === `${targetFolders.slice(0, testing + 1).join('/')}/index.ts`) return undefined;
  }
  for (let depth = shared + 1; depth <= targetFolders.length; depth += 1) {
    const door = `${targetFolders.slice(0, depth).join('/')}/index.ts`;
    if (!paths.has(door)) continue;
    return door === target ? undefined : `imports ${specifier}, past the door ${door}`;
  }
  return `imports ${specifier}, but ${targetFolders.slice(0, shared + 1).join('/')} has no door (index.ts)`;
}

function packageViolation(
  from: string,
  specifier: string,
  rule: ModuleRule,
  installed: ReadonlySet<string>,
): string | undefined {
  const folder = topFolder(from);
  const name = packageName(specifier);
  for (const [forbiddenFolder, prefix, why] of FORBIDDEN_PACKAGES) {
    if (folder === forbiddenFolder && name.startsWith(prefix)) return `imports ${specifier}: ${why}`;
  }
  if (rule.packages !== 'any') {
    const isEngineTest = folder === 'engine' && isTestCode(from);
    const allowed = isEngineTest ? ENGINE_TEST_PACKAGES : rule.packages;
    if (!allowed.includes(name) && !(isEngineTest && name.startsWith('node:')))
      return `imports ${specifier}: ${folder} may not use that package`;
  }
  if (name.startsWith('node:') || installed.has(name)) return undefined;
  return `imports ${specifier}, which package.json does not list`;
}

function isTestCode(path: string): boolean {
  return path.endsWith('.test.ts') || path.split('/').includes('testing') || path.startsWith('e2e/');
}

function topFolder(path: string): string {
  return path.split('/')[0] ?? '';
}

/** `@scope/name/deep` → `@scope/name`; `node:fs/promises` → `node:fs`. */
function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

/** `import('./x.ts').Name` in a type position, which leaves no trace in the JavaScript that esbuild parses. */
function typeImports(source: string): string[] {
  return [...source.matchAll(/(?<![\w$.'"`])import\(\s*(['"])([^'"\n]+)\1\s*\)\s*\./g)].map((match) => match[2] ?? '');
}

/** Type-only imports and re-exports are imports like any other here; esbuild would drop them. */
function keepTypeImports(source: string): string {
  return source
    .replace(/^(\s*import)\s+type\s+(?=[\w$*{])(?!from\b)/gm, '$1 ')
    .replace(/^(\s*export)\s+type\s+(?=(\{[^}]*\}|\*(\s+as\s+[\w$]+)?)\s*from\b)/gm, '$1 ');
}

function sourcesPlugin(sources: ReadonlyMap<string, string>, specifiers: ReadonlyMap<string, Set<string>>): Plugin {
  return {
    name: 'sources',
    setup(hooks) {
      hooks.onResolve({ filter: /.*/ }, (args) => {
        if (args.kind === 'entry-point') return { path: args.path, namespace: 'source' };
        specifiers.get(args.importer)?.add(args.path);
        return { path: args.path, external: true };
      });
      hooks.onLoad({ filter: /.*/, namespace: 'source' }, (args) => ({
        contents: keepTypeImports(sources.get(args.path) ?? ''),
        loader: extname(args.path) === '.ts' ? 'ts' : 'js',
      }));
    },
  };
}
