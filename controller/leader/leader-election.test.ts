// Two candidates on a driven clock: who leads, from when, and that whoever has lost writes nothing more.
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { afterEach, test } from 'node:test';
import { array, asyncProperty, assert as check, constantFrom, integer, tuple } from 'fast-check';
import { DrivenClock } from '../clock/index.ts';
import { type ApiObject, KINDS } from '../ports/index.ts';
import { SimulatedCluster } from '../simulated-cluster/index.ts';
import { assertLeaseTimes, LEASE_TIMES, newIdentity } from './index.ts';
import { LEASE, Machine, WORK_MS, type Written } from './testing/machine.ts';

const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = LEASE_TIMES;

/** The longest time between two looks of a candidate, with the machines' random number. */
const LOOK_MS = retryPeriodMs * 1.1;

class Scene {
  readonly clock = new DrivenClock();
  readonly cluster = new SimulatedCluster({ clock: this.clock });
  readonly ledger: Written[] = [];
  readonly machines: Machine[] = [];

  constructor() {
    this.cluster.api.create(KINDS.configMaps, { metadata: { namespace: 'default', name: 'work' } });
  }

  machine(name: string): Machine {
    const machine = new Machine(name, this.clock, this.cluster, this.ledger);
    this.machines.push(machine);
    return machine;
  }

  /** A leads, B stands by; A has renewed just now. */
  async led(): Promise<{ a: Machine; b: Machine; epoch: bigint }> {
    const a = this.machine('a');
    await this.until(() => a.isLeading, leaseDurationMs + LOOK_MS);
    const b = this.machine('b');
    await this.clock.advance(10 * retryPeriodMs);
    assert.ok(a.isLeading && !b.isLeading);
    return { a, b, epoch: a.terms[0]!.epoch };
  }

  async until(condition: () => boolean, limitMs: number): Promise<void> {
    assert.ok(await this.clock.advanceUntil(condition, limitMs), `not within ${limitMs} ms`);
  }

  lease(): ApiObject | undefined {
    return this.cluster.api.storage.get(KINDS.leases, LEASE);
  }

  get spec(): Record<string, unknown> {
    return this.lease()?.spec as Record<string, unknown>;
  }

  deleteLease(): void {
    this.cluster.api.delete(KINDS.leases, LEASE);
  }

  writers(sinceMs: number): string[] {
    return [...new Set(this.ledger.filter(({ atMs }) => atMs >= sinceMs).map(({ by }) => by))];
  }

  /** No write of an earlier term came after one of a later term. */
  assertOrder(): void {
    for (const [index, { epoch }] of this.ledger.entries()) {
      const before = this.ledger[index - 1];
      assert.ok(before === undefined || before.epoch <= epoch, 'a term wrote after the next one had begun to');
    }
  }
}

let scene: Scene;
const start = (): Scene => {
  scene = new Scene();
  return scene;
};
afterEach(async () => {
  scene.assertOrder();
  for (const machine of scene.machines) machine.kill();
});

test('one of two candidates leads and writes; the Lease is Karpenter’s, in Karpenter’s form', async () => {
  const { a, epoch } = await start().led();
  assert.deepEqual(scene.writers(0), ['a']);
  assert.deepEqual(scene.spec, {
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    acquireTime: '2026-01-01T00:00:15.000000Z',
    renewTime: scene.spec.renewTime,
    leaseTransitions: 0,
  });
  assert.match(String(scene.spec.renewTime), /^2026-01-01T00:00:3\d\.\d{6}Z$/);
  assert.equal(epoch, BigInt(Date.parse('2026-01-01T00:00:15Z')) * 1_000n);
  assert.deepEqual(a.log, ['became leader']);
});

