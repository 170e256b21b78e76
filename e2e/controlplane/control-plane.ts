// A real Kubernetes control plane for tests: etcd, kube-apiserver, and kube-scheduler and kube-controller-manager where
// wanted, on free loopback ports, with its state in a temporary folder that goes when it stops. It has no kubelets: pods
// are bound and never run, and nodes are objects that a test makes.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlPlanePrograms, type ProgramName } from './binary.ts';
import { answersOk, freePorts, ServerProcess } from './server-process.ts';

/** What to start besides etcd and kube-apiserver. */
export interface ControlPlaneOptions {
  /**
   * `default` is kube-scheduler as it comes. `judging` lets its filters decide and nothing else: pods with the annotation
   * `dovetail.test/node` (names of nodes, separated by commas) pass on those nodes only, and no pod is evicted for
   * another. Absent starts none.
   */
  readonly scheduler?: 'default' | 'judging';
  /** True starts kube-controller-manager with all its controllers. Without it nodes get no taints from their conditions. */
  readonly controllerManager?: boolean;
  /** Feature gates of all parts, besides their defaults. */
  readonly featureGates?: Readonly<Record<string, boolean>>;
  /** Seconds after which history is forgotten: continue tokens get too old twice as late. Absent leaves the five minutes. */
  readonly compactionSeconds?: number;
  /** True keeps a line of JSON for each call that kube-apiserver answers; where, `auditFile` says. */
  readonly audit?: boolean;
}

/** A control plane that runs. */
export interface ControlPlane {
  /** Where kube-apiserver listens (https://127.0.0.1:PORT). */
  readonly server: string;
  /** Bearer token of a cluster administrator. */
  readonly token: string;
  /** PEM file with the certificate authority of kube-apiserver. */
  readonly caFile: string;
  /** File that kubectl and libraries read. */
  readonly kubeconfig: string;
  /** Folder of the programs, kubectl among them. */
  readonly programDirectory: string;
  /** The lines of the audit, where they are kept. */
  readonly auditFile: string;
  /** Throws with its last output when one of the programs has ended. */
  assertRunning(): void;
  /** Ends all programs and removes their state. May be called more than once. */
  stop(): Promise<void>;
}

/** Starts a control plane; resolves when kube-apiserver is ready. Three seconds once the programs are built. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const programs = await controlPlanePrograms({ pinPlugin: options.scheduler === 'judging' });
  const directory = mkdtempSync(join(tmpdir(), 'dovetail-controlplane-'));
  const processes: ServerProcess[] = [];
  const start = (name: ProgramName, args: readonly string[]): ServerProcess => {
    const server = new ServerProcess(name, join(programs.directory, name), args, directory);
    processes.unshift(server);
    return server;
  };
  let stopping: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    // Those that were started last stop first: nobody loses the server it talks to.
    for (const server of processes) await server.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const [etcdPort = 0, peerPort = 0, apiPort = 0] = await freePorts(3);
    const etcdUrl = `http://127.0.0.1:${etcdPort}`;
    const server = `https://127.0.0.1:${apiPort}`;
    const etcd = start('etcd', etcdArguments(directory, etcdUrl, `http://127.0.0.1:${peerPort}`));
    await etcd.waitUntil(() => answersOk(`${etcdUrl}/health`));
    const access = writeAccess(directory, server);
    const apiServer = start('kube-apiserver', apiServerArguments(directory, etcdUrl, apiPort, options));
    await apiServer.waitUntil(() => answersOk(`${server}/readyz`));
    if (options.scheduler !== undefined) {
      const config = join(directory, 'scheduler.json');
      writeFileSync(config, JSON.stringify(schedulerConfiguration(access.kubeconfig, options.scheduler)));
      start('kube-scheduler', [`--config=${config}`, '--secure-port=0', ...gateArguments(options)]);
    }
    if (options.controllerManager === true) {
      start('kube-controller-manager', controllerManagerArguments(directory, access.kubeconfig, options));
    }
    return {
      server,
      ...access,
      programDirectory: programs.directory,
      auditFile: join(directory, AUDIT_FILE),
      assertRunning: () => {
        for (const one of processes) one.assertRunning();
      },
      stop: () => {
        stopping ??= stopAll();
        return stopping;
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

function etcdArguments(directory: string, clientUrl: string, peerUrl: string): string[] {
  return [
    '--name=default',
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    // The state is thrown away: it need not survive a power cut.
    '--unsafe-no-fsync',
    '--quota-backend-bytes=8589934592',
    '--log-level=warn',
  ];
}

function apiServerArguments(directory: string, etcdUrl: string, port: number, options: ControlPlaneOptions): string[] {
  // Pods are made right after their namespace, before its service account is there. Without the controller-manager
  // nobody would take away the taint that new nodes get, nor the finalizers that keep claims and volumes in use.
  const unattended =
    options.controllerManager === true ? [] : ['TaintNodesByCondition', 'StorageObjectInUseProtection'];
  const left = ['ServiceAccount', ...unattended];
  return [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${directory}`,
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.0.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(directory, 'service-account.pub')}`,
    `--service-account-signing-key-file=${join(directory, 'service-account.key')}`,
    `--token-auth-file=${join(directory, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    `--disable-admission-plugins=${left.join(',')}`,
    '--profiling=false',
    ...(options.compactionSeconds === undefined ? [] : [`--etcd-compaction-interval=${options.compactionSeconds}s`]),
    ...(options.audit === true ? auditArguments(directory) : []),
    ...gateArguments(options),
  ];
}

const AUDIT_FILE = 'audit.jsonl';

/** Who asked for what, and how it was answered; not what was in it. */
function auditArguments(directory: string): string[] {
  const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] };
  const policyFile = join(directory, 'audit-policy.json');
  writeFileSync(policyFile, JSON.stringify({ ...policy, omitStages: ['RequestReceived'] }));
  return [`--audit-policy-file=${policyFile}`, `--audit-log-path=${join(directory, AUDIT_FILE)}`];
}

