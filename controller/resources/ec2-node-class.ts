// EC2NodeClass (karpenter.k8s.aws/v1): how nodes on EC2 are set up. The one source of its types, its schema and its rules;
// selectors and the kubelet's part are in files of their own.
import { aliasName, IMAGE_FAMILIES, PUBLISHED_FAMILIES } from './ec2-image-family.ts';
import { kubelet } from './ec2-kubelet.ts';
import {
  amiSelectorTerms,
  capacityReservationSelectorTerms,
  placementGroupSelector,
  securityGroupSelectorTerms,
  subnetSelectorTerms,
} from './ec2-selectors.ts';
import { nodeClassStatus } from './ec2-status.ts';
import { VOLUME_SIZE } from './patterns.ts';
import {
  AGE_COLUMN,
  defaulted,
  type EffectiveOf,
  flag,
  list,
  map,
  oneOf,
  optional,
  READY_COLUMN,
  type Resource,
  type Rule,
  record,
  required,
  text,
  type WrittenOf,
  whole,
  withRules,
} from './schema/index.ts';
import { NODE_CLASS_GROUP, NODE_CLASS_KIND } from './template-fields.ts';

const notEmpty: Rule<string> = { cel: "self != ''", message: 'must not be empty', holds: (name) => name !== '' };

const ebs = withRules(
  record('The EBS volume.', {
    volumeSize: optional(
      text(
        'Size, such as 100Gi: 1 to 59000Gi, 64000G, 58Ti or 64T. What pods can use of a root volume is planned with.',
        {
          pattern: VOLUME_SIZE,
        },
      ),
    ),
    volumeType: optional(
      oneOf(['standard', 'io1', 'io2', 'gp2', 'sc1', 'st1', 'gp3'], 'Kind of volume. gp3 is the usual one.'),
    ),
    iops: optional(whole('Operations a second; for io1, io2 and gp3.', { format: 'int64' })),
    throughput: optional(whole('MiB a second; for gp3.', { format: 'int64' })),
    encrypted: optional(flag('Whether the volume is encrypted.')),
    kmsKeyID: optional(
      text('Key to encrypt with: an id, alias or ARN of KMS. Without it the key of the account for EBS.'),
    ),
    deleteOnTermination: optional(flag('Whether the volume goes when its instance does.')),
    snapshotID: optional(text('Snapshot that the volume starts from.')),
    volumeInitializationRate: optional(
      whole('MiB a second at which the volume is filled from its snapshot, 100 to 300. Costs extra.', {
        minimum: 100,
        maximum: 300,
        format: 'int32',
      }),
    ),
  }),
  {
    cel: 'has(self.snapshotID) || has(self.volumeSize)',
    message: 'needs volumeSize or snapshotID',
    holds: ({ snapshotID, volumeSize }) => snapshotID !== undefined || volumeSize !== undefined,
  },
  {
    cel: "!has(self.volumeInitializationRate) || (has(self.snapshotID) && self.snapshotID != '')",
    message: 'is for volumes that start from a snapshot: write snapshotID too',
    field: '.volumeInitializationRate',
    holds: ({ volumeInitializationRate, snapshotID = '' }) =>
      volumeInitializationRate === undefined || snapshotID !== '',
  },
);

const blockDeviceMappings = withRules(
  list(
    record('One disk.', {
      deviceName: optional(text('Name of the device, such as /dev/xvda.')),
      rootVolume: optional(
        flag('Whether the kubelet keeps its data here, so that pods use this disk. At most one disk has it.'),
      ),
      ebs: optional(ebs),
    }),
    'Disks of every node. Left out, the image family decides: one encrypted gp3 volume of 20Gi for most.',
    { maxItems: 50 },
  ),
  {
    cel: 'self.filter(disk, has(disk.rootVolume) && disk.rootVolume).size() <= 1',
    message: 'only one disk can be the rootVolume',
    holds: (disks) => disks.filter(({ rootVolume }) => rootVolume === true).length <= 1,
  },
);

