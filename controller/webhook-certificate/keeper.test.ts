// Keepers on a simulated API server and a driven clock: at every moment what the Secret has to be served is trusted by both
// configurations, whoever else writes to them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DrivenClock } from '../clock/index.ts';
import { type ApiObject, type Cloud, KINDS } from '../ports/index.ts';
import { SimulatedCluster } from '../simulated-cluster/index.ts';
import { Writes } from '../writes/index.ts';
import { bundlesOf } from './configured.ts';
import { followWebhookObjects, keepCertificates, makePair, servedPair } from './index.ts';
import { certificatesIn, covers } from './pair.ts';

const OBJECTS = { secret: { namespace: 'karpenter', name: 'dovetail-webhook' }, configuration: 'dovetail' };
const SERVICE = { namespace: 'karpenter', name: 'karpenter-webhook', port: 443 };
const MINUTE_MS = 60_000;
const LIFETIME_MS = 180 * MINUTE_MS;

class Scene {
  /** Pairs that are being made right now: outside of the driven time. */
  #makingCount = 0;
  readonly clock = new DrivenClock({
    settle: async () => {
      do await nextTurn();
      while (this.#makingCount > 0);
      for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    },
  });
  readonly cluster = new SimulatedCluster({ clock: this.clock });
  readonly stop = new AbortController();
  readonly said: string[] = [];
  /** Bundles without the authority of what was served at that moment. */
  readonly gaps: string[] = [];
  /** Different certificates that were served. */
  readonly served = new Set<string>();

  constructor() {
    this.cluster.api.create(KINDS.namespaces, { metadata: { name: 'karpenter' } });
  }

  configure(clientConfig: object = { service: SERVICE }): void {
    for (const kind of ['mutatingWebhookConfigurations', 'validatingWebhookConfigurations'] as const) {
      const webhooks = [{ name: 'one.webhook.karpenter.sh', failurePolicy: 'Ignore', clientConfig }];
      this.cluster.api.create(KINDS[kind], { metadata: { name: 'dovetail' }, webhooks });
    }
  }

  keep(): Promise<void> {
    const { clock, cluster } = this;
    const write = (level: string) => (fields: object, message: string) =>
      void this.said.push(`${level} ${message} ${JSON.stringify(fields)}`);
    const log = { info: write('info'), warn: write('warn'), error: write('error') };
    const random = () => 0.5;
    const sources = followWebhookObjects(OBJECTS, { reader: cluster, clock, random, log }, this.stop.signal);
    const hooks = { before: () => undefined, after: () => this.#noteServed() };
    const writes = new Writes(cluster, {} as Cloud, hooks);
    const make: typeof makePair = async (...args) => {
      this.#makingCount += 1;
      try {
        return await makePair(...args);
      } finally {
        this.#makingCount -= 1;
      }
    };
    const options = { objects: OBJECTS, sources, writes, clock, random, log, lifetimeMs: LIFETIME_MS, makePair: make };
    return keepCertificates(options, this.stop.signal);
  }

  get secret(): ApiObject | undefined {
    return this.cluster.api.storage.get(KINDS.secrets, OBJECTS.secret);
  }

  get configurations(): ApiObject[] {
    const name = { name: OBJECTS.configuration };
    return [KINDS.mutatingWebhookConfigurations, KINDS.validatingWebhookConfigurations].flatMap(
      (kind) => this.cluster.api.storage.get(kind, name) ?? [],
    );
  }

  /** Lets time pass in small steps; notes every moment at which what is served is not trusted. */
  async pass(ms: number, stepMs: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await this.clock.advance(stepMs);
      const pair = servedPair(this.secret);
      if (pair === undefined) continue;
      const [authority] = certificatesIn(pair.caPem, this.clock.nowMs());
      for (const bundlePem of this.configurations.flatMap(bundlesOf)) {
        const isTrusted = authority !== undefined && certificatesIn(bundlePem, 0).includes(authority);
        if (!isTrusted) this.gaps.push(new Date(this.clock.nowMs()).toISOString());
      }
    }
  }

  #noteServed(): void {
    const pair = servedPair(this.secret);
    if (pair !== undefined) this.served.add(pair.certificatePem);
  }

  trustedCounts(): number[] {
    return this.configurations.flatMap(bundlesOf).map((pem) => certificatesIn(pem, 0).length);
  }

  async end(...keepers: readonly Promise<void>[]): Promise<void> {
    this.stop.abort(new Error('over'));
    await Promise.all(keepers);
    assert.deepEqual(
      this.said.filter((line) => !line.startsWith('info')),
      [],
    );
  }
}

test('a certificate is made, trusted, and rotated in time, and never served before it is trusted', async () => {
  const scene = new Scene();
  scene.configure();
  const keeper = scene.keep();
  await scene.clock.advance(1_000);
  const pair = servedPair(scene.secret);
  assert.ok(pair !== undefined && covers(pair, ['karpenter-webhook.karpenter.svc']));
  await scene.pass(2 * LIFETIME_MS - 10 * MINUTE_MS, MINUTE_MS / 2);
  assert.deepEqual(scene.gaps, []);
  // One for each two thirds of a lifetime.
  assert.equal(scene.served.size, 3);
  assert.deepEqual(scene.trustedCounts(), [1, 1]);
  await scene.end(keeper);
});

