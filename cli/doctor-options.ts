// The flags of `dovetail doctor`. Those that say what the controller is told have its environment variables.
import { Command, Option } from 'commander';

/** The arguments. */
export interface DoctorCommandOptions {
  readonly clusterName: string;
  readonly region?: string;
  readonly interruptionQueue: string;
  readonly clusterEndpoint: string;
  readonly isolatedVpc: boolean;
  readonly defaultInstanceProfile?: string;
  readonly controllerRole?: string;
  readonly context?: string;
  readonly output: 'text' | 'json';
  /** Prints the policy of the controller's role in place of a look. */
  readonly policy: boolean;
}

/** The command, without what it does. */
export function doctorCommand(): Command {
  const description =
    'Say which permission, tag or setting is missing in the account of a cluster, and how to mend it.';
  return new Command('doctor')
    .description(description)
    .addOption(new Option('--cluster-name <name>', 'name of the EKS cluster').env('CLUSTER_NAME').makeOptionMandatory())
    .option('--region <region>', 'AWS region (default: that of AWS_REGION or of the shared configuration)')
    .addOption(
      new Option('--interruption-queue <name>', 'SQS queue that the controller is told to read')
        .default('')
        .env('INTERRUPTION_QUEUE'),
    )
    .addOption(
      new Option('--cluster-endpoint <url>', 'address of the API server that the controller is told')
        .default('')
        .env('CLUSTER_ENDPOINT'),
    )
    .option('--controller-role <name>', 'role of the controller (default: KarpenterControllerRole-CLUSTER)')
    .addOption(
      new Option('--default-instance-profile <name>', 'instance profile that the controller is told').env(
        'AWS_DEFAULT_INSTANCE_PROFILE',
      ),
    )
    .option('--isolated-vpc', 'IAM and the price list are out of reach', false)
    .option('--context <name>', 'cluster of this kubeconfig context; nothing is written to it')
    .addOption(new Option('-o, --output <format>', 'form of the answer').choices(['text', 'json']).default('text'))
    .option('--policy', "print the policy that the controller's role needs, and end", false)
    .addHelpText(
      'after',
      [
        '',
        'It reads, and tries without doing: it changes nothing. Where all is well it says nothing.',
        'Exit codes: 0 nothing is wrong, 1 something is, 2 the input is wrong, 3 it could not be worked out.',
        '',
        'Examples:',
        '  npx dovetail doctor --cluster-name production --interruption-queue production --context production',
        '  npx dovetail doctor --cluster-name production --policy',
      ].join('\n'),
    );
}
