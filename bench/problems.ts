// Turns cases of the corpus and problem files into problems to measure. Whatever is read, parsed or generated here is
// outside the solve time; `buildRequest` is inside.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { create } from '@bufbuild/protobuf';
import {
  buildSolveInput,
  formatFinding,
  type KubernetesObject,
  readProblem,
  readProblemCatalogue,
} from '../controller/kubernetes/index.ts';
import { type CatalogueReference, CatalogueReferenceSchema } from '../proto/index.ts';
import { type CaseSize, findCase } from './corpus.ts';
import { explicitProblem } from './explicit.ts';
import type { GeneratedProblem } from './generators/index.ts';
import type { BenchCase, BenchProblem } from './measure.ts';
import { openRandom } from './random.ts';

/** Seeds of warm-up problems lie this far from the measured one, so that no two runs of a range share a problem. */
const OTHER_SEED_OFFSET = 1_000_000;

/** Share of a file's pods that each of its warm-up problems leaves out. */
const LEFT_OUT_SHARE = 0.1;

/** What is measured: a case of the corpus at a seed, or a problem file. */
export type CaseSubject =
  | {
      readonly kind: 'corpus';
      readonly name: string;
      readonly size: CaseSize;
      readonly seed: number;
      /** Whether every instance type is written out, as a peer is given them. */
      readonly isExplicit: boolean;
    }
  | { readonly kind: 'file'; readonly path: string };

/** Opens what is measured. */
export function openSubject(subject: CaseSubject): BenchCase {
  return subject.kind === 'corpus'
    ? openCorpusCase(subject.name, subject.size, subject.seed, subject.isExplicit)
    : openProblemFile(subject.path);
}

/** What people call it. */
export function subjectName(subject: CaseSubject): string {
  return subject.kind === 'corpus' ? `${subject.name} seed ${subject.seed}` : subject.path;
}

/** The problem files of a folder, by name. Throws an Error with a sentence for the user where there are none. */
export function listProblemFiles(directory: string): string[] {
  const files = readdirSync(directory).filter((name) => /\.json(\.gz)?$/.test(name));
  if (files.length === 0) throw new Error(`--problems ${directory}: no .json or .json.gz file is there`);
  return files.sort().map((file) => join(directory, file));
}

/**
 * A case of the corpus at a seed. Its warm-up problems are other seeds of the same case. `isExplicit` has every instance
 * type written out, as a peer is given them.
 */
export function openCorpusCase(name: string, size: CaseSize, seed: number, isExplicit = false): BenchCase {
  const corpusCase = findCase(name);
  const generate = (at: number): BenchProblem => {
    const generated = corpusCase.generate(size, at);
    return isExplicit ? fromProblem(explicitProblem(generated)) : fromGenerated(generated);
  };
  return {
    name,
    description: corpusCase.description,
    seed,
    fresh: () => generate(seed),
    other: (number) => generate(seed + OTHER_SEED_OFFSET + number),
  };
}

/** What a peer is given for a case of the corpus. */
export function corpusProblem(name: string, size: CaseSize, seed: number): Record<string, unknown> {
  return explicitProblem(findCase(name).generate(size, seed));
}

/** A problem file, gzipped or not. Its warm-up problems lack a tenth of the pods each, another tenth every time. */
export function openProblemFile(path: string): BenchCase {
  const bytes = readFileSync(path);
  // Gzip is recognised by its content, whatever the file's name.
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
  const parse = (): KubernetesObject => JSON.parse(text) as KubernetesObject;
  return {
    name: basename(path).replace(/\.json(\.gz)?$/, ''),
    description: path,
    fresh: () => fromProblem(parse()),
    other: (number) => {
      const problem = parse();
      const random = openRandom(OTHER_SEED_OFFSET + number);
      const pods = podsOf(problem).filter(() => !random.chance(LEFT_OUT_SHARE));
      return fromProblem({ ...problem, pods });
    },
  };
}

function fromGenerated(problem: GeneratedProblem): BenchProblem {
  const { catalogue, nodePools, pods, daemonSets, nodes, runningPods } = problem;
  if (catalogue.kind === 'types') {
    const { instanceTypes } = catalogue;
    return fromProblem({ nodePools, instanceTypes, pods, daemonSets });
  }
  const objects: KubernetesObject[] = [
    ...nodePools,
    ...catalogue.nodeClasses,
    ...daemonSets,
    ...nodes,
    ...runningPods,
    ...pods,
  ];
  return {
    podCount: pods.length,
    nodeInputCount: nodes.length,
    catalogue: create(CatalogueReferenceSchema, {
      catalogue: { case: 'identity', value: { region: catalogue.region } },
    }),
    buildRequest: (reference: CatalogueReference) => {
      const { request, errors } = buildSolveInput(objects, { catalogue: reference, warnsOfUnreadFields: false });
      const [first] = errors;
      if (first !== undefined) throw new Error(`read the problem: ${formatFinding(first)} (${errors.length} in all)`);
      return request;
    },
  };
}

function fromProblem(problem: KubernetesObject): BenchProblem {
  return {
    podCount: podsOf(problem).length,
    nodeInputCount: Array.isArray(problem.nodes) ? problem.nodes.length : 0,
    catalogue: readProblemCatalogue(problem),
    buildRequest: (reference: CatalogueReference) => readProblem(problem, reference).request,
  };
}

function podsOf(problem: KubernetesObject): unknown[] {
  return Array.isArray(problem.pods) ? problem.pods : [];
}