function controllerManagerArguments(directory: string, kubeconfig: string, options: ControlPlaneOptions): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--secure-port=0',
    `--service-account-private-key-file=${join(directory, 'service-account.key')}`,
    '--kube-api-qps=2000',
    '--kube-api-burst=2000',
    // Nobody sends heartbeats for the nodes that tests make.
    '--node-monitor-grace-period=8760h',
    '--controllers=*',
    ...gateArguments(options),
  ];
}

function gateArguments({ featureGates = {} }: ControlPlaneOptions): string[] {
  const gates = Object.entries(featureGates).map(([name, on]) => `${name}=${on}`);
  return gates.length === 0 ? [] : [`--feature-gates=${gates.join(',')}`];
}

/** The name our plugin is registered by in program/pin.go. */
const PIN_PLUGIN = 'DovetailPin';

function schedulerConfiguration(kubeconfig: string, kind: 'default' | 'judging'): object {
  const common = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    leaderElection: { leaderElect: false },
    clientConnection: { kubeconfig, qps: 5000, burst: 5000 },
  };
  if (kind === 'default') return common;
  return {
    ...common,
    percentageOfNodesToScore: 100,
    podInitialBackoffSeconds: 1,
    podMaxBackoffSeconds: 1,
    profiles: [
      {
        schedulerName: 'default-scheduler',
        plugins: {
          // Named in both places the pin is the first filter, so the reason given for the pinned node is that of the rule.
          multiPoint: { enabled: [{ name: PIN_PLUGIN }] },
          filter: { enabled: [{ name: PIN_PLUGIN }] },
          postFilter: { disabled: [{ name: 'DefaultPreemption' }] },
        },
      },
    ],
  };
}

/** Writes the keys and the token into the folder. The server writes its own certificate there when it starts. */
function writeAccess(directory: string, server: string): { token: string; caFile: string; kubeconfig: string } {
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const token = randomBytes(24).toString('hex');
  const caFile = join(directory, 'apiserver.crt');
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(join(directory, 'service-account.pub'), keys.publicKey);
  writeFileSync(join(directory, 'service-account.key'), keys.privateKey, { mode: 0o600 });
  writeFileSync(join(directory, 'tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: 'admin', user: { token } }],
  };
  // JSON is YAML.
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return { token, caFile, kubeconfig };
}
