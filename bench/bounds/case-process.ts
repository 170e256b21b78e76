// The process of one problem: gets what to measure from the one that forked it, measures, answers, ends.
import { answerOrder } from '../order-process.ts';
import { type CaseSubject, openSubject } from '../problems.ts';
import { type BoundsOptions, type BoundsResult, measureBounds } from './measure.ts';

/** What to measure. */
export interface BoundsOrder {
  readonly subject: CaseSubject;
  readonly options: BoundsOptions;
}

/** What came of it. */
export type BoundsOutcome = { readonly result: BoundsResult } | { readonly error: string };

answerOrder(answer);

async function answer({ subject, options }: BoundsOrder): Promise<BoundsOutcome> {
  try {
    return { result: await measureBounds(openSubject(subject), options) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