const networkInterfaces = withRules(
  list(
    record('One network interface.', {
      networkCardIndex: required(whole('Network card that it is on, from 0.', { minimum: 0, format: 'int32' })),
      deviceIndex: required(whole('Its place on that card, from 0.', { minimum: 0, format: 'int32' })),
      interfaceType: required(
        oneOf(
          ['interface', 'efa-only'],
          'interface carries IP traffic; efa-only carries EFA traffic and has no address.',
        ),
      ),
    }),
    'Network interfaces that every instance starts with. Left out, it has one, and more only where pods ask for EFA devices.',
    { maxItems: 150 },
  ),
  {
    cel: "self.size() == 0 || self.exists(x, x.networkCardIndex == 0 && x.deviceIndex == 0 && x.interfaceType == 'interface')",
    message: 'one must be the primary interface: networkCardIndex 0, deviceIndex 0, interfaceType interface',
    holds: (all) =>
      all.length === 0 ||
      all.some((one) => one.networkCardIndex === 0 && one.deviceIndex === 0 && one.interfaceType === 'interface'),
  },
  {
    cel: "self.all(x, self.filter(y, y.networkCardIndex == x.networkCardIndex && y.deviceIndex == x.deviceIndex).size() == 1 && (x.interfaceType != 'efa-only' || self.filter(y, y.networkCardIndex == x.networkCardIndex && y.interfaceType == 'efa-only').size() == 1))",
    message:
      'no two may have the same networkCardIndex and deviceIndex, and a card takes one efa-only interface at most',
    holds: (all) => {
      const places = new Set(all.map((one) => `${one.networkCardIndex}/${one.deviceIndex}`));
      const efa = all.filter((one) => one.interfaceType === 'efa-only').map((one) => one.networkCardIndex);
      return places.size === all.length && new Set(efa).size === efa.length;
    },
  },
);

const ENABLED = ['enabled', 'disabled'] as const;

const metadataOptions = record('The instance metadata service (IMDS), where instances ask for their credentials.', {
  httpEndpoint: defaulted(oneOf(ENABLED, 'Whether it answers at all.'), 'enabled'),
  httpProtocolIPv6: defaulted(oneOf(ENABLED, 'Whether it answers over IPv6.'), 'disabled'),
  httpPutResponseHopLimit: defaulted(
    whole('How many hops its tokens travel, 1 to 64: with 1 pods without the network of the host do not get them.', {
      minimum: 1,
      maximum: 64,
      format: 'int64',
    }),
    1,
  ),
  httpTokens: defaulted(
    oneOf(['required', 'optional'], 'required: only calls with a token are answered (IMDSv2).'),
    'required',
  ),
});

const connectionTracking = withRules(
  record('How long security groups remember idle connections. Instance types without Nitro are left out then.', {
    tcpEstablishedTimeout: optional(
      whole('Seconds for established TCP connections, 60 to 432000.', {
        minimum: 60,
        maximum: 432000,
        format: 'int32',
      }),
    ),
    udpStreamTimeout: optional(
      whole('Seconds for UDP that went both ways, 60 to 180.', { minimum: 60, maximum: 180, format: 'int32' }),
    ),
    udpTimeout: optional(
      whole('Seconds for UDP that went one way, 30 to 60.', { minimum: 30, maximum: 60, format: 'int32' }),
    ),
  }),
  {
    cel: 'has(self.tcpEstablishedTimeout) || has(self.udpStreamTimeout) || has(self.udpTimeout)',
    message: 'needs at least one of tcpEstablishedTimeout, udpStreamTimeout, udpTimeout',
    holds: ({ tcpEstablishedTimeout, udpStreamTimeout, udpTimeout }) =>
      tcpEstablishedTimeout !== undefined || udpStreamTimeout !== undefined || udpTimeout !== undefined,
  },
);

/** Tags that the controller writes itself. */
const OWN_TAGS = [
  'eks:eks-cluster-name',
  'karpenter.sh/nodepool',
  'karpenter.sh/nodeclaim',
  'karpenter.k8s.aws/ec2nodeclass',
];
const CLUSTER_TAG_PREFIX = 'kubernetes.io/cluster';

const tags = withRules(
  map(text('Value of the tag.'), 'Tags for everything that is made for a node: instance, volumes, network interfaces.'),
  {
    cel: "!('' in self)",
    message: 'a tag needs a key',
    holds: (written) => !Object.hasOwn(written, ''),
  },
  {
    cel: `self.all(key, !(key in [${OWN_TAGS.map((key) => `'${key}'`).join(', ')}]))`,
    message: `the tags ${OWN_TAGS.join(', ')} are written by the controller: leave them out`,
    holds: (written) => OWN_TAGS.every((key) => !Object.hasOwn(written, key)),
  },
  {
    cel: `self.all(key, !key.startsWith('${CLUSTER_TAG_PREFIX}'))`,
    message: `tags that begin with ${CLUSTER_TAG_PREFIX} say which cluster an instance belongs to: leave them out`,
    holds: (written) => Object.keys(written).every((key) => !key.startsWith(CLUSTER_TAG_PREFIX)),
  },
);

