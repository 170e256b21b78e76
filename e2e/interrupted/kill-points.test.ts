// The leader is killed, or stopped for longer than its Lease lasts and continued, before and after its external writes in a
// launch and in a drain, on real parts, and a standby goes on: no second instance, no lost pod, nothing left over, and nothing
// written by who has been deposed. A point that is not reached fails. A few of them, or with --all every one in every way.
// Needs Go, for the control plane.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  deployment,
  isWrite,
  KILL_POINTS,
  type KillPoint,
  launchCount,
  type ProxiedCall,
  type ProxiedController,
  RealWorld,
  teamPool,
  untilConsistent,
  untilRunning,
} from '../controller/index.ts';

const REPLICAS = 2;

interface Interruption {
  readonly point: KillPoint;
  readonly when: 'before' | 'after';
  readonly how: 'killed' | 'stopped';
}

/** What runs without --all: each part of a node's life once, both sides and both ways. */
const FEW: ReadonlySet<string> = new Set([
  'killed before nodeclaim.create',
  'stopped after nodeclaim.create',
  'stopped before instance.launch',
  'killed after instance.launch',
  'killed before node.register',
  'stopped after pod.evict',
  'killed after instance.terminate',
  'killed before nodeclaim.finalizer.remove',
]);

const nameOf = ({ how, when, point }: Interruption): string => `${how} ${when} ${point.name}`;

const ALL: readonly Interruption[] = KILL_POINTS.flatMap((point) =>
  (['before', 'after'] as const).flatMap((when) =>
    (['killed', 'stopped'] as const).map((how) => ({ point, when, how })),
  ),
);

const CHOSEN = process.env.E2E_ALL === '1' ? ALL : ALL.filter((one) => FEW.has(nameOf(one)));

const isLeaseCall = ({ path }: ProxiedCall): boolean => path.includes('/leases');

describe('dovetail controller, interrupted at its writes on real parts', () => {
  let world: RealWorld;
  let leader: ProxiedController;
  let standby: ProxiedController;
  before(async () => {
    world = await RealWorld.start();
    await world.applyMission('01-default-nodepool-and-nodeclass.yaml');
    leader = await world.startProxied();
    await world.waitUntil('it leads', () => leader.controller.leads);
    standby = await startStandby();
    await world.kubectl('wait', '--for=condition=Ready', '--timeout=60s', 'ec2nodeclass/default', 'nodepool/default');
  });
  after(async () => {
    await world?.stop();
  });

  async function startStandby(): Promise<ProxiedController> {
    const started = await world.startProxied();
    await world.waitUntil('a standby is ready', async () => (await started.controller.health('/readyz')) === 200);
    return started;
  }

  /** Has something done at the next call of a point. */
  function arm({ proxy, relay }: ProxiedController, { point, when }: Interruption, act: () => Promise<void>): void {
    const { call: wanted } = point;
    if (typeof wanted === 'string') {
      relay.halt = { call: wanted, when, act };
      return;
    }
    let isHalted = false;
    proxy.rule = (call) => {
      if (isHalted || !wanted(call)) return undefined;
      isHalted = true;
      return { kind: `halt-${when}`, act };
    };
  }

  /** Interrupts the leader when it gets to a point, and lets the standby take over; answers what is to be done afterwards. */
  function interrupt(interruption: Interruption): { readonly reached: Promise<void>; continue_(): Promise<void> } {
    const { controller } = leader;
    const reached = Promise.withResolvers<void>();
    const continued = Promise.withResolvers<void>();
    arm(leader, interruption, async () => {
      controller.signal(interruption.how === 'killed' ? 'SIGKILL' : 'SIGSTOP');
      reached.resolve();
      await (interruption.how === 'killed' ? controller.ended : continued.promise);
    });
    const continue_ = async (): Promise<void> => {
      continued.resolve();
      controller.signal('SIGCONT');
    };
    return { reached: reached.promise, continue_ };
  }

  async function goneClaim(name: string): Promise<void> {
    await world.waitUntil('the claim is gone', async () =>
      (await world.get('nodeclaims')).every(({ metadata }) => metadata.name !== name),
    );
  }

  async function removeTeam(team: string): Promise<void> {
    await world.kubectl('delete', 'deployment', team);
    await world.kubectl('delete', 'nodepool', team, '--wait=false');
    await world.waitUntil('the pool and all that was of it are gone', async () => {
      const left = [...(await world.get('nodepools')), ...(await world.get('nodeclaims'))];
      return left.every(
        ({ metadata }) => metadata.name !== team && metadata.labels?.['karpenter.sh/nodepool'] !== team,
      );
    });
  }

  /** A leader that was stopped has been followed: it notices, and writes nothing more. */
  async function assertSilent({ controller, proxy }: ProxiedController, from: number): Promise<void> {
    await world.waitUntil('it has noticed', () => !controller.leads);
    const written = proxy.journal.slice(from).filter((call) => isWrite(call) && !isLeaseCall(call));
    assert.deepEqual(
      written.map(({ method, path }) => `${method} ${path}`),
      [],
    );
  }

  for (const [index, interruption] of CHOSEN.entries()) {
    const { phase } = interruption.point;
    test(`${nameOf(interruption)}, a ${phase} is taken up by the standby`, async () => {
      const team = `team-${index}`;
      const before = launchCount(world);
      const supply = [teamPool(team, ['m7i.large']), deployment(team, REPLICAS, '1500m', team)];
      let claim = '';
      if (phase === 'drain') {
        await world.apply(...supply);
        await untilRunning(world, team, REPLICAS);
        await untilConsistent(world);
        const [first] = await world.get('nodeclaims', '-l', `karpenter.sh/nodepool=${team}`);
        claim = String(first?.metadata.name);
      }
      const interrupted = leader;
      let isReached = false;
      const { reached, continue_ } = interrupt(interruption);
      void reached.then(() => {
        isReached = true;
      });
      if (phase === 'launch') await world.apply(...supply);
      else await world.kubectl('delete', 'nodeclaim', claim, '--wait=false');
      await world.waitUntil('the point is reached', () => isReached);
      await world.waitUntil('the standby leads', () => standby.controller.leads);
      await untilRunning(world, team, REPLICAS);
      if (phase === 'drain') await goneClaim(claim);
      const calls = interrupted.proxy.journal.length;
      await continue_();
      if (interruption.how === 'stopped') await assertSilent(interrupted, calls);
      interrupted.proxy.calm();
      await untilRunning(world, team, REPLICAS);
      await untilConsistent(world);
      assert.equal(launchCount(world) - before, REPLICAS + (phase === 'drain' ? 1 : 0), await world.describe());
      leader = standby;
      standby = interruption.how === 'stopped' ? interrupted : await startStandby();
      await removeTeam(team);
      await untilConsistent(world);
    });
  }

  test('no process that was not killed has ended, and none has written what is no line of a log', () => {
    for (const { controller } of [leader, standby]) assert.ok(controller.webhookPort !== undefined);
    for (const { otherLines } of world.controllers) assert.deepEqual(otherLines, []);
  });
});
