// Settings from flags and environment: what they become, and what is said about those that are wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings, type Settings } from './index.ts';

type Environment = Record<string, string | undefined>;

function read(args: readonly string[] = [], environment: Environment = {}): Settings {
  const outcome = readSettings(args, { CLUSTER_NAME: 'shop', ...environment });
  assert.ok(outcome.kind === 'settings', JSON.stringify(outcome));
  return outcome.settings;
}

function problems(args: readonly string[], environment: Environment = { CLUSTER_NAME: 'shop' }): readonly string[] {
  const outcome = readSettings(args, environment);
  assert.ok(outcome.kind === 'refused', JSON.stringify(outcome));
  return outcome.problems;
}

test('without anything but the cluster’s name everything is as Karpenter has it', () => {
  const { clusterName, batchMaxMs, batchIdleMs, metricsPort, healthProbePort, kubeClientQps, kubeClientBurst } = read();
  assert.deepEqual(
    [clusterName, batchMaxMs, batchIdleMs, metricsPort, healthProbePort, kubeClientQps, kubeClientBurst],
    ['shop', 10_000, 1_000, 8080, 8081, 200, 300],
  );
  const { leaderElectionName, leaseDurationMs, renewDeadlineMs, retryPeriodMs, preferencePolicy, minValuesPolicy } =
    read();
  assert.deepEqual(
    [leaderElectionName, leaseDurationMs, renewDeadlineMs, retryPeriodMs, preferencePolicy, minValuesPolicy],
    ['karpenter-leader-election', 15_000, 10_000, 2_000, 'Respect', 'Strict'],
  );
  const { logLevel, logOutputPaths, vmMemoryOverheadPercent, podName, featureGates } = read();
  assert.deepEqual(
    [logLevel, logOutputPaths, vmMemoryOverheadPercent, podName],
    ['info', ['stdout'], 0.075, undefined],
  );
  assert.equal(featureGates.ReservedCapacity, true);
});

test('the charge for a node is an amount of dollars', () => {
  assert.equal(read().nodeChargeUsdPerHour, 0.01);
  assert.equal(read(['--node-charge', '0']).nodeChargeUsdPerHour, 0);
  assert.equal(read([], { NODE_CHARGE: '.5' }).nodeChargeUsdPerHour, 0.5);
  assert.match(problems(['--node-charge', '-1'])[0] ?? '', /not an amount from 0 to 1000/);
});

test('a flag goes before its variable, and an empty variable is none', () => {
  const environment = { METRICS_PORT: '9090', BATCH_IDLE_DURATION: '', LEADER_ELECTION_NAMESPACE: 'kube-system' };
  assert.equal(read([], environment).metricsPort, 9090);
  assert.equal(read(['--metrics-port', '0'], environment).metricsPort, 0);
  assert.equal(read(['--metrics-port=7000'], environment).metricsPort, 7000);
  assert.equal(read(['-metrics-port=7000'], environment).metricsPort, 7000);
  assert.equal(read([], environment).batchIdleMs, 1_000);
  assert.equal(read([], environment).leaderElectionNamespace, 'kube-system');
  assert.equal(read(['--leader-election-namespace='], environment).leaderElectionNamespace, '');
});

test('what is true or false may stand alone', () => {
  assert.equal(read(['--disable-leader-election']).disableLeaderElection, true);
  assert.equal(read(['--disable-leader-election', '--metrics-port', '1']).metricsPort, 1);
  assert.equal(read(['--disable-leader-election=false']).disableLeaderElection, false);
  assert.equal(read([], { DISABLE_LEADER_ELECTION: 'T' }).disableLeaderElection, true);
});

