// The SDK's clients. Credentials come from its default chain (environment, IRSA, Pod Identity, instance role); region and
// endpoints from the environment and the shared configuration, unless they are given. Nothing is called here but STS, once.
import { EC2Client } from '@aws-sdk/client-ec2';
import { EKSClient } from '@aws-sdk/client-eks';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { IAMClient } from '@aws-sdk/client-iam';
import { PricingClient } from '@aws-sdk/client-pricing';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { CatalogueIdentity } from '../ports/index.ts';
import { callAws } from './calls.ts';

/** The clients. */
export interface AwsClients {
  readonly region: string;
  readonly ec2: EC2Client;
  /** The same without retries: for calls of which two would be two instances. */
  readonly ec2Once: EC2Client;
  readonly eks: EKSClient;
  readonly events: EventBridgeClient;
  readonly iam: IAMClient;
  readonly pricing: PricingClient;
  readonly sqs: SQSClient;
  readonly ssm: SSMClient;
  readonly sts: STSClient;
  close(): void;
}

/** Where to call, where the environment does not say it. */
export interface ClientOptions {
  readonly region?: string;
  /** One address for every service: for tests. */
  readonly endpoint?: string;
}

/** Tries of the SDK for one call, throttling included. */
const TRIES = 5;

/** The Pricing API is in few regions; prices of all are there. */
const PRICING_REGION = { aws: 'us-east-1', 'aws-cn': 'cn-northwest-1' } as const;

/** Makes the clients. Rejects where nothing names a region. */
export async function openClients(options: ClientOptions = {}): Promise<AwsClients> {
  const { endpoint } = options;
  const common = {
    maxAttempts: TRIES,
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  const ec2 = new EC2Client(common);
  const region = await ec2.config.region();
  const pricingRegion = region.startsWith('cn-') ? PRICING_REGION['aws-cn'] : PRICING_REGION.aws;
  const clients = {
    ec2,
    ec2Once: new EC2Client({ ...common, maxAttempts: 1 }),
    eks: new EKSClient(common),
    events: new EventBridgeClient(common),
    iam: new IAMClient(common),
    pricing: new PricingClient({ ...common, region: pricingRegion }),
    sqs: new SQSClient(common),
    ssm: new SSMClient(common),
    sts: new STSClient(common),
  };
  return {
    ...clients,
    region,
    close: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}

/** Whose account it is. */
export async function readIdentity({ sts, region }: AwsClients, signal?: AbortSignal): Promise<CatalogueIdentity> {
  const { Account: account = '', Arn: arn = '' } = await callAws(
    'sts:GetCallerIdentity',
    (call) => sts.send(new GetCallerIdentityCommand({}), call),
    signal,
  );
  const [, partition = 'aws'] = arn.split(':');
  return { partition, account, region };
}
