// Bad input against the running service: each gets a clear error with code and field, and the next call is served.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { Client, credentials } from '@grpc/grpc-js';
import {
  CapacityType,
  type Effort,
  type ExplainRequestSchema,
  OfferingService,
  Operator,
  SchedulerService,
  type SolveRequestSchema,
  type UpdateOfferingsRequestSchema,
} from '../proto/index.ts';
import type { RunningServer } from './index.ts';
import { LIMITS } from './limits.ts';
import {
  allClients,
  CallError,
  explicitType,
  grpcClient,
  podsRequest,
  rawGrpcCall,
  smallCatalogue,
  startTestServer,
  type TestClient,
} from './testing/index.ts';

const { solve, explain } = SchedulerService.method;
const { updateOfferings } = OfferingService.method;

type SolveInit = MessageInitShape<typeof SolveRequestSchema>;
type UpdateInit = MessageInitShape<typeof UpdateOfferingsRequestSchema>;

const inline = { catalogue: { case: 'inline', value: smallCatalogue() } } as const;
const good: SolveInit = podsRequest(1);
const requirement = (operator: number, values: string[], key = 'example.com/team') =>
  ({
    nodePools: [{ name: 'default', requirements: [{ key, operator: operator as Operator, values }] }],
  }) satisfies SolveInit;

/** [what is wrong, the request, the field named, words of the message]. All are INVALID_ARGUMENT. */
const BAD_EXPLANATIONS: readonly (readonly [string, MessageInitShape<typeof ExplainRequestSchema>, string, RegExp])[] =
  [
    ['no solve', {}, 'solve', /required|nothing/],
    [
      'a bad solve',
      { solve: { ...good, ...requirement(Operator.GT, ['many']) } },
      'solve.node_pools[0].requirements[0]',
      /integer/,
    ],
    [
      'a pod that is not there',
      { solve: good, scope: { pods: [{ name: 'pod-1' }] } },
      'scope.pods[0].name',
      /no pod.*did you mean pod-0\?/,
    ],
    [
      'a pod of another namespace',
      { solve: good, scope: { pods: [{ namespace: 'x', name: 'pod-0' }] } },
      'scope.pods[0].name',
      /no pod/,
    ],
    ['a pod without a name', { solve: good, scope: { pods: [{ name: '' }] } }, 'scope.pods[0].name', /./],
    [
      'a node beyond the plan',
      { solve: good, scope: { plannedNodes: [1] } },
      'scope.planned_nodes[0]',
      /has 1 new nodes, counted from 0/,
    ],
    [
      'a node that is not there',
      { solve: good, scope: { existingNodes: ['x'] } },
      'scope.existing_nodes[0]',
      /no node x/,
    ],
    [
      'too many pods',
      { solve: good, scope: { pods: Array.from({ length: 1001 }, () => ({ name: 'pod-0' })) } },
      'scope.pods',
      /1000/,
    ],
  ];