test('the environment that Karpenter’s chart sets is taken as it is, and what it changes nothing by is told', () => {
  const outcome = readSettings([], {
    KUBERNETES_MIN_VERSION: '1.19.0-0',
    KARPENTER_SERVICE: 'karpenter',
    LOG_LEVEL: 'info',
    LOG_OUTPUT_PATHS: 'stdout',
    LOG_ERROR_OUTPUT_PATHS: 'stderr',
    METRICS_PORT: '8080',
    HEALTH_PROBE_PORT: '8081',
    SYSTEM_NAMESPACE: 'karpenter',
    CPU_REQUESTS: '1000',
    MEMORY_LIMIT: '1073741824',
    FEATURE_GATES:
      'ReservedCapacity=true,SpotToSpotConsolidation=false,NodeRepair=false,NodeOverlay=false,StaticCapacity=false,CapacityBuffer=false',
    BATCH_MAX_DURATION: '10s',
    BATCH_IDLE_DURATION: '1s',
    PREFERENCE_POLICY: 'Respect',
    MIN_VALUES_POLICY: 'Strict',
    CLUSTER_NAME: 'shop',
    VM_MEMORY_OVERHEAD_PERCENT: '0.075',
    RESERVED_ENIS: '0',
  });
  assert.ok(outcome.kind === 'settings', JSON.stringify(outcome));
  assert.equal(outcome.settings.podNamespace, 'karpenter');
  assert.deepEqual(outcome.notes, [
    '--memory-limit (MEMORY_LIMIT) changes nothing: Node sizes its heap by the limit of its container, without being told',
    '--karpenter-service (KARPENTER_SERVICE) changes nothing: nothing asks for the name of the service',
  ]);
});

const WRONG: readonly (readonly [args: readonly string[], environment: Environment, problem: string])[] = [
  [
    [],
    { CLUSTER_NAME: '' },
    '--cluster-name (CLUSTER_NAME): it has to be set. Name of the cluster; instances are tagged with it.',
  ],
  [['--no-such-flag=1'], {}, '--no-such-flag: there is no such flag (--help lists them)'],
  [['stray'], {}, 'stray: it is not a flag'],
  [['--log-level'], {}, '--log-level (LOG_LEVEL): a value is missing'],
  [['--log-level', '--metrics-port=1'], {}, '--log-level (LOG_LEVEL): a value is missing'],
  [[], { LOG_LEVEL: 'loud' }, '--log-level (LOG_LEVEL): "loud" is none of debug, info, warn, error (set by LOG_LEVEL)'],
  [
    ['--metrics-port=65536'],
    {},
    '--metrics-port (METRICS_PORT): "65536" is not a whole number from 0 to 65535 (set by --metrics-port)',
  ],
  [
    [],
    { KUBE_CLIENT_QPS: '0' },
    '--kube-client-qps (KUBE_CLIENT_QPS): "0" is not a whole number from 1 up (set by KUBE_CLIENT_QPS)',
  ],
  [
    ['--batch-idle-duration', '1'],
    {},
    '--batch-idle-duration (BATCH_IDLE_DURATION): "1" is not a duration with units, such as 10s or 1m30s (set by --batch-idle-duration)',
  ],
  [
    ['--disable-leader-election=yes'],
    {},
    '--disable-leader-election (DISABLE_LEADER_ELECTION): "yes" is neither true nor false (set by --disable-leader-election)',
  ],
  [
    [],
    { VM_MEMORY_OVERHEAD_PERCENT: '7.5' },
    '--vm-memory-overhead-percent (VM_MEMORY_OVERHEAD_PERCENT): "7.5" is not a number from 0 up to, but not including, 1 (set by VM_MEMORY_OVERHEAD_PERCENT)',
  ],
  [
    ['--log-output-paths=stdout,'],
    {},
    '--log-output-paths (LOG_OUTPUT_PATHS): "stdout," is not a comma-separated list: one of its entries is empty (set by --log-output-paths)',
  ],
  [
    ['--feature-gates=NodeRepairs=true'],
    {},
    '--feature-gates (FEATURE_GATES): "NodeRepairs=true" is about NodeRepairs, and there are only NodeRepair, ReservedCapacity, SpotToSpotConsolidation, NodeOverlay, StaticCapacity, CapacityBuffer (set by --feature-gates)',
  ],
  [
    ['--feature-gates=NodeRepair'],
    {},
    '--feature-gates (FEATURE_GATES): "NodeRepair" is wrong about NodeRepair: nothing is neither true nor false (set by --feature-gates)',
  ],
  [
    ['--feature-gates=NodeRepair=true=true'],
    {},
    '--feature-gates (FEATURE_GATES): "NodeRepair=true=true" is not of the form NodeRepair=true (set by --feature-gates)',
  ],
  [
    ['--feature-gates=StaticCapacity=true'],
    {},
    '--feature-gates (FEATURE_GATES): StaticCapacity=true is not built yet, only StaticCapacity=false is',
  ],
  [
    [],
    { FEATURE_GATES: 'ReservedCapacity=false' },
    '--feature-gates (FEATURE_GATES): ReservedCapacity=false is not built yet, only ReservedCapacity=true is',
  ],
  [
    ['--enable-profiling'],
    {},
    '--enable-profiling (ENABLE_PROFILING): "true" is not built yet, only false is: there are no profiles to serve; start Node with --cpu-prof (set by --enable-profiling)',
  ],
  [
    [],
    { SUBNET_REFRESH_INTERVAL: '30s' },
    '--subnet-refresh-interval (SUBNET_REFRESH_INTERVAL): "30s" is less than 60000 ms (set by SUBNET_REFRESH_INTERVAL)',
  ],
  [
    [],
    { ENABLE_ZONAL_SHIFT: 'true' },
    '--enable-zonal-shift (ENABLE_ZONAL_SHIFT): "true" is not built yet, only false is: zonal shifts are not looked for (set by ENABLE_ZONAL_SHIFT)',
  ],
  [
    ['--leader-election-renew-deadline=20s'],
    {},
    '--leader-election-lease-duration (LEADER_ELECTION_LEASE_DURATION), --leader-election-renew-deadline (LEADER_ELECTION_RENEW_DEADLINE), --leader-election-retry-period (LEADER_ELECTION_RETRY_PERIOD): elect leader: the renew deadline must come before the end of the lease (lease duration 15000 ms, renew deadline 20000 ms, retry period 2000 ms)',
  ],
  [
    ['--engine-tls-ca=ca.pem', '--engine-tls-key=key.pem', '--engine-address=engine:50051'],
    {},
    '--engine-tls-cert (ENGINE_TLS_CERT): mutual TLS needs all three files',
  ],
  [
    ['--engine-tls-ca=a', '--engine-tls-key=b', '--engine-tls-cert=c'],
    {},
    '--engine-address (ENGINE_ADDRESS): it has to be set where TLS for it is',
  ],
];