test('a leader that is told to stop lets its writes end and frees the Lease, and the other one takes it at its next look', async () => {
  const { a, b, epoch } = await start().led();
  const gate = Promise.withResolvers<void>();
  const term = a.terms[0]!;
  const write = term.around('slow', () => gate.promise);
  let hasEnded = false;
  void a.terminate().then(() => {
    hasEnded = true;
  });
  await scene.clock.advance(3 * renewDeadlineMs);
  assert.ok(!hasEnded && a.isLeading && !b.isLeading, 'it keeps the Lease while a write is in flight');
  gate.resolve();
  await write;
  await scene.clock.advance(0);
  assert.ok(hasEnded);
  assert.equal(scene.spec.holderIdentity, '');
  await scene.until(() => b.isLeading, LOOK_MS);
  assert.ok(b.terms[0]!.epoch > epoch);
  assert.equal(scene.spec.leaseTransitions, 1);
});

test('after a leader was killed the other one leads once the Lease has not changed for its duration', async () => {
  const { a, b, epoch } = await start().led();
  a.kill();
  const killedMs = scene.clock.monotonicMs();
  await scene.clock.advance(leaseDurationMs - retryPeriodMs);
  assert.equal(b.terms.length, 0);
  await scene.until(() => b.isLeading, LOOK_MS + retryPeriodMs);
  assert.ok(scene.clock.monotonicMs() - killedMs <= leaseDurationMs + LOOK_MS);
  assert.ok(b.terms[0]!.epoch > epoch);
});

test('a leader that was stopped past the end of its Lease writes nothing when it goes on, and stands by', async () => {
  const { a, b } = await start().led();
  a.halt();
  await scene.until(() => b.isLeading, leaseDurationMs + LOOK_MS);
  await scene.clock.advance(5 * WORK_MS);
  const resumedMs = scene.clock.monotonicMs();
  a.resume();
  assert.ok(!a.isLeading, 'not even before its timers run');
  await scene.clock.advance(2 * leaseDurationMs);
  assert.deepEqual(scene.writers(resumedMs), ['b']);
  assert.ok(b.isLeading && !a.isLeading && a.terms[0]!.lost.aborted);
});

test('a leader that was stopped past its deadline has lost, even if nobody took the Lease', async () => {
  const a = start().machine('a');
  a.lead = (_, stop) => new Promise((resolve) => stop.addEventListener('abort', () => resolve()));
  await scene.until(() => a.isLeading, leaseDurationMs + LOOK_MS);
  // Its next renewal is due before its deadline: both timers are late when it goes on, the renewal's first.
  await scene.clock.advance(retryPeriodMs / 2);
  a.halt();
  await scene.clock.advance(renewDeadlineMs);
  const { renewTime } = scene.spec;
  a.resume();
  await scene.clock.advance(0);
  assert.equal(scene.spec.renewTime, renewTime);
  await assert.rejects(
    a.terms[0]!.around('late', async () => undefined),
    /write late: this process does not lead \(it could not renew its lease for 10000 ms\)/,
  );
  await scene.until(() => a.isLeading, LOOK_MS + retryPeriodMs);
  assert.ok(a.terms[1]!.epoch > a.terms[0]!.epoch);
});

test('a leader that was stopped for less than its deadline goes on', async () => {
  const { a } = await start().led();
  a.halt();
  await scene.clock.advance(renewDeadlineMs - retryPeriodMs - 1);
  a.resume();
  await scene.clock.advance(2 * leaseDurationMs);
  assert.ok(a.isLeading && a.terms.length === 1);
});

test('a Lease that was deleted is made anew by its holder, whose term goes on', async () => {
  const { a, b, epoch } = await start().led();
  scene.deleteLease();
  await scene.clock.advance(2 * leaseDurationMs);
  assert.ok(a.isLeading && a.terms.length === 1 && b.terms.length === 0);
  assert.equal(scene.spec.holderIdentity, 'a');
  assert.equal(BigInt(Date.parse(String(scene.spec.acquireTime))) * 1_000n, epoch);
});