const spec = withRules(
  record('How the nodes are set up.', {
    amiFamily: optional(
      oneOf(
        IMAGE_FAMILIES,
        'What kind of image it is, which decides how user data is written. Left out, the alias in amiSelectorTerms says it. Custom passes userData on as it is.',
      ),
    ),
    amiSelectorTerms: optional(amiSelectorTerms),
    subnetSelectorTerms: required(subnetSelectorTerms),
    securityGroupSelectorTerms: required(securityGroupSelectorTerms),
    capacityReservationSelectorTerms: optional(capacityReservationSelectorTerms),
    placementGroupSelector: optional(placementGroupSelector),
    role: optional(
      withRules(
        text('IAM role of the nodes; an instance profile is made for it. Write this or instanceProfile.'),
        notEmpty,
      ),
    ),
    instanceProfile: optional(
      withRules(text('Instance profile of the nodes, made by you. Write this or role.'), notEmpty),
    ),
    userData: optional(
      text(
        'What the instance runs when it starts, merged with what makes it join the cluster: a script, MIME parts, or settings in TOML for Bottlerocket.',
      ),
    ),
    tags: optional(tags),
    blockDeviceMappings: optional(blockDeviceMappings),
    instanceStorePolicy: optional(
      oneOf(['RAID0'], 'RAID0 makes one disk for pods of all NVMe disks that come with the instance type.'),
    ),
    kubelet: optional(kubelet),
    metadataOptions: defaulted(metadataOptions, {
      httpEndpoint: 'enabled',
      httpProtocolIPv6: 'disabled',
      httpPutResponseHopLimit: 1,
      httpTokens: 'required',
    }),
    associatePublicIPAddress: optional(
      flag('Whether instances get a public IP address. Left out, the subnet decides.'),
    ),
    ipPrefixCount: optional(
      whole('How many prefixes of addresses the primary network interface gets. Set kubelet.maxPods to match.', {
        minimum: 0,
        format: 'int32',
      }),
    ),
    networkInterfaces: optional(networkInterfaces),
    connectionTracking: optional(connectionTracking),
    cpuOptions: optional(
      record('Settings of the processor.', {
        nestedVirtualization: optional(
          oneOf(ENABLED, 'enabled lets nodes run virtual machines; instance types that cannot are left out.'),
        ),
      }),
    ),
    detailedMonitoring: optional(flag('Whether CloudWatch measures instances every minute. Costs extra.')),
    context: optional(text('A context for CreateFleet, as AWS gave it to you; for special arrangements only.')),
  }),
  {
    cel: 'has(self.role) != has(self.instanceProfile)',
    message: 'needs either role or instanceProfile, not both',
    holds: ({ role, instanceProfile }) => (role !== undefined) !== (instanceProfile !== undefined),
  },
  ...PUBLISHED_FAMILIES.map(
    (family): Rule<ImageChoice> => ({
      cel: `!has(self.amiFamily) || self.amiFamily in ['Custom', '${family}'] || !has(self.amiSelectorTerms) || !self.amiSelectorTerms.exists(term, has(term.alias) && term.alias.startsWith('${aliasName(family)}@'))`,
      message: `must be ${family} or Custom: the alias in amiSelectorTerms is of ${family}`,
      field: '.amiFamily',
      holds: ({ amiFamily, amiSelectorTerms: terms = [] }) =>
        amiFamily === undefined ||
        amiFamily === 'Custom' ||
        amiFamily === family ||
        !terms.some(({ alias = '' }) => alias.startsWith(`${aliasName(family)}@`)),
    }),
  ),
  {
    cel: 'has(self.amiFamily) || !has(self.amiSelectorTerms) || self.amiSelectorTerms.exists(term, has(term.alias))',
    message: `is missing: amiSelectorTerms name no alias, so write one of ${IMAGE_FAMILIES.join(', ')}`,
    field: '.amiFamily',
    holds: ({ amiFamily, amiSelectorTerms: terms }) =>
      amiFamily !== undefined || terms === undefined || terms.some(({ alias }) => alias !== undefined),
  },
  {
    cel: "has(self.amiSelectorTerms) || !has(self.amiFamily) || self.amiFamily != 'Custom'",
    message: 'is missing: amiFamily Custom has no image of its own, so select one',
    field: '.amiSelectorTerms',
    holds: ({ amiFamily, amiSelectorTerms: terms }) => amiFamily !== 'Custom' || terms !== undefined,
  },
);

interface ImageChoice {
  readonly amiFamily?: string;
  readonly amiSelectorTerms?: readonly { readonly alias?: string }[];
}

export const EC2_NODE_CLASS: Resource<typeof spec> = {
  group: NODE_CLASS_GROUP,
  version: 'v1',
  kind: NODE_CLASS_KIND,
  plural: 'ec2nodeclasses',
  shortNames: ['ec2nc', 'ec2ncs'],
  description:
    'An EC2NodeClass says how nodes on EC2 are set up: image, user data, subnets, security groups, role, disks, kubelet. NodePools refer to it. A change of most of its fields makes nodes that are there drift, so that they are replaced.',
  columns: [READY_COLUMN, AGE_COLUMN, { name: 'Role', type: 'string', jsonPath: '.spec.role', wide: true }],
  specRequired: false,
  spec,
  status: nodeClassStatus,
};

/** An EC2NodeClass's spec as a manifest may write it. */
export type NodeClassSpec = WrittenOf<typeof spec>;

/** The same with the defaults of the schema; effective.ts decides the image as well. */
export type FilledNodeClassSpec = EffectiveOf<typeof spec>;
