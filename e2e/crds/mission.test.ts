// The mission's manifests and kubectl on a real API server with our CRDs and nothing else: no webhook, no controller. Needs
// Go, for the control plane.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { effectiveNodePoolSpec } from '../../controller/resources/index.ts';
import { CrdCluster, OWN_WORDS } from './cluster.ts';

const rootDirectory = fileURLToPath(new URL('../../', import.meta.url));
const missionDirectory = join(rootDirectory, 'examples/mission');

const POOL_01 = '01-default-nodepool-and-nodeclass.yaml';

/** A manifest as envsubst leaves it. */
function manifest(name: string): string {
  return readFileSync(join(missionDirectory, name), 'utf8').replaceAll(`\${CLUSTER_NAME}`, 'demo');
}

describe('a real API server with our CRDs', () => {
  let cluster: CrdCluster;
  let scratch: string;
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'dovetail-crds-'));
    cluster = await CrdCluster.start();
    await cluster.applyCrds(
      [join(rootDirectory, 'deploy/crds')],
      (verdict) => !verdict.accepted && OWN_WORDS.test(verdict.message),
    );
  });
  after(async () => {
    await cluster.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** Applies text as a file; answers what kubectl prints, also when it is refused. */
  async function apply(text: string, ...flags: readonly string[]): Promise<string> {
    const file = join(scratch, 'manifest.yaml');
    writeFileSync(file, text);
    try {
      return await cluster.kubectl('apply', '-f', file, ...flags);
    } catch (error) {
      return (error as { readonly stderr?: string }).stderr ?? String(error);
    }
  }

  for (const [name, ...made] of [
    [POOL_01, 'nodepool.karpenter.sh/default', 'ec2nodeclass.karpenter.k8s.aws/default'],
    ['03-spot-optimized.yaml', 'nodepool.karpenter.sh/spot-optimized', 'ec2nodeclass.karpenter.k8s.aws/spot-config'],
    ['04-gpu-workloads.yaml', 'nodepool.karpenter.sh/gpu-workloads'],
    ['06-stable.yaml', 'nodepool.karpenter.sh/stable'],
  ] as const) {
    test(`takes ${name} as it is, and by server-side apply too`, async () => {
      const text = manifest(name);
      assert.equal(await apply(text), made.map((object) => `${object} created\n`).join(''));
      const serverSide = await apply(text, '--server-side', '--force-conflicts', '--field-manager=test');
      assert.equal(serverSide, made.map((object) => `${object} serverside-applied\n`).join(''));
    });
  }

  test('fills in what 06 leaves out as effectiveNodePoolSpec does', async () => {
    const written = parse(manifest('06-stable.yaml')) as { readonly spec: object };
    const { spec } = await cluster.stored('NodePool', 'stable');
    assert.deepEqual(spec, effectiveNodePoolSpec(written));
    assert.deepEqual((spec as ReturnType<typeof effectiveNodePoolSpec>).template.spec.nodeClassRef, {
      group: 'karpenter.k8s.aws',
      kind: 'EC2NodeClass',
      name: 'default',
    });
  });

  test('merges the fragment 07 into the pool of 01 by a patch', async () => {
    const fragment = parse(manifest('07-diversified-requirements.fragment.yaml')) as {
      readonly requirements: readonly object[];
    };
    const patch = JSON.stringify({ spec: { template: { spec: fragment } } });
    assert.match(await cluster.kubectl('patch', 'nodepool', 'default', '--type=merge', `--patch=${patch}`), /patched/);
    const { spec } = await cluster.stored('NodePool', 'default');
    const { template } = spec as ReturnType<typeof effectiveNodePoolSpec>;
    assert.deepEqual(template.spec.requirements, fragment.requirements);
    assert.equal(template.spec.taints?.[0]?.key, 'workload-type');
  });

  /** The pool of 01 with one thing changed by its text, and the field that must be named. */
  const wrong: readonly (readonly [from: string, to: string, named: RegExp])[] = [
    [
      'operator: Gt',
      'operator: Above',
      /spec\.template\.spec\.requirements\[3\]\.operator: Unsupported value: "Above"/,
    ],
    ['values: ["5"]', 'values: ["five"]', /spec\.template\.spec\.requirements\[3\]: .*a whole number of 0 or more/],
    ['values: ["5"]', 'values: ["5", "6"]', /spec\.template\.spec\.requirements\[3\]\.values: .*exactly one value/],
    ['values: ["c", "m", "r"]', 'values: []', /spec\.template\.spec\.requirements\[2\]\.values: .*at least one value/],
    ['instance-category', 'instance-catgory', /spec\.template\.spec\.requirements\[2\]\.key: .*misspelling/],
    ['effect: NoSchedule', 'effect: Never', /spec\.template\.spec\.taints\[0\]\.effect: Unsupported value: "Never"/],
    ['consolidateAfter: 1m', 'consolidateAfter: 1 minute', /spec\.disruption\.consolidateAfter: .*"1 minute"/],
    ['memory: 1000Gi', 'memory: lots', /spec\.limits\.memory: .*"lots"/],
    ['amiFamily: AL2023', 'amiFamily: Ubuntu', /spec\.amiFamily: Unsupported value: "Ubuntu"/],
    ['amiFamily: AL2023', 'amiFamily: Custom', /spec\.amiSelectorTerms: .*select one/],
    ['volumeSize: 100Gi', 'volumeSize: 100GB', /spec\.blockDeviceMappings\[0\]\.ebs\.volumeSize: .*"100GB"/],
    ['ManagedBy: Karpenter', 'karpenter.sh/nodepool: x', /spec\.tags: .*written by the controller/],
    ['  role:', '  instanceProfile: x\n  role:', /spec: .*either role or instanceProfile/],
  ];
  for (const [from, to, named] of wrong) {
    test(`refuses ${JSON.stringify(to)} and names the field`, async () => {
      const text = manifest(POOL_01);
      assert.ok(text.includes(from), from);
      assert.match(await apply(text.replace(from, to), '--dry-run=server'), named);
    });
  }

  test('refuses a change of the node class’s group, and of a NodeClaim', async () => {
    const [pool] = parseAllDocuments(manifest(POOL_01));
    pool?.setIn(['spec', 'template', 'spec', 'nodeClassRef', 'group'], 'example.com');
    assert.match(await apply(String(pool)), /spec\.template\.spec\.nodeClassRef\.group: .*cannot be changed/);
    const claim = (cpu: number): string =>
      stringify({
        apiVersion: 'karpenter.sh/v1',
        kind: 'NodeClaim',
        metadata: { name: 'claim' },
        spec: {
          nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'default' },
          requirements: [],
          resources: { requests: { cpu } },
        },
      });
    assert.match(await apply(claim(1)), /created/);
    assert.match(await apply(claim(2)), /spec: .*cannot be changed/);
  });

  test('warns of fields that nobody knows, as kubectl asks it to', async () => {
    const answer = await apply(manifest(POOL_01).replace('weight', 'wait').replace('  limits:', '  limit:'));
    assert.match(answer, /unknown field "spec\.limit"/);
  });

  test('shows the resources by category and short name, and explains their fields', async () => {
    const all = await cluster.kubectl('get', 'karpenter');
    for (const name of [
      'nodepool.karpenter.sh/stable',
      'nodeclaim.karpenter.sh/claim',
      'ec2nodeclass.karpenter.k8s.aws/default',
    ])
      assert.ok(all.includes(name), `${name} in ${all}`);
    assert.match(await cluster.kubectl('get', 'ec2nc', 'default'), /NAME +READY +AGE/);
    assert.match(await cluster.kubectl('get', 'nodepools', 'stable'), /NAME +NODECLASS +NODES +READY +AGE\n/);
    assert.match(
      await cluster.kubectl('explain', 'nodepool.spec.disruption.budgets.nodes'),
      /a share of the pool[\s\S]*the strictest/,
    );
  });

  test('scales a pool with replicas and no other', async () => {
    const pool = {
      apiVersion: 'karpenter.sh/v1',
      kind: 'NodePool',
      metadata: { name: 'static' },
      spec: { replicas: 1 },
    };
    assert.match(await apply(stringify(pool)), /created/);
    await cluster.kubectl('scale', 'nodepool', 'static', '--replicas=3');
    const { spec } = await cluster.stored('NodePool', 'static');
    assert.equal((spec as { readonly replicas: number }).replicas, 3);
    await assert.rejects(cluster.kubectl('scale', 'nodepool', 'stable', '--replicas=3'), /cannot be added/);
  });
});