test('a Lease whose holder died with it is left alone for its duration; the epoch rises though nothing is left of it', async () => {
  const { a, b, epoch } = await start().led();
  a.kill();
  scene.deleteLease();
  await scene.clock.advance(leaseDurationMs - 1);
  assert.equal(b.terms.length, 0);
  await scene.until(() => b.isLeading, LOOK_MS + 1);
  assert.equal(scene.spec.leaseTransitions, 0);
  assert.ok(b.terms[0]!.epoch > epoch);
});

test('the epoch rises also where the clock of the next leader is behind', async () => {
  const { a, b, epoch } = await start().led();
  a.kill();
  scene.clock.jump(-3_600_000);
  await scene.until(() => b.isLeading, leaseDurationMs + LOOK_MS);
  assert.equal(b.terms[0]!.epoch, epoch + 1n);
});

for (const network of ['down', 'silent'] as const) {
  test(`a leader that can't reach the API server (${network}) stops writing at its deadline and comes back as a candidate`, async () => {
    const { a, b, epoch } = await start().led();
    const cutMs = scene.clock.monotonicMs();
    a.network = network;
    await scene.until(() => a.terms[0]!.lost.aborted, renewDeadlineMs);
    const lostMs = scene.clock.monotonicMs();
    assert.ok(lostMs - cutMs > renewDeadlineMs - retryPeriodMs && !b.isLeading);
    await scene.until(() => b.isLeading, leaseDurationMs + LOOK_MS - renewDeadlineMs);
    assert.ok(b.terms[0]!.epoch > epoch);
    a.network = 'up';
    const upMs = scene.clock.monotonicMs();
    await scene.clock.advance(3 * leaseDurationMs);
    assert.deepEqual(scene.writers(upMs), ['b']);
    b.kill();
    await scene.until(() => a.isLeading, leaseDurationMs + LOOK_MS);
    assert.ok(a.terms[1]!.epoch > b.terms[0]!.epoch);
  });
}

test('an API server that nobody reached for longer than the deadline is led again once it is back', async () => {
  const { a, b, epoch } = await start().led();
  a.network = 'down';
  b.network = 'down';
  await scene.clock.advance(20 * leaseDurationMs);
  assert.ok(!a.isLeading && !b.isLeading);
  a.network = 'up';
  b.network = 'up';
  await scene.until(() => a.isLeading || b.isLeading, LOOK_MS + retryPeriodMs);
  await scene.clock.advance(leaseDurationMs);
  assert.equal(Number(a.isLeading) + Number(b.isLeading), 1);
  assert.ok([...a.terms.slice(1), ...b.terms].every((term) => term.epoch > epoch));
});

test('one renewal without an answer leaves time for another', async () => {
  const { a } = await start().led();
  a.network = 'silent';
  await scene.clock.advance(retryPeriodMs + 1);
  a.network = 'up';
  await scene.clock.advance(2 * leaseDurationMs);
  assert.ok(a.isLeading && a.terms.length === 1);
});

test('lost replies to renewals cost nothing', async () => {
  const { a } = await start().led();
  a.network = 'lossy';
  await scene.clock.advance(retryPeriodMs + WORK_MS);
  a.network = 'up';
  await scene.clock.advance(2 * leaseDurationMs);
  assert.ok(a.isLeading && a.terms.length === 1);
});

test('who labels a Lease does not prolong the time of a leader that is dead', async () => {
  const { a, b } = await start().led();
  a.kill();
  const killedMs = scene.clock.monotonicMs();
  while (!b.isLeading) {
    scene.cluster.api.patch(KINDS.leases, LEASE, {
      type: 'merge',
      body: { metadata: { labels: { seen: String(scene.clock.monotonicMs()) } } },
    });
    await scene.clock.advance(1_000);
    assert.ok(scene.clock.monotonicMs() - killedMs <= leaseDurationMs + LOOK_MS + 1_000);
  }
});

