// kube-scheduler told which pods a node was planned for, on a simulated cluster: pods land where the plan has them, and what
// is left of a nomination does not outlive its node or a controller.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type ApiObject, KINDS } from '../../controller/ports/index.ts';
import {
  AMD64,
  createPool,
  deploymentObject,
  poolObject,
  Run,
  runningPods,
  startSettledEngine,
} from './testing/index.ts';

const engine = await startSettledEngine();
after(() => engine.close());

const ON = { nominatePods: true } as const;

/** Two kinds that fill two nodes together and not in every mixture. */
async function startMixture(run: Run): Promise<void> {
  await createPool(run, poolObject('default', AMD64));
  const sized = (cpu: string, memory: string) => ({
    containers: [{ name: 'main', resources: { requests: { cpu, memory } } }],
  });
  await run.cluster.create(KINDS.deployments, deploymentObject('large', 6, sized('1900m', '1Gi')));
  await run.cluster.create(KINDS.deployments, deploymentObject('small', 12, sized('600m', '2Gi')));
}

const bound = (run: Run) => runningPods(run, 'large').length + runningPods(run, 'small').length;
const nodeOf = ({ spec }: ApiObject) => (spec as { readonly nodeName?: string }).nodeName;

/** Which claim each pod was told of first. */
function toldClaims(run: Run): Map<string, string> {
  const told = new Map<string, string>();
  for (const { reason, name, message } of run.events) {
    const claim = /nodeclaim\/([^ ,]+)/.exec(message)?.[1];
    if (reason === 'Nominated' && claim !== undefined) told.set(name, claim);
  }
  return told;
}

test('pods land where the plan has them, and a node is opened for them once it is ready', async (t) => {
  const run = Run.open(t, engine);
  run.startController({}, ON);
  await startMixture(run);
  await run.until('all pods run', () => bound(run) === 18);
  const claimOfNode = new Map(
    run
      .objects(KINDS.nodeClaims)
      .map(({ metadata, status }) => [(status as { nodeName?: string }).nodeName, metadata.name]),
  );
  assert.ok(claimOfNode.size > 1, run.describe());
  const told = toldClaims(run);
  const strays = run
    .objects(KINDS.pods)
    .filter((pod) => claimOfNode.get(nodeOf(pod)) !== told.get(pod.metadata.name ?? ''));
  assert.deepEqual(
    strays.map(({ metadata }) => metadata.name),
    [],
  );
  assert.ok(run.writes.includes('pod.nominate'));
  assert.ok(run.writes.indexOf('pod.nominate') < run.writes.indexOf('node.register'));
  for (const { status } of run.objects(KINDS.nodes)) {
    const { conditions = [] } = status as { conditions?: { type: string; status: string }[] };
    assert.ok(conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True'));
  }
});

test('without the setting nobody is nominated', async (t) => {
  const run = Run.open(t, engine);
  run.startController();
  await startMixture(run);
  await run.until('all pods run', () => bound(run) === 18);
  assert.ok(!run.writes.includes('pod.nominate'));
});

test('a controller that follows one that was killed among its nominations brings all pods onto nodes', async (t) => {
  for (const when of ['before', 'after'] as const) {
    const run = Run.open(t, engine);
    run.startController({}, ON);
    run.killAt({ when, point: 'pod.nominate' });
    await startMixture(run);
    await run.until('the controller is killed', () => run.isKilled);
    run.startController({}, ON);
    await run.until('all pods run', () => bound(run) === 18);
  }
});
