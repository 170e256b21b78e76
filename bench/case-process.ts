// The process of one case: gets what to measure from the one that forked it, measures, answers, ends.

import type { CaseSize } from './corpus.ts';
import { type MeasureOptions, measureCase } from './measure.ts';
import { openCorpusCase, openProblemFile } from './problems.ts';
import type { CaseOutcome } from './result.ts';

/** What to measure: a case of the corpus at a seed, or a problem file. */
export interface CaseOrder {
  readonly subject:
    | {
        readonly kind: 'corpus';
        readonly name: string;
        readonly size: CaseSize;
        readonly seed: number;
        readonly isExplicit: boolean;
      }
    | { readonly kind: 'file'; readonly path: string };
  readonly measure: MeasureOptions;
}

process.once('message', (order: CaseOrder) => {
  void answer(order).then((outcome) => {
    process.send?.(outcome, () => process.disconnect());
  });
});

async function answer({ subject, measure }: CaseOrder): Promise<CaseOutcome> {
  try {
    const benchCase =
      subject.kind === 'corpus'
        ? openCorpusCase(subject.name, subject.size, subject.seed, subject.isExplicit)
        : openProblemFile(subject.path);
    return { result: await measureCase(benchCase, measure) };
  } catch (error) {
    const name = subject.kind === 'corpus' ? subject.name : subject.path;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { failure: { name, ...(subject.kind === 'corpus' ? { seed: subject.seed } : {}), error: text } };
  }
}
