// The process of one case: gets what to measure from the one that forked it, measures, answers, ends.
import { type MeasureOptions, measureCase } from './measure.ts';
import { answerOrder } from './order-process.ts';
import { type CaseSubject, openSubject } from './problems.ts';
import type { CaseOutcome } from './result.ts';

/** What to measure, and how. */
export interface CaseOrder {
  readonly subject: CaseSubject;
  readonly measure: MeasureOptions;
}

answerOrder(answer);

async function answer({ subject, measure }: CaseOrder): Promise<CaseOutcome> {
  try {
    return { result: await measureCase(openSubject(subject), measure) };
  } catch (error) {
    const name = subject.kind === 'corpus' ? subject.name : subject.path;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { failure: { name, ...(subject.kind === 'corpus' ? { seed: subject.seed } : {}), error: text } };
  }
}
