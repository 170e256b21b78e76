// The admission webhook on a real API server, asked of two replicas of the controller behind a relay that stands for their
// Service: what is filled in, warned of and refused, through rotations of its certificate under load, and that the same nodes
// come out without it. Needs Go, for the control plane.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { WEBHOOK_CONFIGURATION, WEBHOOK_SECRET } from '../../controller/rbac/index.ts';
import { ApiClient, ApiError } from '../controlplane/index.ts';
import type { KubeObject } from './controlled-cluster.ts';
import { LIMITS } from './limits.ts';
import { nodesOf, untilRunning } from './objects.ts';
import { RealWorld } from './real-world.ts';

const FILLED_IN = 'dovetail/filled-in';
const CLASSES = '/apis/karpenter.k8s.aws/v1/ec2nodeclasses';
const POOL_CRD = fileURLToPath(new URL('../../deploy/crds/karpenter.sh_nodepools.yaml', import.meta.url));

/** A node class that says as much about its image as the mission's. */
const classNamed = (name: string, spec: object = { amiFamily: 'AL2023' }): object => ({
  apiVersion: 'karpenter.k8s.aws/v1',
  kind: 'EC2NodeClass',
  metadata: { name },
  spec: {
    role: 'r',
    subnetSelectorTerms: [{ id: 'subnet-1' }],
    securityGroupSelectorTerms: [{ id: 'sg-1' }],
    ...spec,
  },
});

interface NodeClass extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly annotations?: Readonly<Record<string, string>> };
}

