// What the adapter is told by the controller's settings.

/** The settings, as the controller reads them. */
export interface AwsSettings {
  readonly clusterName: string;
  /** Empty: EKS is asked. */
  readonly clusterEndpoint: string;
  /** PEM in base64. Empty: EKS is asked. */
  readonly clusterCaBundle: string;
  /** EKS says which version of Kubernetes it is, in place of the API server. */
  readonly eksControlPlane: boolean;
  /** Services without an endpoint in the VPC (IAM, Pricing) are out of reach. */
  readonly isolatedVpc: boolean;
  /** Name of the SQS queue; empty for none. */
  readonly interruptionQueue: string;
  readonly disableDryRun: boolean;
  readonly amiRefreshMs: number;
  readonly subnetRefreshMs: number;
  /** Types and where they are offered are read so often, prices so often. */
  readonly catalogueRefreshMs: number;
  readonly priceRefreshMs: number;
  /** Where records of launches are kept. */
  readonly namespace: string;
}

/** Where the adapter speaks. Messages carry no credentials and no user data. */
export interface AwsLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