/** [what is wrong, the request, the field named, words of the message]. All are INVALID_ARGUMENT. */
const BAD_SOLVES: readonly (readonly [string, SolveInit, string, RegExp])[] = [
  ['an unknown operator', { ...good, ...requirement(77, []) }, 'node_pools[0].requirements[0].operator', /defined/],
  ['an operator that is not set', { ...good, ...requirement(0, []) }, 'node_pools[0].requirements[0].operator', /./],
  [
    'the memory of a type twice',
    {
      ...good,
      nodeClasses: [
        {
          name: 'c',
          observedMemory: [
            { instanceType: 'small', memoryBytes: 1n },
            { instanceType: 'small', memoryBytes: 2n },
          ],
        },
      ],
    },
    'node_classes[0].observed_memory[1]',
    /names small again/,
  ],
  [
    'an operator without values',
    { ...good, ...requirement(Operator.IN, []) },
    'node_pools[0].requirements[0]',
    /at least one value/,
  ],
  [
    'a number that is none',
    { ...good, ...requirement(Operator.GT, ['many']) },
    'node_pools[0].requirements[0]',
    /integer/,
  ],
  [
    'a key that is none',
    { ...good, ...requirement(Operator.EXISTS, [], 'a b') },
    'node_pools[0].requirements[0]',
    /key/,
  ],
  [
    'an operator that pods do not know',
    {
      ...good,
      podGroups: [
        {
          shape: { requiredNodeTerms: [{ matchExpressions: [{ key: 'cpu', operator: Operator.GTE, values: ['4'] }] }] },
          names: ['a'],
        },
      ],
    },
    'pod_groups[0].shape.required_node_terms[0].match_expressions[0].operator',
    /Gte is not known here/,
  ],
  [
    'a negative quantity',
    { ...good, podGroups: [{ shape: { requests: { cpuMilli: -1n } }, names: ['a'] }] },
    'pod_groups[0].shape.requests.cpu_milli',
    /greater than or equal to 0/,
  ],
  [
    'a quantity beyond exact integers',
    { ...good, podGroups: [{ shape: { requests: { memoryBytes: 2n ** 53n } }, names: ['a'] }] },
    'pod_groups[0].shape.requests.memory_bytes',
    /less than or equal/,
  ],
  [
    'a pod twice in a namespace',
    {
      ...good,
      podGroups: [
        { shape: {}, names: ['a', 'b'] },
        { shape: { namespace: 'default' }, names: ['b'] },
      ],
    },
    'pod_groups[1].names[0]',
    /default\/b is in the request twice/,
  ],
  [
    'a pod to place that already runs',
    { ...good, nodes: [{ name: 'here', pods: [{ shape: {}, names: ['pod-0'] }] }] },
    'nodes[0].pods[0].names[0]',
    /twice/,
  ],
  [
    'a pool twice',
    { ...good, nodePools: [{ name: 'x' }, { name: 'x' }] },
    'node_pools[1].name',
    /already in node_pools\[0\]/,
  ],
  ['a node class twice', { ...good, nodeClasses: [{ name: 'x' }, { name: 'x' }] }, 'node_classes[1].name', /unique/],
  ['a node twice', { ...good, nodes: [{ name: 'x' }, { name: 'x' }] }, 'nodes[1].name', /unique/],
  [
    'a daemonset twice',
    {
      ...good,
      daemonSets: [
        { name: 'x', shape: {} },
        { name: 'x', namespace: 'default', shape: {} },
      ],
    },
    'daemon_sets[1].name',
    /unique/,
  ],
  [
    'no pool that can be used',
    { ...good, nodePools: [{ name: 'x', nodeClass: 'nowhere' }] },
    'node_pools[0].node_class',
    /no pool can be used.*nowhere/,
  ],
  [
    'an empty catalogue',
    podsRequest(1, { catalogue: { catalogue: { case: 'inline', value: {} } } }),
    'catalogue.inline.instance_types',
    /at least 1/,
  ],
  [
    'a catalogue that offers nothing',
    podsRequest(1, {
      catalogue: {
        catalogue: { case: 'inline', value: { instanceTypes: [{ ...explicitType('x', 1, 1), offerings: [] }] } },
      },
    }),
    'catalogue',
    /no offerings/,
  ],
  [
    'an instance type twice',
    podsRequest(1, {
      catalogue: {
        catalogue: { case: 'inline', value: { instanceTypes: [explicitType('x', 1, 1), explicitType('x', 2, 1)] } },
      },
    }),
    'catalogue.inline.instance_types[1].name',
    /already/,
  ],
  ['an effort that does not exist', { ...good, options: { effort: 9 as Effort } }, 'options.effort', /defined enum/],
  ['a group without names', { ...good, podGroups: [{ shape: {}, names: [] }] }, 'pod_groups[0].names', /at least 1/],
  [
    'a taint without effect',
    { ...good, nodePools: [{ name: 'x', taints: [{ key: 'k' }] }] },
    'node_pools[0].taints[0].effect',
    /./,
  ],
];

const offering = (priceNanoUsdPerHour: bigint | undefined, more: object = {}) => ({
  zone: 'a',
  capacityType: CapacityType.ON_DEMAND,
  available: true,
  ...(priceNanoUsdPerHour === undefined ? {} : { priceNanoUsdPerHour }),
  ...more,
});
const updateOf = (...updates: NonNullable<UpdateInit['updates']>): UpdateInit => ({ catalogue: inline, updates });