describe('the admission webhook on a real API server', () => {
  let world: RealWorld;
  let client: ApiClient;
  before(async () => {
    world = await RealWorld.start();
    client = new ApiClient(world.controlPlane);
    const [first, second] = [world.startController(), world.startController()];
    await world.waitUntil('both replicas serve', () =>
      [first, second].every((controller) => controller.says('serving the webhook with a new certificate')),
    );
    await untilAsked();
  });
  after(async () => {
    client?.close();
    await world?.stop();
  });

  /** Resolves when the API server asks: it hears of configurations a little later. */
  async function untilAsked(): Promise<void> {
    await world.waitUntil('the API server asks the webhook', async () => {
      const made = await client.create<NodeClass>(`${CLASSES}?dryRun=All`, classNamed('probe'));
      return made.spec.amiSelectorTerms !== undefined;
    });
  }

  /** Whom the configuration has the API server trust. */
  async function trusted(): Promise<string> {
    const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${WEBHOOK_CONFIGURATION}`;
    const { webhooks } = await client.get<{
      readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
    }>(path);
    return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString();
  }

  async function nodeClass(name: string): Promise<NodeClass> {
    return await client.get<NodeClass>(`${CLASSES}/${name}`);
  }

  const imageOf = ({ spec }: NodeClass) => [spec.amiFamily, spec.amiSelectorTerms];

  test('fills in what the schema has no default for, by apply, server-side apply and dry run', async () => {
    await world.apply(classNamed('by-apply'));
    const stored = await nodeClass('by-apply');
    assert.deepEqual(imageOf(stored), ['AL2023', [{ alias: 'al2023@latest' }]]);
    assert.equal(stored.metadata.annotations?.[FILLED_IN], 'amiSelectorTerms');
    const file = world.file('by-server.json', JSON.stringify(classNamed('by-server')));
    const dry = await world.kubectl('apply', '--server-side', '--dry-run=server', '-f', file, '-o', 'json');
    assert.deepEqual(imageOf(JSON.parse(dry)), ['AL2023', [{ alias: 'al2023@latest' }]]);
    await world.kubectl('apply', '--server-side', '-f', file);
    assert.deepEqual(imageOf(await nodeClass('by-server')), ['AL2023', [{ alias: 'al2023@latest' }]]);
  });

  test('lets the image follow a change of the family, by apply and by server-side apply', async () => {
    for (const [name, ...flags] of [['by-apply'], ['by-server', '--server-side']] as const) {
      const file = world.file('next.json', JSON.stringify(classNamed(name, { amiFamily: 'Bottlerocket' })));
      await world.kubectl('apply', ...flags, '-f', file);
      assert.deepEqual(imageOf(await nodeClass(name)), ['Bottlerocket', [{ alias: 'bottlerocket@latest' }]]);
      const pinned = { amiFamily: 'Bottlerocket', amiSelectorTerms: [{ alias: 'bottlerocket@1.20.0' }] };
      const own = world.file('own.json', JSON.stringify(classNamed(name, pinned)));
      await world.kubectl('apply', ...flags, '-f', own);
      const written = await nodeClass(name);
      assert.deepEqual(imageOf(written), ['Bottlerocket', pinned.amiSelectorTerms]);
      assert.equal(written.metadata.annotations?.[FILLED_IN], undefined);
    }
    await world.kubectl('delete', 'ec2nodeclass', 'by-apply', 'by-server');
  });

  test('warns of what nothing carries out, of pools that take everything, and of what matches nothing', async () => {
    const first = await world.applyMission('01-default-nodepool-and-nodeclass.yaml');
    assert.match(first, /^Warning: spec\.disruption\.consolidateAfter: accepted, but not carried out yet/m);
    assert.match(await world.applyMission('06-stable.yaml'), /^Warning: spec: .*every instance type/m);
    const requirements = [{ key: 'karpenter.k8s.aws/instance-category', operator: 'In', values: ['c', 't3'] }];
    const patch = JSON.stringify({ spec: { template: { spec: { requirements } } } });
    const complaints = await world.complaints('patch', 'nodepool', 'default', '--type=merge', `--patch=${patch}`);
    assert.match(complaints, /^Warning: .*requirements\[0\]\.values: "t3" is an instance family/m);
    // Applied again without a change, nothing is said.
    assert.equal(await world.applyMission('06-stable.yaml'), '');
    await world.kubectl('delete', 'nodepool', 'default', 'stable');
  });

  test('is not asked about what the controller writes itself', async () => {
    const updates = async (): Promise<number> => {
      const metrics = await world.kubectl('get', '--raw', '/metrics');
      const counts = metrics.matchAll(
        /^apiserver_admission_webhook_request_total\{.*name="\w+\.webhook\.karpenter\.sh".*operation="UPDATE".*\} (\d+)$/gm,
      );
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    const before = await updates();
    await world.apply(classNamed('watched'));
    await world.waitUntil('the controller has written its hash and finalizer', async () => {
      const { metadata, status } = await nodeClass('watched');
      return metadata.annotations?.['karpenter.k8s.aws/ec2nodeclass-hash'] !== undefined && status !== undefined;
    });
    await world.kubectl('delete', 'ec2nodeclass', 'watched');
    assert.ok(before > 0, 'no update was ever counted');
    assert.equal(await updates(), before);
  });

  test('refuses where the schema is an older one, names the field, and lets updates pass that leave spec alone', async () => {
    await world.apply(withoutRules(parse(readFileSync(POOL_CRD, 'utf8'))));
    const pool = (consolidationPolicy: string, labels: object = {}): object => ({
      apiVersion: 'karpenter.sh/v1',
      kind: 'NodePool',
      metadata: { name: 'old', labels },
      spec: { disruption: { consolidationPolicy }, template: { metadata: { labels: { team: 'a' } } } },
    });
    const apply = (object: object) => world.complaints('apply', '-f', world.file('old.json', JSON.stringify(object)));
    await world.waitUntil('the API server has the older schema', async () =>
      (await apply(pool('Sometimes'))).includes('admission webhook'),
    );
    assert.match(
      await apply(pool('Sometimes')),
      /admission webhook "validation\.webhook\.karpenter\.sh" denied the request: spec\.disruption\.consolidationPolicy: is "Sometimes"/,
    );
    await deleteWebhook();
    await world.waitUntil('nobody refuses it', async () => !(await apply(pool('Sometimes'))).includes('denied'));
    await world.applyWebhook();
    await untilAsked();
    assert.doesNotMatch(await apply(pool('Sometimes', { touched: 'yes' })), /denied|refused/);
    assert.match(await apply(pool('Never')), /denied the request: spec\.disruption\.consolidationPolicy/);
    await world.kubectl('delete', 'nodepool', 'old');
    await world.kubectl('apply', '-f', POOL_CRD);
  });

  async function deleteWebhook(): Promise<void> {
    for (const kind of ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration']) {
      await world.kubectl('delete', kind, WEBHOOK_CONFIGURATION);
    }
  }

  test('refuses nothing and leaves nothing out while its certificate is rotated under load', async (t) => {
    const certificate = async (): Promise<string> =>
      (
        JSON.parse(await world.kubectl('get', 'secret', WEBHOOK_SECRET, '-n', 'karpenter', '-o', 'json')) as {
          readonly data: Readonly<Record<string, string>>;
        }
      ).data['tls.crt'] ?? '';
    const seen = new Set([await certificate()]);
    const count = { asked: 0, refused: 0, left: 0 };
    let isOver = false;
    const load = async (loop: number, isDry: boolean): Promise<void> => {
      for (let turn = 0; !isOver; turn += 1) {
        const name = `load-${loop}-${turn}`;
        try {
          const path = isDry ? `${CLASSES}?dryRun=All` : CLASSES;
          const { spec } = await client.create<NodeClass>(path, classNamed(name));
          if (spec.amiSelectorTerms === undefined) count.left += 1;
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          count.refused += 1;
        }
        count.asked += 1;
        await sleep(isDry ? LIMITS.loadPauseMs : LIMITS.pollMs * 5);
        if (!isDry) await client.delete(`${CLASSES}/${name}`);
      }
    };
    // The API server keeps its connections. Who comes anew, as one does that was restarted, must be able to trust as well.
    const strangers = { welcome: 0, turnedAway: 0 };
    const comeAnew = async (): Promise<void> => {
      while (!isOver) {
        const ca = await trusted();
        for (const port of world.controllers.flatMap(({ webhookPort }) => webhookPort ?? [])) {
          if (await isTrusted(port, ca)) strangers.welcome += 1;
          else strangers.turnedAway += 1;
        }
        await sleep(LIMITS.loadPauseMs);
      }
    };
    const loops = [...[0, 1, 2, 3].map((loop) => load(loop, loop > 0)), comeAnew()];
    try {
      await world.waitUntil('two certificates have followed the first', async () => {
        seen.add(await certificate());
        return seen.size === 3;
      });
      const served = world.controllers.map(
        ({ lines }) => lines.filter(({ message }) => message === 'serving the webhook with a new certificate').length,
      );
      assert.ok(
        served.every((times) => times >= 3),
        `replicas took ${served.join(' and ')} certificates`,
      );
    } finally {
      isOver = true;
      await Promise.all(loops);
    }
    assert.ok(count.asked > 200, `only ${count.asked} were asked for`);
    assert.deepEqual({ refused: count.refused, left: count.left }, { refused: 0, left: 0 });
    assert.ok(strangers.welcome > 200, `only ${strangers.welcome} came anew`);
    assert.equal(strangers.turnedAway, 0);
    t.diagnostic(`${count.asked} applies through two rotations: none refused, none left as it was`);
  });

  test('is served by a standby too', async () => {
    const leader = world.controllers.find((controller) => controller.says('became leader'));
    assert.ok(leader !== undefined);
    leader.signal('SIGKILL');
    await leader.ended;
    await untilAsked();
  });

  test('with it deleted the same nodes come out', async () => {
    const withIt = await missionNodes();
    assert.deepEqual(imageOf(withIt.nodeClass), ['AL2023', [{ alias: 'al2023@latest' }]]);
    await removeMission();
    await deleteWebhook();
    await world.waitUntil('the API server asks nobody', async () => {
      const made = await client.create<NodeClass>(`${CLASSES}?dryRun=All`, classNamed('probe'));
      return made.spec.amiSelectorTerms === undefined;
    });
    const withoutIt = await missionNodes();
    assert.deepEqual(imageOf(withoutIt.nodeClass), ['AL2023', undefined]);
    assert.deepEqual(withoutIt.nodes, withIt.nodes);
    assert.deepEqual(withoutIt.claims, withIt.claims);
    assert.deepEqual(withoutIt.hashes, withIt.hashes);
  });

  /** What comes of the mission's first two manifests, without what is drawn by chance. */
  async function missionNodes() {
    await world.applyMission('01-default-nodepool-and-nodeclass.yaml');
    await world.applyMission('02-inflate-deployment.yaml');
    await world.kubectl('wait', '--for=condition=Ready', '--timeout=60s', 'ec2nodeclass/default', 'nodepool/default');
    await world.kubectl('scale', 'deployment/inflate', '--replicas=5');
    await untilRunning(world, 'inflate', 5);
    const claims = await world.get('nodeclaims');
    const stored = await nodeClass('default');
    const nodes = await nodesOf(world, 'default');
    const [pool] = (await world.get('nodepools')) as NodeClass[];
    return {
      nodeClass: stored,
      claims: claims.map(({ spec, status }) => ({ spec, imageID: status.imageID })),
      nodes: nodes.map(({ metadata, status }) => [
        metadata.labels?.['node.kubernetes.io/instance-type'],
        metadata.labels?.['topology.kubernetes.io/zone'],
        metadata.labels?.['karpenter.sh/capacity-type'],
        status.allocatable,
      ]),
      hashes: [
        stored.metadata.annotations?.['karpenter.k8s.aws/ec2nodeclass-hash'],
        pool?.metadata.annotations?.['karpenter.sh/nodepool-hash'],
      ],
    };
  }

  async function removeMission(): Promise<void> {
    await world.kubectl('delete', 'deployment', 'inflate');
    await world.kubectl('delete', 'nodepool', 'default');
    await world.kubectl('delete', 'nodeclaims', '--all');
    await world.kubectl('delete', 'ec2nodeclass', 'default');
  }
});

/** Whether a new connection to a port meets somebody whom this bundle vouches for. */
function isTrusted(port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca }, () => {
      resolve(socket.authorized);
      socket.end();
    });
    socket.once('error', () => resolve(false));
  });
}

/** A CRD as one was before it had rules and lists of values. */
function withoutRules(crd: object): object {
  return JSON.parse(JSON.stringify(crd), (key, value: unknown) =>
    key === 'x-kubernetes-validations' || key === 'enum' ? undefined : value,
  ) as object;
}
