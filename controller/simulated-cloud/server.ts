// A simulated cloud as a process of its own, for runs in which a controller is killed and its instances must live on:
//
//   node controller/simulated-cloud/server.ts --facts FILE --journal FILE [--port N] [--seed N] [--times FILE]
//     [--kubeconfig FILE [--context NAME]] [--until-stdin-ends]
//
// FILEs of facts and times are JSON (CloudFacts, CloudTimes). With a kubeconfig its instances join that cluster as nodes
// and run the pods bound to them. It prints one line of JSON, {"port":N}, once it listens on 127.0.0.1, and ends at SIGTERM
// or, where that is asked for, with its standard input, so that it does not outlive a test that was killed.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '../clock/index.ts';
import { clusterAccess, KubernetesCluster } from '../kubernetes-cluster/index.ts';
import type { Clock } from '../ports/index.ts';
import { Kubelets } from '../simulated-cluster/index.ts';
import { type CloudFacts, type CloudTimes, openJournalFile, SimulatedCloud, serveCloud } from './index.ts';

/** Nobody shall wait for the nodes' own requests: real kubelets have limits of their own each. */
const NODE_RATE = { qps: 5_000, burst: 5_000 };

const { values } = parseArgs({
  options: {
    facts: { type: 'string' },
    journal: { type: 'string' },
    port: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    times: { type: 'string' },
    kubeconfig: { type: 'string' },
    context: { type: 'string' },
    'until-stdin-ends': { type: 'boolean', default: false },
  },
});
if (values.facts === undefined || values.journal === undefined) {
  console.error('start the simulated cloud: --facts and --journal are needed');
  process.exit(2);
}

const clock = systemClock();
const end = new AbortController();
const seed = Number(values.seed);
const journal = openJournalFile(values.journal);
const nodes = values.kubeconfig === undefined ? undefined : openNodes(values.kubeconfig, clock);
const cloud = new SimulatedCloud({
  clock,
  facts: readJson<CloudFacts>(values.facts),
  seed,
  ...(values.times === undefined ? {} : { times: readJson<Partial<CloudTimes>>(values.times) }),
  ...(nodes === undefined ? {} : { cluster: nodes.cluster, agents: nodes.kubelets }),
  onJournal: (entry) => journal.write(entry),
});
const running = nodes?.kubelets.run(end.signal);
const served = await serveCloud({ cloud, port: Number(values.port) });
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end.abort());
if (values['until-stdin-ends']) process.stdin.resume().once('end', () => end.abort());
console.log(JSON.stringify({ port: served.port }));
await new Promise<void>((resolve) => end.signal.addEventListener('abort', () => resolve(), { once: true }));
cloud.close();
await served.close();
await running;
nodes?.cluster.close();
journal.close();
// Calls that nobody waits for any more may still be taking their time.
process.exit(0);

function openNodes(kubeconfig: string, of: Clock): { cluster: KubernetesCluster; kubelets: Kubelets } {
  const access = clusterAccess({
    kubeconfig,
    ...(values.context === undefined ? {} : { context: values.context }),
    clock: of,
  });
  const cluster = new KubernetesCluster(access, {
    clock: of,
    limit: NODE_RATE,
    userAgent: 'simulated-node',
    fieldManager: 'simulated-node',
  });
  return { cluster, kubelets: new Kubelets({ cluster, clock: of, seed, nodes: 'started' }) };
}

function readJson<Value>(path: string): Value {
  return JSON.parse(readFileSync(path, 'utf8')) as Value;
}
