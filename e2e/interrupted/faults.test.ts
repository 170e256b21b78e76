// The controller behind a proxy that lets its calls to the API server go wrong: whatever becomes of them, pods get their nodes
// and nodes their end, nothing is launched twice and nothing is left. Each case scales up, loses a node and scales down under
// its faults. Needs Go, for the control plane.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openChance } from '../../controller/random/index.ts';
import {
  deployment,
  type Fault,
  isWrite,
  launchCount,
  type ProxiedCall,
  type ProxiedController,
  RealWorld,
  type Rule,
  teamPool,
  untilConsistent,
  untilRunning,
} from '../controller/index.ts';

const REPLICAS = 3;

/** For so long from its beginning a case has its faults: what has failed often then comes again seldom. */
const FAULTY_MS = 45_000;

/** After this long with an API server that is not there a leader has lost its Lease. */
const AWAY_MS = 10_000;

/** How long a create that was refused for too many requests has to wait. */
const RETRY_AFTER_SECONDS = 2;

interface Case {
  /** What it is called in the cluster. */
  readonly team: string;
  readonly name: string;
  /** Called once when the case begins. */
  readonly rule: () => Rule;
}

/** A share of the calls that match meets a fault. */
function sometimes(seed: number, share: number, fault: (call: ProxiedCall, index: number) => Fault | undefined): Rule {
  const chance = openChance(seed);
  let index = 0;
  return (call) => {
    if (chance.fraction() >= share) return undefined;
    index += 1;
    return fault(call, index);
  };
}

function forAWhile(rule: Rule): Rule {
  const untilMs = performance.now() + FAULTY_MS;
  return (call) => (call.atMs < untilMs ? rule(call) : undefined);
}

const orNothing = (isSo: boolean, fault: Fault): Fault | undefined => (isSo ? fault : undefined);

