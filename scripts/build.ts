// `npm run build`: bundles the command, the workers it starts and what they read into dist/, which is what `npm pack`
// and images carry, because Node refuses TypeScript under node_modules. Every package is inside the bundle; its licence
// goes into dist/THIRD_PARTY_LICENSES.txt. Development never uses dist/.
//
// Files that the code finds by `new URL('...', import.meta.url)` are followed: a .ts file becomes an entry of its own
// (a worker), anything else is copied. So a new worker or data folder needs no change here.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build, type Plugin } from 'esbuild';

const rootDirectory = fileURLToPath(new URL('../', import.meta.url));
const outputDirectory = join(rootDirectory, 'dist');

/** The command. bin/dovetail.js starts it. */
const COMMAND_ENTRY = { name: 'main', path: join(rootDirectory, 'cli/main.ts') };

/** Packages that are looked for at run time and may be absent: Piscina's niceness is not used. */
const OPTIONAL_PACKAGES = ['@napi-rs/nice'];

/** In every file of dist/: CommonJS packages inside the bundle want `require`, and their data lies below this folder. */
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  'const require = __createRequire(import.meta.url);',
  'const __dirname = import.meta.dirname;',
].join('\n');

/**
 * Packages that look for files beside their own code. `file` is where, `find` must be there exactly once (else the
 * package has changed and the build fails), and `copy` goes to dist/vendor.
 */
const PACKAGE_FILES: readonly {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly copy?: string;
}[] = [
  {
    file: 'piscina/dist/index.js',
    find: "(0, node_path_1.resolve)(__dirname, 'worker.js')",
    replace: "(0, node_path_1.resolve)(__dirname, 'piscina-worker.js')",
  },
  {
    file: 'grpc-health-check/build/src/health.js',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of the package's own template.
    find: 'includeDirs: [`${__dirname}/../../proto`]',
    replace: "includeDirs: [__dirname + '/vendor/grpc-health-check/proto']",
    copy: 'grpc-health-check/proto',
  },
  {
    file: '@grpc/reflection/build/src/implementations/reflection-v1.js',
    find: "path.join(__dirname, '../../proto/grpc/reflection/v1/reflection.proto')",
    replace: "path.join(__dirname, 'vendor/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto')",
    copy: '@grpc/reflection/build/proto/grpc',
  },
  {
    file: '@grpc/reflection/build/src/implementations/reflection-v1alpha.js',
    find: "path.join(__dirname, '../../proto/grpc/reflection/v1alpha/reflection.proto')",
    replace: "path.join(__dirname, 'vendor/@grpc/reflection/build/proto/grpc/reflection/v1alpha/reflection.proto')",
  },
];

/** Files started as threads by packages, as entries of their own. */
const PACKAGE_ENTRIES = [{ name: 'piscina-worker', path: join(rootDirectory, 'node_modules/piscina/dist/worker.js') }];

interface Found {
  /** Entry name by absolute path of a TypeScript file of ours. */
  readonly entries: Map<string, string>;
  /** Absolute paths of files and folders to copy. */
  readonly assets: Set<string>;
}

