// Problems whose prices are compared: cases of the corpus, problem files, generated problems and small batches, each read or
// drawn when its turn comes.
import { basename } from 'node:path';
import type { CaseSize } from '../corpus.ts';
import { explicitProblem } from '../explicit.ts';
import { generateSmallBatch, SMALL_BATCH_SIZES } from '../generators/index.ts';
import type { BenchOptions } from '../options.ts';
import { readProblemFile } from '../peers/index.ts';
import { corpusProblem, listProblemFiles } from '../problems.ts';
import { openRandom } from '../random.ts';
import { generateProblem } from '../verify/index.ts';
import type { PriceInput } from './questions.ts';

/** A problem by its name. */
export interface Subject {
  readonly name: string;
  readonly open: () => PriceInput;
}

/** Where small batches run. */
const SMALL_BATCH_REGION = 'us-east-1';

/** What was asked for, in the order of the table. */
export function listSubjects({
  cases,
  size,
  seeds,
  generatedSeeds,
  small,
  problemsDirectory,
}: BenchOptions): Subject[] {
  const corpus = cases.flatMap((name) =>
    seeds.map((seed) => ({
      name: seed === 1 ? name : `${name} seed ${seed}`,
      open: () => corpusProblem(name, size, seed) as unknown as PriceInput,
    })),
  );
  const files = problemsDirectory === undefined ? [] : filesIn(problemsDirectory);
  return [...corpus, ...files, ...generatedSeeds.flatMap((seed) => (small ? batchesOf(seed, size) : [drawn(seed)]))];
}

function drawn(seed: number): Subject {
  return { name: `seed ${seed}`, open: () => generateProblem(seed).problem as unknown as PriceInput };
}

function batchesOf(seed: number, size: CaseSize): Subject[] {
  return SMALL_BATCH_SIZES[size].map((podCount) => ({
    name: `batch of ${podCount}, seed ${seed}`,
    open: () => {
      const random = openRandom(seed).fork(`batch of ${podCount}`);
      return explicitProblem(generateSmallBatch(SMALL_BATCH_REGION, podCount, random)) as unknown as PriceInput;
    },
  }));
}

function filesIn(directory: string): Subject[] {
  return listProblemFiles(directory).map((path) => ({
    name: basename(path).replace(/\.json(\.gz)?$/, ''),
    open: () => readProblemFile(path) as unknown as PriceInput,
  }));
}