/** [what is wrong, the request, code, the field named, words of the message]. */
const BAD_UPDATES: readonly (readonly [string, UpdateInit, Code, string, RegExp])[] = [
  [
    'a negative price',
    updateOf({ instanceType: 'small', offering: offering(1n) }, { instanceType: 'medium', offering: offering(-1n) }),
    Code.InvalidArgument,
    'updates[1].offering.price_nano_usd_per_hour',
    /greater than or equal to 0/,
  ],
  [
    'a price beyond exact integers',
    updateOf({ instanceType: 'small', offering: offering(2n ** 53n) }),
    Code.InvalidArgument,
    'updates[0].offering.price_nano_usd_per_hour',
    /less than or equal to 9007199254740991/,
  ],
  [
    'an instance type that the catalogue lacks',
    updateOf({ instanceType: 'nothing', offering: offering(1n) }),
    Code.NotFound,
    'updates[0].instance_type',
    /no instance type nothing/,
  ],
  [
    'offerings within types of which part is stated',
    {
      keepUnstated: true,
      instanceTypes: [
        { name: 'small', form: { case: 'explicit', value: { capacity: {} } }, offerings: [offering(1n)] },
      ],
    },
    Code.InvalidArgument,
    'instance_types[0].offerings',
    /keep_unstated/,
  ],
  [
    'one offering twice',
    updateOf({ instanceType: 'small', offering: offering(1n) }, { instanceType: 'small', offering: offering(2n) }),
    Code.InvalidArgument,
    'updates[1]',
    /same offering as updates\[0\]/,
  ],
  [
    'a reservation that is no reserved capacity',
    updateOf({ instanceType: 'small', offering: offering(1n, { reservation: { id: 'cr-1' } }) }),
    Code.InvalidArgument,
    'updates[0].offering.reservation',
    /only reserved/,
  ],
  [
    'reserved capacity without its reservation',
    updateOf({ instanceType: 'small', offering: offering(1n, { capacityType: CapacityType.RESERVED }) }),
    Code.InvalidArgument,
    'updates[0].offering.reservation',
    /needs its reservation/,
  ],
  [
    'a reservation of an unknown kind',
    updateOf({
      instanceType: 'small',
      offering: offering(1n, { capacityType: CapacityType.RESERVED, reservation: { id: 'cr-1', kind: 'half' } }),
    }),
    Code.InvalidArgument,
    'updates[0].offering.reservation.kind',
    /is half; use one of default, capacity-block, interruptible/,
  ],
];

