// The status of an EC2NodeClass as the adapter writes and reads it. Karpenter writes the same fields.

/** A condition on the labels of an instance type. */
export interface ImageRequirement {
  readonly key: string;
  readonly operator: 'In' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

/** An image that was found. */
export interface FoundImage {
  readonly id: string;
  readonly name: string;
  readonly deprecated?: true;
  readonly requirements: readonly ImageRequirement[];
}

/** A capacity reservation that was found. */
export interface FoundReservation {
  readonly id: string;
  readonly instanceType: string;
  readonly availabilityZone: string;
  readonly ownerID: string;
  readonly instanceMatchCriteria: string;
  readonly reservationType: 'default' | 'capacity-block';
  readonly state: 'active' | 'expiring';
  readonly interruptible?: true;
  readonly endTime?: string;
}

/** The status apart from conditions. */
export interface NodeClassStatus {
  readonly subnets?: readonly { readonly id: string; readonly zone: string; readonly zoneID?: string }[];
  readonly securityGroups?: readonly { readonly id: string }[];
  readonly amis?: readonly FoundImage[];
  readonly instanceProfile?: string;
  readonly capacityReservations?: readonly FoundReservation[];
}