const started = performance.now();
const found: Found = { entries: new Map([[COMMAND_ENTRY.path, COMMAND_ENTRY.name]]), assets: new Set() };
rmSync(outputDirectory, { recursive: true, force: true });
let result = await bundle(found);
// Workers are found while bundling: again, until no new one turns up.
for (let entryCount = 1; entryCount !== found.entries.size; ) {
  entryCount = found.entries.size;
  result = await bundle(found);
}
for (const output of result.outputFiles) {
  mkdirSync(dirname(output.path), { recursive: true });
  writeFileSync(output.path, output.contents);
}
copyAssets(found, result);
const licences = collectLicences(result);
writeFileSync(join(outputDirectory, 'THIRD_PARTY_LICENSES.txt'), licences.text);
const bytes = readdirSync(outputDirectory, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
console.log(
  `built dist/: ${found.entries.size} entries of ours, ${licences.packageCount} packages inside, ` +
    `${(bytes / 1e6).toFixed(1)} MB, ${((performance.now() - started) / 1000).toFixed(1)} s`,
);

function bundle(into: Found): Promise<BuildResult<{ write: false; metafile: true }>> {
  return build({
    entryPoints: [
      ...[...into.entries].map(([path, name]) => ({ in: path, out: name })),
      ...PACKAGE_ENTRIES.map((entry) => ({ in: entry.path, out: entry.name })),
    ],
    absWorkingDir: rootDirectory,
    outdir: outputDirectory,
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    logLevel: 'warning',
    external: OPTIONAL_PACKAGES,
    banner: { js: BANNER },
    plugins: [locateOwnFiles(into), locatePackageFiles(), refuseLazyCommonJs()],
  });
}

/** Points `new URL('...', import.meta.url)` in our own code at where the file will lie: every bundle lies in dist/. */
function locateOwnFiles(into: Found): Plugin {
  return {
    name: 'locate-own-files',
    setup(hooks) {
      hooks.onLoad({ filter: /\.ts$/ }, (args) => {
        if (args.path.includes('/node_modules/')) return undefined;
        const source = readFileSync(args.path, 'utf8');
        const contents = source.replace(
          /new URL\(\s*(['"])([^'"\n]+)\1,\s*import\.meta\.url,?\s*\)/g,
          (_match, _quote, specifier: string) => {
            const target = resolve(dirname(args.path), specifier);
            if (!existsSync(target)) throw new Error(`bundle ${args.path}: ${specifier} does not exist`);
            const fromRoot = relative(rootDirectory, target);
            if (fromRoot === '' || fromRoot.startsWith('..')) {
              throw new Error(`bundle ${args.path}: ${specifier} is the checkout itself or outside it`);
            }
            if (target.endsWith('.ts')) {
              const name = into.entries.get(target) ?? fromRoot.slice(0, -'.ts'.length).replaceAll('/', '-');
              into.entries.set(target, name);
              return `new URL('./${name}.js', import.meta.url)`;
            }
            into.assets.add(target);
            return `new URL('./${fromRoot}${specifier.endsWith('/') ? '/' : ''}', import.meta.url)`;
          },
        );
        return { contents, loader: 'ts', resolveDir: dirname(args.path) };
      });
    },
  };
}

function locatePackageFiles(): Plugin {
  return {
    name: 'locate-package-files',
    setup(hooks) {
      for (const { file, find, replace } of PACKAGE_FILES) {
        const pattern = new RegExp(`/node_modules/${file.replaceAll('.', '\\.')}$`);
        hooks.onLoad({ filter: pattern }, (args) => {
          const source = readFileSync(args.path, 'utf8');
          if (source.split(find).length !== 2) {
            throw new Error(`bundle ${file}: "${find}" is not there once any more; look how it finds its files now`);
          }
          return { contents: source.replace(find, () => replace), loader: 'js', resolveDir: dirname(args.path) };
        });
      }
    },
  };
}

/**
 * Refuses `await import('a-commonjs-package')`: Node finds the named exports of such a package, the bundle has only its
 * default one, so the code would work in a checkout and nowhere else. Imported by an import statement all is well.
 */
function refuseLazyCommonJs(): Plugin {
  return {
    name: 'refuse-lazy-commonjs',
    setup(hooks) {
      hooks.onResolve({ filter: /^[^.]/ }, (args) => {
        if (
          args.kind !== 'dynamic-import' ||
          args.path.startsWith('node:') ||
          args.importer.includes('/node_modules/')
        ) {
          return undefined;
        }
        const url = import.meta.resolve(args.path);
        const nearest = findPackageJSON(url);
        const type =
          nearest === undefined ? undefined : (JSON.parse(readFileSync(nearest, 'utf8')) as { type?: string }).type;
        if (url.endsWith('.mjs') || type === 'module') return undefined;
        return {
          errors: [
            { text: `import("${args.path}") of a CommonJS package: use an import statement in a file imported lazily` },
          ],
        };
      });
    },
  };
}

function copyAssets(from: Found, built: BuildResult<{ write: false; metafile: true }>): void {
  const inputs = Object.keys(built.metafile.inputs);
  for (const asset of from.assets) {
    cpSync(asset, join(outputDirectory, relative(rootDirectory, asset)), { recursive: true });
  }
  for (const { file, copy } of PACKAGE_FILES) {
    if (copy === undefined || !inputs.some((input) => input.endsWith(`node_modules/${file}`))) continue;
    cpSync(join(rootDirectory, 'node_modules', copy), join(outputDirectory, 'vendor', copy), { recursive: true });
  }
}

/** The licences of every package of which a file is in the bundle. A package without any statement fails the build. */
function collectLicences(built: BuildResult<{ metafile: true }>): { text: string; packageCount: number } {
  const directories = new Set<string>();
  for (const input of Object.keys(built.metafile.inputs)) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match?.[1] !== undefined) directories.add(match[1]);
  }
  const sections = [...directories].sort().map((directory) => {
    const absolute = join(rootDirectory, directory);
    const manifest = JSON.parse(readFileSync(join(absolute, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
      license?: string;
    };
    // Some packages keep further licences in a folder of that name.
    const files = readdirSync(absolute, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.slice(absolute.length).includes('node_modules'))
      .map((entry) => relative(absolute, join(entry.parentPath, entry.name)))
      .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
    if (files.length === 0 && manifest.license === undefined) {
      throw new Error(`collect licences: ${manifest.name} states none`);
    }
    const texts = files.sort().map((file) => readFileSync(join(absolute, file), 'utf8').trim());
    return [`${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})`, ...texts].join('\n\n');
  });
  const line = `\n\n${'-'.repeat(80)}\n\n`;
  return {
    text: `dist/ contains code of these packages.${line}${sections.join(line)}\n`,
    packageCount: sections.length,
  };
}