describe('bad input', () => {
  let server: RunningServer;
  let clients: TestClient[];
  before(async () => {
    server = await startTestServer();
    clients = allClients(server);
  });
  after(async () => {
    for (const client of clients) client.close();
    await server.close();
  });

  /** Every protocol refuses the call with this error, and serves the next one. */
  async function assertRefused(
    call: (client: TestClient) => Promise<unknown>,
    code: Code,
    field: string | null,
    words: RegExp,
  ): Promise<void> {
    for (const client of clients) {
      const error = await call(client).then(
        () => assert.fail(`${client.protocol} answered`),
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof CallError, `${client.protocol}: ${error}`);
      assert.equal(Code[error.code], Code[code], `${client.protocol}: ${error.message}`);
      assert.equal(error.field, field, client.protocol);
      assert.match(error.message, words, client.protocol);
      const next = await client.call(solve, good);
      assert.equal(next.plan?.nodes.length, 1, `${client.protocol} serves the next call`);
    }
  }

  for (const [name, request, field, words] of BAD_SOLVES) {
    it(`a solve with ${name} is refused, naming ${field}`, () =>
      assertRefused((client) => client.call(solve, request), Code.InvalidArgument, field, words));
  }

  for (const [name, request, field, words] of BAD_EXPLANATIONS) {
    it(`an explanation with ${name} is refused, naming ${field}`, () =>
      assertRefused((client) => client.call(explain, request), Code.InvalidArgument, field, words));
  }

  for (const [name, request, code, field, words] of BAD_UPDATES) {
    it(`an update with ${name} is refused, naming ${field}`, () =>
      assertRefused((client) => client.call(updateOfferings, request), code, field, words));
  }

  it('an update that is refused has changed nothing', async () => {
    const client = grpcClient(server);
    const catalogue = { catalogue: { case: 'identity', value: { account: 'whole', region: 'us-east-1' } } } as const;
    const before = await client.call(solve, podsRequest(1, { catalogue }));
    await assert.rejects(
      client.call(updateOfferings, {
        catalogue,
        replaceAll: true,
        updates: [
          { instanceType: 'small', offering: offering(1n, { zone: 'us-east-1a' }) },
          { instanceType: 'nothing', offering: offering(1n) },
        ],
      }),
    );
    const after = await client.call(solve, podsRequest(1, { catalogue }));
    assert.equal(after.stats?.offeringEpoch, before.stats?.offeringEpoch);
    assert.equal(after.plan?.hash, before.plan?.hash);
    client.close();
  });

  it('an unknown catalogue hash is NOT_FOUND and says to send the catalogue again', () =>
    assertRefused(
      (client) =>
        client.call(
          solve,
          podsRequest(1, { catalogue: { catalogue: { case: 'contentHash', value: '0'.repeat(64) } } }),
        ),
      Code.NotFound,
      'catalogue.content_hash',
      /send the catalogue again/,
    ));

  it('an unknown region is NOT_FOUND and lists those there are', () =>
    assertRefused(
      (client) =>
        client.call(
          solve,
          podsRequest(1, { catalogue: { catalogue: { case: 'identity', value: { region: 'mars-1' } } } }),
        ),
      Code.NotFound,
      'catalogue.identity.region',
      /eu-test-1, us-east-1/,
    ));

  it('bytes of another shape are INVALID_ARGUMENT by gRPC', async () => {
    const client = new Client(server.grpcAddress, credentials.createInsecure());
    const error = await rawGrpcCall(client, solve, Buffer.from('this is no message')).catch(
      (thrown: unknown) => thrown,
    );
    client.close();
    assert.ok(error instanceof CallError);
    assert.equal(Code[error.code], 'InvalidArgument');
    assert.match(error.message, /no dovetail\.v1\.SolveRequest/);
  });

  for (const [name, body, words] of [
    ['text that is no JSON', '{"podGroups": [', /JSON/i],
    ['a field that does not exist', '{"podGroop": []}', /podGroop/],
    ['a list in place of an object', '{"podGroups": {"names": ["a"]}}', /pod_groups/],
    ['a price with a fraction', updateJson('0.5'), /price_nano_usd_per_hour/],
    ['a price as not-a-number', updateJson('"NaN"'), /price_nano_usd_per_hour/],
    ['a price beyond every number', updateJson('1e400'), /price_nano_usd_per_hour/],
    ['a price in words', updateJson('"cheap"'), /price_nano_usd_per_hour/],
  ] as const) {
    it(`JSON with ${name} is INVALID_ARGUMENT`, async () => {
      const method = body.includes('updates') ? 'OfferingService/UpdateOfferings' : 'SchedulerService/Solve';
      const response = await fetch(`http://${server.httpAddress}/dovetail.v1.${method}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      const error = (await response.json()) as { code: string; message: string };
      assert.equal(response.status, 400);
      assert.equal(error.code, 'invalid_argument');
      assert.match(error.message, words);
      await clients[2]?.call(solve, good);
    });
  }

  it('an unknown path answers what is served instead', async () => {
    const response = await fetch(`http://${server.httpAddress}/nothing`, { method: 'POST' });
    assert.equal(response.status, 404);
    assert.match(((await response.json()) as { message: string }).message, /dovetail\.v1\.SchedulerService\/Solve/);
  });

  it('200 MB of pods are refused by size before they are read, and memory stays bounded', async () => {
    // A group of 200 million bytes of names, framed by hand: a single field that is never decoded.
    const size = 200 * 1024 * 1024;
    assert.ok(size > LIMITS.messageBytes);
    const body = Buffer.alloc(size, 'a');
    const client = new Client(server.grpcAddress, credentials.createInsecure(), { 'grpc.max_send_message_length': -1 });
    const rssBefore = process.memoryUsage().rss;
    const error = await rawGrpcCall(client, solve, body).catch((thrown: unknown) => thrown);
    client.close();
    assert.ok(error instanceof CallError, String(error));
    assert.equal(Code[error.code], 'ResourceExhausted', error.message);
    const status = await postBody(server.httpAddress ?? '', body);
    assert.ok(status === 429 || status === 'hung up', `status ${status}`);
    // The client's own frame is one more copy of the body; the server's share has to stay below one limit's worth.
    const grown = process.memoryUsage().rss - rssBefore;
    assert.ok(grown < size + 2 * LIMITS.messageBytes, `the process grew by ${Math.round(grown / 1024 / 1024)} MiB`);
    for (const each of clients) await each.call(solve, good);
  });

  it('a client that hangs up mid-call costs nothing: the next call is served', async () => {
    for (const client of clients) {
      const hangUp = new AbortController();
      const call = client.call(solve, podsRequest(20_000), { signal: hangUp.signal });
      setImmediate(() => hangUp.abort());
      await call.catch(() => undefined);
      await client.call(solve, good);
    }
    // A connection that ends in the middle of a request's body.
    await new Promise<void>((resolve) => {
      const request = httpRequest(`http://${server.httpAddress}/dovetail.v1.SchedulerService/Solve`, {
        method: 'POST',
        headers: { 'content-type': 'application/proto', 'content-length': '1000' },
      });
      request.on('error', () => resolve());
      request.write('half', () => request.destroy());
      request.on('close', () => resolve());
    });
    for (const client of clients) await client.call(solve, good);
  });
});

function updateJson(price: string): string {
  return `{"catalogue": {"identity": {"region": "us-east-1"}}, "updates": [{"instanceType": "small", "offering": {"zone": "us-east-1a", "capacityType": "CAPACITY_TYPE_ON_DEMAND", "priceNanoUsdPerHour": ${price}, "available": true}}]}`;
}

/** Posts a body and answers the status; a server may also answer and close before everything is sent. */
function postBody(address: string, body: Buffer): Promise<number | 'hung up'> {
  return new Promise((resolve) => {
    const request = httpRequest(
      `http://${address}/dovetail.v1.SchedulerService/Solve`,
      { method: 'POST', headers: { 'content-type': 'application/proto', 'content-length': body.byteLength } },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    request.on('error', () => resolve('hung up'));
    request.end(body);
  });
}