test('a holder that finds its Lease emptied by hand takes it back, and one that finds another holder stops', async () => {
  const { a, b } = await start().led();
  b.kill();
  const write = (holderIdentity: string, acquireTime: unknown) =>
    scene.cluster.api.patch(KINDS.leases, LEASE, { type: 'merge', body: { spec: { holderIdentity, acquireTime } } });
  write('', scene.spec.acquireTime);
  await scene.clock.advance(LOOK_MS);
  assert.ok(a.isLeading && scene.spec.holderIdentity === 'a');
  write('karpenter-from-elsewhere', '2026-01-01T00:01:00.000000Z');
  await scene.clock.advance(LOOK_MS);
  assert.ok(!a.isLeading);
  assert.equal(String(a.terms[0]!.lost.reason), 'Error: karpenter-from-elsewhere has taken the lease');
});

test('a leader that stops by itself stands for election again, with a higher epoch', async () => {
  const { a, b, epoch } = await start().led();
  b.kill();
  await a.terminate();
  const c = scene.machine('c');
  c.lead = async (term) => {
    if (c.terms.length > 1) return new Promise<void>((resolve) => term.lost.addEventListener('abort', () => resolve()));
  };
  await scene.until(() => c.terms.length === 2, 3 * retryPeriodMs);
  assert.ok(c.isLeading && c.terms[1]!.epoch > c.terms[0]!.epoch && c.terms[0]!.epoch > epoch);
});

test('whatever happens to candidates and Lease, terms follow each other, and in the end somebody leads', async () => {
  const events = [
    'stop a',
    'stop b',
    'resume a',
    'resume b',
    'cut a',
    'cut b',
    'mend a',
    'mend b',
    'delete',
    'restart a',
  ];
  await check(
    asyncProperty(
      array(tuple(constantFrom(...events), integer({ min: 0, max: 25_000 })), { maxLength: 25 }),
      async (steps) => {
        const own = start();
        const machines: Record<string, Machine> = { a: own.machine('a'), b: own.machine('b') };
        const mend = (machine: Machine): void => {
          machine.network = 'up';
          machine.resume();
        };
        for (const [step, waitMs] of steps) {
          const [what, who = 'a'] = step.split(' ');
          const machine = machines[who]!;
          if (what === 'stop') machine.halt();
          if (what === 'resume') machine.resume();
          if (what === 'cut') machine.network = waitMs % 2 === 0 ? 'down' : 'silent';
          if (what === 'mend') mend(machine);
          if (what === 'delete' && own.lease() !== undefined) own.deleteLease();
          if (what === 'restart') {
            machine.kill();
            machines.a = own.machine(`a${own.machines.length}`);
          }
          await own.clock.advance(waitMs);
          own.assertOrder();
        }
        for (const machine of Object.values(machines)) mend(machine);
        await own.until(() => Object.values(machines).some(({ isLeading }) => isLeading), 4 * leaseDurationMs);
        const epochs = own.machines.flatMap(({ terms }) => terms.map(({ epoch }) => epoch));
        assert.equal(new Set(epochs).size, epochs.length, 'two terms have one epoch');
        for (const machine of own.machines) machine.kill();
      },
    ),
    { numRuns: 40, seed: 1 },
  );
});

test('times that would let a lease be taken from a holder that still writes are refused', () => {
  const cases: [number, number, number, RegExp][] = [
    [1_500, 1_000, 100, /whole seconds/],
    [0, -1_000, -2_000, /whole seconds/],
    [10_000, 10_000, 2_000, /renew deadline must come before the end/],
    [15_000, 2_000, 2_000, /time to try again/],
    [15_000, 10_000, 0, /time to try again/],
  ];
  assertLeaseTimes(LEASE_TIMES);
  for (const [leaseDuration, renewDeadline, retryPeriod, message] of cases) {
    const times = { leaseDurationMs: leaseDuration, renewDeadlineMs: renewDeadline, retryPeriodMs: retryPeriod };
    assert.throws(() => assertLeaseTimes(times), message);
  }
});

test('a process is known by its host and by what no other process has', () => {
  const [one, other] = [newIdentity(), newIdentity()];
  assert.ok(one.startsWith(`${hostname()}_`) && one !== other);
});
