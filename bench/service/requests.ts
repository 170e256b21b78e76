// Requests to send to a service: cases of the corpus as the contract's bytes.
import { create, toBinary, toJsonString } from '@bufbuild/protobuf';
import { Effort, SolveOptionsSchema, type SolveRequest, SolveRequestSchema } from '../../proto/index.ts';
import type { CaseSize } from '../corpus.ts';
import { openCorpusCase } from '../problems.ts';

/** Which request: one pod at the default effort, the others at FAST. */
export type RequestName = 'one-pod' | 'web-1000' | 'many-shapes-10000';

/** A request, ready to be sent. */
export interface PreparedRequest {
  readonly name: RequestName;
  readonly podCount: number;
  readonly message: SolveRequest;
  readonly bytes: Buffer;
  /** The same as the Connect protocol's JSON. */
  readonly json: string;
}

/** Makes a request of the corpus. The same name, size and seed give the same bytes. */
export function prepareRequest(name: RequestName, size: CaseSize, seed: number): PreparedRequest {
  const problem = openCorpusCase(name, size, seed).fresh();
  const message = problem.buildRequest(problem.catalogue);
  if (name !== 'one-pod') {
    message.options ??= create(SolveOptionsSchema);
    message.options.effort = Effort.FAST;
  }
  return {
    name,
    podCount: problem.podCount,
    message,
    bytes: Buffer.from(toBinary(SolveRequestSchema, message)),
    json: toJsonString(SolveRequestSchema, message),
  };
}
