// The session's own behaviour against a service that misbehaves: objects that it refuses, streams that break, a newer leader.
// Against the real service it is run in cli/controller-runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import {
  CatalogueReferenceSchema,
  SchedulerService,
  SessionDeletesSchema,
  type SessionRequest,
  SessionResponseSchema,
  SessionUpsertsSchema,
  SolveOptionsSchema,
} from '../../proto/index.ts';
import { EngineError, PlanSession } from './index.ts';

type Answer = MessageInitShape<typeof SessionResponseSchema>['message'];
/** What the service answers to one message; an error ends the stream. */
type Behave = (message: SessionRequest['message'], stream: number) => Answer | Error | undefined;

/** A service that does what it is told, and otherwise agrees with everything. */
function open(behave: Behave = () => undefined) {
  const heard: string[] = [];
  let streams = 0;
  const transport = createRouterTransport(({ service }) => {
    service(SchedulerService, {
      session: async function* (requests) {
        streams += 1;
        const stream = streams;
        for await (const { message } of requests) {
          heard.push(textOf(message));
          const answer = behave(message, stream) ?? agree(message);
          if (answer instanceof Error) throw answer;
          if (answer !== undefined) yield create(SessionResponseSchema, { message: answer } as never);
        }
      },
    });
  });
  const changes: string[][] = [];
  const left: string[] = [];
  const nodes = (names: readonly string[]) => names.map((name) => ({ name }));
  const session = new PlanSession({
    scheduler: createClient(SchedulerService, transport),
    identity: { cluster: 'c', leaseEpoch: 3n, catalogue: create(CatalogueReferenceSchema, {}) },
    feed: {
      snapshot: () => [create(SessionUpsertsSchema, { nodes: nodes(['a', 'bad', 'b']) })],
      delta: () => {
        const names = changes.shift();
        if (names === undefined) return undefined;
        return {
          deletes: create(SessionDeletesSchema, {}),
          upserts: create(SessionUpsertsSchema, { nodes: nodes(names) }),
        };
      },
    },
    onLeftOut: (object) => void left.push(object),
  });
  const plan = () => session.plan(create(SolveOptionsSchema, {}), new AbortController().signal);
  return { heard, changes, left, plan, session };
}

function textOf(message: SessionRequest['message']): string {
  if (message.case === 'snapshot' || message.case === 'delta') {
    const gone = message.case === 'delta' ? (message.value.deletes?.nodes ?? []).map((name) => `-${name}`) : [];
    const names = [...gone, ...(message.value.upserts?.nodes ?? []).map(({ name }) => name)];
    return `${message.case} ${message.value.version}: ${names.join(' ')}`;
  }
  return message.case === 'plan' ? `plan of ${message.value.version}` : String(message.case);
}

function agree(message: SessionRequest['message']): Answer {
  if (message.case === 'open') return { case: 'opened', value: {} };
  if (message.case === 'plan') return { case: 'planned', value: { requestId: message.value.requestId } };
  if (message.case !== 'snapshot' && message.case !== 'delta') return { case: undefined };
  return { case: 'accepted', value: { version: message.value.version ?? 0n } };
}

test('a session begins with a snapshot and goes on with what changes', async () => {
  const { heard, changes, plan } = open();
  await plan();
  await plan();
  changes.push(['c']);
  await plan();
  assert.deepEqual(heard, ['open', 'snapshot 1: a bad b', 'plan of 1', 'plan of 1', 'delta 2: c', 'plan of 2']);
});

test('an object that is refused is left out of the snapshot, and the rest counts', async () => {
  const { heard, left, plan } = open((message) =>
    message.case === 'snapshot' && message.value.upserts?.nodes.some(({ name }) => name === 'bad')
      ? {
          case: 'refused',
          value: { subject: { case: 'snapshotPart', value: 0 }, code: 3, field: 'snapshot.upserts.nodes[1].name' },
        }
      : undefined,
  );
  await plan();
  assert.deepEqual(left, ['nodes bad']);
  assert.deepEqual(heard, ['open', 'snapshot 1: a bad b', 'snapshot 2: a b', 'plan of 2']);
});

test('an object that is refused in a delta is deleted from the state, under the same number', async () => {
  const { heard, changes, left, plan } = open((message) => {
    if (message.case !== 'delta') return undefined;
    const index = (message.value.upserts?.nodes ?? []).findIndex(({ name }) => name === 'worse');
    if (index < 0) return undefined;
    const field = `delta.upserts.nodes[${index}].taints[0].effect`;
    return {
      case: 'refused',
      value: { subject: { case: 'deltaVersion', value: message.value.version }, code: 3, field },
    };
  });
  await plan();
  changes.push(['c', 'worse', 'd']);
  await plan();
  assert.deepEqual(left, ['nodes worse']);
  assert.deepEqual(heard.slice(-3), ['delta 2: c worse d', 'delta 2: -worse c d', 'plan of 2']);
});

test('a refusal that points at no object is an error, and the next plan begins anew', async () => {
  let isWrong = true;
  const { heard, changes, plan } = open((message) =>
    message.case === 'delta' && isWrong
      ? {
          case: 'refused',
          value: { subject: { case: 'deltaVersion', value: 2n }, code: 8, message: 'full', retryAfterMs: 50 },
        }
      : undefined,
  );
  await plan();
  changes.push(['c']);
  await assert.rejects(plan, (error: EngineError) => error.code === 'unavailable' && error.retryAfterMs === 50);
  isWrong = false;
  await plan();
  assert.deepEqual(heard.slice(-3), ['open', 'snapshot 1: a bad b', 'plan of 1']);
});

test('where the service has lost track, the whole state is said again', async () => {
  const { heard, changes, plan } = open((message) =>
    message.case === 'delta'
      ? { case: 'refused', value: { subject: { case: 'deltaVersion', value: 2n }, code: 9, snapshotNeeded: true } }
      : undefined,
  );
  await plan();
  changes.push(['c']);
  await plan();
  assert.deepEqual(heard.slice(-3), ['delta 2: c', 'snapshot 2: a bad b', 'plan of 2']);
});

test('a stream that breaks fails the plan, and the next one opens another with a snapshot', async () => {
  const { heard, plan } = open((message, stream) =>
    message.case === 'plan' && stream === 1 ? new ConnectError('gone', Code.Unavailable) : undefined,
  );
  await assert.rejects(plan, (error: EngineError) => error.code === 'unavailable');
  await plan();
  assert.deepEqual(heard, ['open', 'snapshot 1: a bad b', 'plan of 1', 'open', 'snapshot 1: a bad b', 'plan of 1']);
});

for (const [what, code] of [
  ['a newer leader has taken over', Code.Aborted],
  ['a newer leader has been there', Code.FailedPrecondition],
] as const) {
  test(`where ${what}, the caller is told to stop`, async () => {
    const { plan } = open((message) => (message.case === 'open' ? new ConnectError('old', code) : undefined));
    await assert.rejects(plan, (error: unknown) => error instanceof EngineError && error.code === 'deposed');
  });
}

test('a plan that nobody waits for any more is called off', async () => {
  const { heard, session } = open((message) => (message.case === 'plan' ? { case: undefined } : undefined));
  const end = new AbortController();
  const planning = session.plan(create(SolveOptionsSchema, {}), end.signal);
  planning.catch(() => undefined);
  while (!heard.includes('plan of 1')) await new Promise((resolve) => setImmediate(resolve));
  end.abort();
  while (!heard.includes('cancel')) await new Promise((resolve) => setImmediate(resolve));
  session.close();
  await assert.rejects(planning);
});