test('step by step, old and new are trusted together', async () => {
  const scene = new Scene();
  scene.configure();
  const keeper = scene.keep();
  await scene.pass((LIFETIME_MS * 2) / 3 - MINUTE_MS, MINUTE_MS);
  assert.equal(scene.served.size, 1);
  const seen = new Set<string>();
  for (let second = 0; second < 300; second += 5) {
    await scene.pass(5_000, 5_000);
    seen.add(`${scene.served.size} served, ${scene.trustedCounts().join(' and ')} trusted`);
  }
  assert.deepEqual(
    [...seen],
    [
      '1 served, 1 and 1 trusted',
      '1 served, 2 and 2 trusted',
      '2 served, 2 and 2 trusted',
      '2 served, 1 and 1 trusted',
    ],
  );
  assert.deepEqual(scene.gaps, []);
  await scene.end(keeper);
});

test('two keepers at once, as around a change of the leader, agree on one certificate', async () => {
  const scene = new Scene();
  scene.configure();
  const keepers = [scene.keep(), scene.keep()];
  await scene.pass(LIFETIME_MS, MINUTE_MS);
  assert.deepEqual(scene.gaps, []);
  assert.equal(scene.served.size, 2);
  assert.deepEqual(scene.trustedCounts(), [1, 1]);
  await scene.end(...keepers);
});

test('a Secret that is deleted is made anew, and what replicas still serve stays trusted until the new one is', async () => {
  const scene = new Scene();
  scene.configure();
  const keeper = scene.keep();
  await scene.pass(120_000, 5_000);
  const old = servedPair(scene.secret)?.certificatePem;
  await scene.cluster.delete(KINDS.secrets, OBJECTS.secret);
  await scene.pass(20_000, 5_000);
  assert.equal(servedPair(scene.secret), undefined);
  assert.deepEqual(scene.trustedCounts(), [2, 2]);
  await scene.pass(200_000, 5_000);
  assert.notEqual(servedPair(scene.secret)?.certificatePem, old);
  assert.deepEqual(scene.trustedCounts(), [1, 1]);
  assert.deepEqual(scene.gaps, []);
  await scene.end(keeper);
});

test('a Secret that somebody has spoilt is made good, and what else is in it stays', async () => {
  const scene = new Scene();
  scene.configure();
  const keeper = scene.keep();
  await scene.clock.advance(1_000);
  const data = { 'tls.key': Buffer.from('nothing').toString('base64'), mine: 'a2VwdA==' };
  await scene.cluster.patch(KINDS.secrets, OBJECTS.secret, { type: 'merge', body: { data } });
  await scene.clock.advance(200_000);
  assert.ok(servedPair(scene.secret) !== undefined);
  const { mine } = (scene.secret?.data ?? {}) as { readonly mine?: string };
  assert.equal(mine, 'a2VwdA==');
  await scene.end(keeper);
});

test('a configuration that was written anew gets its bundle back, and keeps all else that is in it', async () => {
  const scene = new Scene();
  scene.configure();
  const keeper = scene.keep();
  await scene.clock.advance(1_000);
  const name = { name: 'dovetail' };
  const kind = KINDS.mutatingWebhookConfigurations;
  const body = {
    webhooks: [{ name: 'one.webhook.karpenter.sh', timeoutSeconds: 1, clientConfig: { service: SERVICE } }],
  };
  await scene.cluster.patch(kind, name, { type: 'merge', body });
  assert.deepEqual(scene.trustedCounts(), [0, 1]);
  await scene.clock.advance(1_000);
  assert.deepEqual(scene.trustedCounts(), [1, 1]);
  const [webhook] = (scene.configurations[0]?.webhooks ?? []) as readonly { readonly timeoutSeconds: number }[];
  assert.equal(webhook?.timeoutSeconds, 1);
  await scene.end(keeper);
});

test('the webhook under another address gets a certificate for it', async () => {
  const scene = new Scene();
  const keeper = scene.keep();
  await scene.clock.advance(60_000);
  assert.equal(scene.secret, undefined, 'nobody asks, and yet there is a certificate');
  scene.configure({ url: 'https://127.0.0.1:9443/check' });
  await scene.clock.advance(1_000);
  const pair = servedPair(scene.secret);
  assert.ok(pair !== undefined && covers(pair, ['127.0.0.1']));
  for (const kind of [KINDS.mutatingWebhookConfigurations, KINDS.validatingWebhookConfigurations]) {
    const body = {
      webhooks: [{ name: 'one.webhook.karpenter.sh', clientConfig: { url: 'https://hook.example/check' } }],
    };
    await scene.cluster.patch(kind, { name: 'dovetail' }, { type: 'strategic', body });
  }
  await scene.pass(300_000, 5_000);
  const next = servedPair(scene.secret);
  assert.ok(next !== undefined && covers(next, ['hook.example']));
  assert.deepEqual(scene.gaps, []);
  await scene.end(keeper);
});