/** Writes whose first try has been seen, by what they write to. */
function firstTries(): (call: ProxiedCall) => boolean {
  const seen = new Set<string>();
  return ({ method, path, body }) => {
    const key = `${method} ${path} ${(body as { metadata?: { name?: string } } | undefined)?.metadata?.name ?? ''}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  };
}

const CASES: readonly Case[] = [
  {
    team: 'cut',
    name: 'watches are cut in the middle of an event',
    rule: () => {
      let count = 0;
      return ({ isWatch }) => {
        count += isWatch ? 1 : 0;
        return orNothing(isWatch, { kind: 'cut', afterEvents: count % 4 });
      };
    },
  },
  {
    team: 'expired',
    name: 'watches are told that their version is gone, when they open and in their midst',
    rule: () => {
      let count = 0;
      return ({ isWatch }) => {
        if (!isWatch) return undefined;
        count += 1;
        return count % 3 === 0 ? { kind: 'answer', status: 410 } : { kind: 'expire', afterEvents: count % 4 };
      };
    },
  },
  {
    team: 'conflicts',
    name: 'two of five writes are conflicts',
    rule: () => sometimes(1, 0.4, (call) => orNothing(isWrite(call), { kind: 'answer', status: 409 })),
  },
  {
    team: 'throttled',
    name: 'everything is throttled the first time, with a time to come again',
    rule: () => {
      const isFirst = firstTries();
      return (call) =>
        orNothing(isFirst(call), { kind: 'answer', status: 429, retryAfterSeconds: RETRY_AFTER_SECONDS });
    },
  },
  {
    team: 'broken',
    name: 'three of ten calls are answered by 500 or 503',
    rule: () => sometimes(2, 0.3, (_, index) => ({ kind: 'answer', status: index % 2 === 0 ? 500 : 503 })),
  },
  {
    team: 'slow',
    name: 'answers come up to two seconds late, and in another order',
    rule: () => {
      const chance = openChance(3);
      return () => ({ kind: 'delay', ms: chance.integer(0, 2_000) });
    },
  },
  {
    team: 'reset',
    name: 'connections are reset with everything that is under way on them',
    rule: () => sometimes(4, 0.1, () => ({ kind: 'reset' })),
  },
  {
    team: 'unanswered',
    name: 'every write is done and its first answer lost',
    rule: () => {
      const isFirst = firstTries();
      return (call) => orNothing(isWrite(call) && isFirst(call), { kind: 'lose-reply' });
    },
  },
  {
    team: 'away',
    name: 'the API server is away for longer than the Lease lasts, once a claim has been made',
    rule: () => {
      let untilMs: number | undefined;
      return ({ method, path, atMs }) => {
        if (method === 'POST' && path.endsWith('/nodeclaims') && untilMs === undefined) untilMs = atMs + AWAY_MS;
        return orNothing(untilMs !== undefined && atMs < untilMs, { kind: 'lose-reply' });
      };
    },
  },
];

describe('dovetail controller behind a network that fails', () => {
  let world: RealWorld;
  let proxied: ProxiedController;
  before(async () => {
    world = await RealWorld.start();
    proxied = await world.startProxied();
    await world.applyMission('01-default-nodepool-and-nodeclass.yaml');
    await world.kubectl('wait', '--for=condition=Ready', '--timeout=60s', 'ec2nodeclass/default', 'nodepool/default');
  });
  after(async () => {
    await world?.stop();
  });

  /** Three nodes come, one goes and is replaced, all go. */
  async function upAndDown(team: string): Promise<void> {
    const pool = `karpenter.sh/nodepool=${team}`;
    await world.apply(teamPool(team, ['m7i.large']), deployment(team, REPLICAS, '1500m', team));
    await untilRunning(world, team, REPLICAS);
    const [claim] = await world.get('nodeclaims', '-l', pool);
    await world.kubectl('delete', 'nodeclaim', String(claim?.metadata.name), '--wait=false');
    await world.waitUntil('the claim is gone', async () =>
      (await world.get('nodeclaims', '-l', pool)).every(({ metadata }) => metadata.name !== claim?.metadata.name),
    );
    await untilRunning(world, team, REPLICAS);
    await world.kubectl('delete', 'deployment', team);
    await world.kubectl('delete', 'nodepool', team, '--wait=false');
    await world.waitUntil('the pool and all that was of it are gone', async () => {
      const left = [...(await world.get('nodepools')), ...(await world.get('nodeclaims', '-l', pool))];
      return left.every(
        ({ metadata }) => metadata.name !== team && metadata.labels?.['karpenter.sh/nodepool'] !== team,
      );
    });
  }

  for (const { team, name, rule } of CASES) {
    test(name, async () => {
      const { controller, proxy } = proxied;
      const before = launchCount(world);
      const from = proxy.journal.length;
      proxy.rule = forAWhile(rule());
      proxy.resetConnections();
      try {
        await upAndDown(team);
      } finally {
        proxy.calm();
      }
      const met = proxy.journal.slice(from).filter(({ fault }) => fault !== undefined);
      assert.ok(met.length >= REPLICAS, `only ${met.length} calls met a fault`);
      await untilConsistent(world);
      assert.equal(launchCount(world) - before, REPLICAS + 1, await world.describe());
      assert.equal(await controller.health('/healthz'), 200);
      assert.deepEqual(controller.otherLines, []);
    });
  }

  test('no claim was asked for again before the time that the API server had named', () => {
    const creates = proxied.proxy.journal.filter(
      ({ method, path }) => method === 'POST' && path === '/apis/karpenter.sh/v1/nodeclaims',
    );
    const nameOf = ({ body }: ProxiedCall) => (body as { readonly metadata: { readonly name: string } }).metadata.name;
    const refused = creates.filter(({ fault }) => fault === 'answer');
    const throttled = refused.filter((call) => nameOf(call).startsWith('throttled-'));
    assert.ok(throttled.length > 0, 'no claim was throttled');
    for (const call of throttled) {
      const next = creates.find((other) => other.atMs > call.atMs && nameOf(other) === nameOf(call));
      assert.ok(next !== undefined, `${nameOf(call)} was not asked for again`);
      assert.ok(next.atMs - call.atMs >= RETRY_AFTER_SECONDS * 1_000, `${nameOf(call)} was asked for too soon`);
    }
  });
});
