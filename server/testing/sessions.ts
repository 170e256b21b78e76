// Sessions for tests: what a client says, shortly, and what it expects to hear.
import assert from 'node:assert/strict';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  SessionDeletes,
  SessionDeletesSchema,
  SessionRequestSchema,
  SessionResponse,
  SessionResponseSchema,
  SessionUpserts,
  SessionUpsertsSchema,
} from '../../proto/index.ts';
import { GIBIBYTE } from './catalogues.ts';
import { CallError } from './clients.ts';
import type { TestStream } from './streams.ts';

/** A session's stream. */
export type SessionStream = TestStream<typeof SessionRequestSchema, typeof SessionResponseSchema>;
/** Upserts as plain data. */
export type Upserts = Exclude<MessageInitShape<typeof SessionUpsertsSchema>, SessionUpserts>;
/** Deletes as plain data. */
export type Deletes = Exclude<MessageInitShape<typeof SessionDeletesSchema>, SessionDeletes>;

/** The catalogue of us-east-1 in an account. */
export const accountCatalogue = (account: string) => ({
  catalogue: { case: 'identity', value: { account, region: 'us-east-1' } } as const,
});

type Answers = Exclude<SessionResponse['message'], { readonly case: undefined }>;
/** What is in an answer, by its kind. */
type AnswerValues = { readonly [A in Answers as A['case']]: A['value'] };

/** The next answer, which has to be of this kind. */
export async function answer<Kind extends Answers['case']>(
  stream: SessionStream,
  kind: Kind,
): Promise<AnswerValues[Kind]> {
  const message = (await stream.next())?.message;
  const text = JSON.stringify(message, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
  assert.equal(message?.case, kind, text);
  return message?.value as AnswerValues[Kind];
}

/** The error with which the stream ends instead of its next answer. */
export async function endOf(stream: SessionStream): Promise<CallError> {
  const error = await stream.next().then(
    (message) => assert.fail(`the stream goes on: ${message?.message.case}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CallError, String(error));
  return error;
}

/** Pods of one shape with a GiB of memory each. */
export const sessionPods = (names: readonly string[], cpuMilli = 1_000, node = '') => ({
  shape: { requests: { cpuMilli: BigInt(cpuMilli), memoryBytes: BigInt(GIBIBYTE) } },
  names: [...names],
  node,
});

/** What a client says. */
export const say = {
  open: (stream: SessionStream, cluster: string, leaseEpoch = 1n, account = ''): void =>
    stream.send({ message: { case: 'open', value: { cluster, leaseEpoch, catalogue: accountCatalogue(account) } } }),
  snapshot: (stream: SessionStream, upserts: Upserts, part = 0, version?: bigint): void =>
    stream.send({
      message: { case: 'snapshot', value: { part, upserts, ...(version === undefined ? {} : { version }) } },
    }),
  delta: (stream: SessionStream, version: bigint, upserts: Upserts, deletes: Deletes = {}): void =>
    stream.send({ message: { case: 'delta', value: { version, upserts, deletes } } }),
  plan: (
    stream: SessionStream,
    requestId: bigint,
    rest: {
      readonly version?: bigint;
      readonly pods?: { namespace?: string; names: string[] }[];
      readonly options?: { readonly lowerBound?: boolean };
    } = {},
  ): void => stream.send({ message: { case: 'plan', value: { requestId, ...rest } } }),
  cancel: (stream: SessionStream, requestId: bigint): void =>
    stream.send({ message: { case: 'cancel', value: { requestId } } }),
} as const;
