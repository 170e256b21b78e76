// What `solve` and `explain` share: manifests and clusters read into one request, warnings shown, errors thrown with the
// places in the input that they are about.
import {
  buildSolveInput,
  type Finding,
  formatFinding,
  formatPlace,
  type KubernetesObject,
  type ManifestObject,
  type Manifests,
  readManifests,
  type SolveInput,
} from '../controller/kubernetes/index.ts';
import type { CatalogueReference } from '../proto/index.ts';
import { type CommandConsole, warn, withProgress } from './console.ts';
import { readManifestFiles } from './files.ts';
import { readLiveCluster } from './live-cluster.ts';
import { badInput } from './outcome.ts';
import { type InputOptions, parseScale } from './solve-options.ts';

/** Most errors of an input that are listed. */
const MOST_ERRORS_LISTED = 20;

/** An input that can be solved. */
export interface ReadInput extends SolveInput {
  /** Time from parsed objects to the request. */
  readonly conversionMs: number;
  /** An error or a notice of the service, with the object of the input that stands behind its field. */
  readonly explainField: (message: string) => string;
}

/** Reads what the options name. Throws a CommandError with all that is wrong. */
export async function readInput(options: InputOptions, console: CommandConsole): Promise<ReadInput> {
  const { objects, locate } = await readObjects(options, console);
  const scales = options.scale?.map(parseScale) ?? [];
  const startMs = performance.now();
  const input = buildSolveInput(objects, {
    ...(options.region === undefined ? {} : { catalogue: regionCatalogue(options.region) }),
    scales,
    live: options.context !== undefined,
  });
  const conversionMs = performance.now() - startMs;
  for (const finding of input.warnings) warn(console, locate(finding));
  if (input.errors.length > 0) throw badInput(...summarize(input.errors.map(locate)));
  if (input.podCount === 0) {
    warn(console, 'no pod waits for a node: workloads with 0 replicas can be tried with --scale deployment/NAME=5');
  }
  return { ...input, conversionMs, explainField: (message) => explainField(message, input, locate) };
}

function regionCatalogue(region: string): CatalogueReference {
  return {
    $typeName: 'dovetail.v1.CatalogueReference',
    catalogue: {
      case: 'identity',
      value: { $typeName: 'dovetail.v1.CatalogueIdentity', partition: '', account: '', region },
    },
  };
}

interface ReadObjects {
  readonly objects: KubernetesObject[];
  /** A finding with the place in the input that it is about. */
  readonly locate: (finding: Finding) => string;
}

async function readObjects(options: InputOptions, console: CommandConsole): Promise<ReadObjects> {
  const manifests: Manifests = { objects: [], warnings: [], errors: [] };
  const texts = options.filename === undefined ? [] : await readManifestFiles(options.filename, console);
  const total = texts.reduce((sum, { text }) => sum + text.length, 0);
  if (total > NOTED_INPUT_LENGTH) {
    console.err.write(`reading ${texts.length} files (${Math.round(total / 1024 ** 2)} MiB)\n`);
  }
  for (const { file, text } of texts) readManifests(file, text, manifests);
  for (const { place, message } of manifests.warnings) warn(console, `${formatPlace(place)}: ${message}`);
  if (manifests.errors.length > 0) {
    throw badInput(...summarize(manifests.errors.map(({ place, message }) => `${formatPlace(place)}: ${message}`)));
  }
  const objects = manifests.objects.map(({ object }) => object);
  if (options.context !== undefined) {
    const { context, scale } = options;
    objects.push(
      ...(await withProgress(console, `reading cluster ${context}`, () =>
        readLiveCluster(context, scale !== undefined, console),
      )),
    );
  }
  const byObject = new Map(manifests.objects.map((manifest) => [manifest.object, manifest]));
  return { objects, locate: (finding) => describe(finding, byObject, options.context) };
}

/** Input of more characters than this takes long enough to be worth a word. */
const NOTED_INPUT_LENGTH = 8 * 1024 * 1024;

function describe(
  finding: Finding,
  byObject: ReadonlyMap<KubernetesObject, ManifestObject>,
  context: string | undefined,
): string {
  const { object } = finding;
  const text = formatFinding(finding);
  if (object === undefined) return text;
  const manifest = byObject.get(object);
  if (manifest !== undefined) return `${formatPlace(manifest.locate(finding.path))}: ${text}`;
  return context === undefined ? text : `cluster ${context}: ${text}`;
}

function summarize(lines: readonly string[]): string[] {
  if (lines.length <= MOST_ERRORS_LISTED) return [...lines];
  return [...lines.slice(0, MOST_ERRORS_LISTED), `and ${lines.length - MOST_ERRORS_LISTED} more`];
}

const REQUEST_LISTS: Readonly<Record<string, keyof SolveInput['sources']>> = {
  pod_groups: 'podGroups',
  node_pools: 'nodePools',
  node_classes: 'nodeClasses',
  daemon_sets: 'daemonSets',
  nodes: 'nodes',
};

/** The service names fields of the request: says which object of the input stands behind them. */
function explainField(message: string, input: SolveInput, locate: ReadObjects['locate']): string {
  const [, list = '', index = ''] = /^(?:solve\.)?([a-z_]+)\[(\d+)\]/.exec(message) ?? [];
  const key = REQUEST_LISTS[list];
  const object = key === undefined ? undefined : input.sources[key][Number(index)];
  if (object !== undefined) return locate({ object, path: [], message });
  return message.replace(/^(solve\.)?catalogue\.identity\.region:/, '--region:');
}
