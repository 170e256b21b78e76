// The webhook of two replicas of which one leads: both serve, both take a new certificate while calls come in, and whoever
// trusts what the configurations say never meets anybody else. On a simulated API server and a driven clock; the connections
// are real.
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { DrivenClock } from '../controller/clock/index.ts';
import { type Cloud, KINDS } from '../controller/ports/index.ts';
import { SimulatedCluster } from '../controller/simulated-cluster/index.ts';
import { Writes } from '../controller/writes/index.ts';
import { StartupError } from '../server/index.ts';
import { ReplicaWebhook } from './controller-webhook.ts';

const LIFETIME_MS = 3_600_000;
const NAMES = ['mutatingWebhookConfigurations', 'validatingWebhookConfigurations'] as const;

class Scene {
  // Certificates are judged by the time of day.
  readonly clock = new DrivenClock({ startMs: Date.now(), settle: settled });
  readonly cluster = new SimulatedCluster({ clock: this.clock });
  readonly stop = new AbortController();
  readonly said: string[] = [];
  readonly ports: number[] = [];

  constructor(t: TestContext) {
    this.cluster.api.create(KINDS.namespaces, { metadata: { name: 'karpenter' } });
    t.after(() => this.stop.abort(new Error('over')));
  }

  async startReplica(t: TestContext): Promise<ReplicaWebhook> {
    const say = (fields: object, message: string): void => void this.said.push(`${message} ${JSON.stringify(fields)}`);
    const replica = await ReplicaWebhook.start(
      {
        settings: { webhookPort: 0, webhookCertificateLifetimeMs: LIFETIME_MS },
        clock: this.clock,
        log: {
          debug: say,
          info: (fields) => {
            if ('address' in fields) this.ports.push((fields.address as { readonly port: number }).port);
          },
          warn: say,
          error: say,
        },
        host: '127.0.0.1',
        namespace: 'karpenter',
        reader: this.cluster,
      },
      this.stop.signal,
    );
    t.after(() => replica.close());
    return replica;
  }

  configure(): void {
    for (const name of NAMES) {
      const webhooks = [{ name: 'one.webhook.karpenter.sh', clientConfig: { url: 'https://127.0.0.1:1/' } }];
      this.cluster.api.create(KINDS[name], { metadata: { name: 'dovetail' }, webhooks });
    }
  }

  /** What the API server trusts now. */
  get trusted(): string {
    const configuration = this.cluster.api.storage.get(KINDS[NAMES[0]], { name: 'dovetail' });
    const [webhook] = (configuration?.webhooks ?? []) as readonly {
      readonly clientConfig: { readonly caBundle?: string };
    }[];
    return Buffer.from(webhook?.clientConfig.caBundle ?? '', 'base64').toString();
  }
}

/** Lets everything come to rest: what is made in threads of Node’s own too. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly fingerprint: string;
}

function ask(port: number, path: string, body: string, ca: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method: 'POST', ca, agent: false }, (response) => {
      const { fingerprint256 } = (response.socket as TLSSocket).getPeerCertificate();
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text, fingerprint: fingerprint256 }));
    });
    call.once('error', reject);
    call.end(body);
  });
}

const REVIEW = JSON.stringify({
  kind: 'AdmissionReview',
  request: {
    uid: 'review-1',
    kind: { group: 'karpenter.k8s.aws', version: 'v1', kind: 'EC2NodeClass' },
    operation: 'CREATE',
    object: { metadata: { name: 'default' }, spec: { role: 'r' } },
  },
});

test('both replicas serve, through rotations, what the API server trusts at that moment', async (t) => {
  const scene = new Scene(t);
  const leader = await scene.startReplica(t);
  await scene.startReplica(t);
  for (const port of scene.ports) await assert.rejects(ask(port, '/fill-in', REVIEW, scene.trusted));
  scene.configure();
  const work = new AbortController();
  const writes = new Writes(scene.cluster, {} as Cloud, { before: () => undefined, after: () => undefined });
  const kept = leader.keep(writes, work.signal);
  while (scene.trusted === '') await scene.clock.advance(1_000);
  const served = new Set<string>();
  let wereTwoTrusted = false;
  for (let passedMs = 0; passedMs < LIFETIME_MS; passedMs += 20_000) {
    await scene.clock.advance(20_000);
    wereTwoTrusted ||= scene.trusted.split('BEGIN').length === 3;
    for (const port of scene.ports) {
      const { status, text, fingerprint } = await ask(port, '/fill-in', REVIEW, scene.trusted);
      assert.equal(status, 200);
      assert.match(text, /"uid":"review-1","allowed":true,"patchType":"JSONPatch"/);
      served.add(fingerprint);
    }
  }
  assert.equal(served.size, 2);
  assert.ok(wereTwoTrusted);
  work.abort(new Error('the term is over'));
  await kept;
  assert.deepEqual(scene.said, []);
});

test('what is no review is told so, and nothing else is served', async (t) => {
  const scene = new Scene(t);
  const leader = await scene.startReplica(t);
  scene.configure();
  const work = new AbortController();
  const hooks = { before: () => undefined, after: () => undefined };
  const kept = leader.keep(new Writes(scene.cluster, {} as Cloud, hooks), work.signal);
  while (scene.trusted === '') await scene.clock.advance(1_000);
  const [port = 0] = scene.ports;
  const answers = [
    await ask(port, '/check', '{}', scene.trusted),
    await ask(port, '/check', 'x'.repeat(9 * 1024 * 1024), scene.trusted),
    await ask(port, '/mutate', REVIEW, scene.trusted),
  ];
  assert.deepEqual(
    answers.map(({ status, text }) => `${status} ${text.trim()}`),
    [
      '400 read review: it is no AdmissionReview with a request',
      '413 a review has at most 8388608 bytes',
      '404 POST an AdmissionReview to /fill-in or /check',
    ],
  );
  work.abort(new Error('over'));
  await kept;
});

test('a port that somebody has is told by name', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as { readonly port: number };
  const scene = new Scene(t);
  const nothing = (): void => undefined;
  const starting = ReplicaWebhook.start(
    {
      settings: { webhookPort: port, webhookCertificateLifetimeMs: LIFETIME_MS },
      clock: scene.clock,
      log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
      host: '127.0.0.1',
      namespace: 'karpenter',
      reader: scene.cluster,
    },
    scene.stop.signal,
  );
  await assert.rejects(
    starting,
    (error) => error instanceof StartupError && error.message.includes(`127.0.0.1:${port}`),
  );
});
