// `dovetail doctor`: looks at what stands around the controller in its account, and says which permission, tag or setting is
// missing, with the command that mends it. It changes nothing, in the account or in the cluster.

import type { AwsClients, DoctorOptions, Report } from '../controller/aws-cloud/index.ts';
import { controllerPolicy, controllerRoleName } from '../controller/aws-iam/index.ts';
import { systemClock } from '../controller/clock/index.ts';
import { type ClusterAccess, clusterAccess, KubernetesCluster } from '../controller/kubernetes-cluster/index.ts';
import { CloudError } from '../controller/ports/index.ts';
import { type CommandConsole, withProgress } from './console.ts';
import type { DoctorCommandOptions } from './doctor-options.ts';
import { badInput, CommandError, EXIT, type ExitCode } from './outcome.ts';
import { VERSION } from './version.ts';

/** A look takes a dozen calls. */
const LIMIT = { qps: 20, burst: 20 } as const;

/** Looks, and prints what was found; nothing at all when all is well. */
export async function runDoctor(options: DoctorCommandOptions, console: CommandConsole): Promise<ExitCode> {
  // The SDK is loaded by nobody else.
  const { examine, openClients, readNames, regionUnknown, reportLines } = await import(
    '../controller/aws-cloud/index.ts'
  );
  let clients: AwsClients;
  try {
    clients = await openClients(options.region === undefined ? {} : { region: options.region });
  } catch (error) {
    return print(regionUnknown(options.clusterName, error), options, console, reportLines);
  }
  const access = readAccess(options);
  const cluster = access === undefined ? undefined : openCluster(access);
  try {
    const doctor = doctorOptions(options, clients, cluster, access);
    if (options.policy) {
      console.out.write(`${JSON.stringify(controllerPolicy(await readNames(doctor)))}\n`);
      return EXIT.ok;
    }
    const report = await withProgress(console, 'look at the account', () => examine(doctor));
    return print(report, options, console, reportLines);
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    throw new CommandError(EXIT.failed, [error.message], { cause: error });
  } finally {
    cluster?.close();
    clients.close();
  }
}

function print(
  report: Report,
  { output }: DoctorCommandOptions,
  console: CommandConsole,
  textOf: (report: Report) => string[],
): ExitCode {
  const lines = output === 'json' ? [JSON.stringify(report, undefined, 2)] : textOf(report);
  if (lines.length > 0) console.out.write(`${lines.join('\n')}\n`);
  return report.findings.length === 0 ? EXIT.ok : EXIT.findings;
}

/** The cluster of a context, or the one that this runs in. */
function readAccess({ context }: DoctorCommandOptions): ClusterAccess | undefined {
  const clock = systemClock();
  try {
    if (context !== undefined) return clusterAccess({ context, clock });
    return process.env.KUBERNETES_SERVICE_HOST === undefined ? undefined : clusterAccess({ clock });
  } catch (error) {
    throw badInput(`--context ${context ?? ''}: ${(error as Error).message}`);
  }
}

function openCluster(access: ClusterAccess): KubernetesCluster {
  return new KubernetesCluster(access, {
    clock: systemClock(),
    limit: LIMIT,
    userAgent: `dovetail/${VERSION}`,
    fieldManager: 'dovetail',
  });
}

function doctorOptions(
  options: DoctorCommandOptions,
  clients: AwsClients,
  cluster: KubernetesCluster | undefined,
  access: ClusterAccess | undefined,
): DoctorOptions {
  const { clusterName, clusterEndpoint, interruptionQueue, isolatedVpc, defaultInstanceProfile } = options;
  return {
    clients,
    settings: { clusterName, clusterEndpoint, interruptionQueue, isolatedVpc, defaultInstanceProfile },
    subject: { role: options.controllerRole ?? controllerRoleName(clusterName) },
    readsAwsAuth: true,
    ...(cluster === undefined ? {} : { cluster }),
    ...(access === undefined ? {} : { clusterHost: access.server.hostname }),
  };
}
