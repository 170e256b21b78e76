// The flags of `dovetail feed`. Those that the controller has too have its names and environment variables.
import { Command, Option } from 'commander';

/** The arguments. */
export interface FeedOptions {
  readonly engineAddress?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly region?: string;
  /** Feeds the region's catalogue of no account in particular. */
  readonly shared: boolean;
  readonly isolatedVpc: boolean;
  /** As written. */
  readonly catalogueRefreshInterval: string;
  readonly priceRefreshInterval: string;
  readonly once: boolean;
  readonly record?: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** The command, without what it does and without the flags of the service's address. */
export function feedCommand(): Command {
  const description = "Keep a service's catalogue as an AWS account sells: types, zones, prices on demand and on spot.";
  return new Command('feed')
    .description(description)
    .option('--region <region>', 'AWS region (default: that of AWS_REGION or of the shared configuration)')
    .option('--shared', 'feed the catalogue that solves use which name a region and no account', false)
    .addOption(new Option('--isolated-vpc', 'the price list is out of reach: known prices stay').default(false))
    .addOption(
      new Option('--catalogue-refresh-interval <time>', 'how often types and where they are offered are read')
        .default('12h')
        .env('CATALOGUE_REFRESH_INTERVAL'),
    )
    .addOption(
      new Option('--price-refresh-interval <time>', 'how often prices are read')
        .default('12h')
        .env('PRICE_REFRESH_INTERVAL'),
    )
    .option('--once', 'feed once and end', false)
    .option('--record <file>', 'write what the region sells into a file, for catalogue:generate, and end')
    .addOption(
      new Option('--log-level <level>', 'what is logged, on standard error')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info')
        .env('LOG_LEVEL'),
    )
    .addHelpText(
      'after',
      [
        '',
        'The controller feeds its own service: this is for other schedulers. Credentials come by the usual ways of AWS.',
        'Exit codes: 0 it was ended or has fed, 2 the input is wrong, 3 AWS or the service can not be asked.',
        '',
        'Examples:',
        '  npx dovetail feed --engine-address engine:50051 --tls-ca ca.pem --tls-cert feeder.pem --tls-key feeder.key',
        '  npx dovetail feed --engine-address 127.0.0.1:50051 --region eu-west-1 --shared --once',
        '  npx dovetail feed --region us-west-2 --record us-west-2.json',
      ].join('\n'),
    );
}