for (const [args, environment, problem] of WRONG) {
  const written = [...args, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)].join(' ');
  test(`${written} is refused with a message that names flag and variable`, () => {
    assert.deepEqual(problems(args, { CLUSTER_NAME: 'shop', ...environment }), [problem]);
  });
}

test('everything that is wrong is told in one go', () => {
  assert.equal(problems(['--metrics-port=x', '--nonsense'], { LOG_LEVEL: 'loud' }).length, 4);
});

test('what is not built may be set to what is', () => {
  read(['--enable-profiling=false', '--enable-zonal-shift=false', '--log-error-output-paths=stderr']);
});

const DURATIONS: readonly (readonly [string, number | undefined])[] = [
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['250ms', 250],
  ['1500us', 1.5],
  ['0s', 0],
  ['', undefined],
  ['-1s', undefined],
  ['1 s', undefined],
  ['1d', undefined],
  ['1s2', undefined],
  ['s', undefined],
];
for (const [written, ms] of DURATIONS) {
  test(`a duration of ${written} is ${ms === undefined ? 'none' : `${ms} ms`}`, () => {
    if (ms === undefined) assert.match(problems([`--batch-max-duration=${written}`]).join(), /is not a duration/);
    else assert.equal(read([`--batch-max-duration=${written}`]).batchMaxMs, ms);
  });
}

test('the help names every flag with its variable and its default, and what is not built', () => {
  const outcome = readSettings(['--metrics-port=x', '--help'], {});
  assert.ok(outcome.kind === 'help');
  assert.match(outcome.text, / {2}--metrics-port \(METRICS_PORT\) = 8080\n {6}Port of the metrics\.\n/);
  assert.match(outcome.text, /--cluster-name \(CLUSTER_NAME\)\n.*\n {6}It has to be set\./);
  assert.match(
    outcome.text,
    /--enable-zonal-shift \(ENABLE_ZONAL_SHIFT\) = false\n.*\n {6}Not built yet: zonal shifts/,
  );
  assert.match(outcome.text, /POD_NAMESPACE or SYSTEM_NAMESPACE\n/);
});
