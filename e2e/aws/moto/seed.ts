// The images and the SSM parameters that AWS publishes and moto does not have: a few of each family, for the region and the
// version of Kubernetes of the tests. Ids and dates are made up.

export const REGION = 'us-west-2';
export const ACCOUNT = '123456789012';
export const KUBERNETES_VERSION = '1.32';

/** An image as moto reads it. */
export interface SeededImage {
  readonly ami_id: string;
  readonly name: string;
  readonly description: string;
  readonly owner_id: string;
  readonly public: true;
  readonly virtualization_type: 'hvm';
  readonly architecture: 'x86_64' | 'arm64';
  readonly state: 'available';
  readonly platform: null | 'windows';
  readonly image_type: 'machine';
  readonly hypervisor: 'xen';
  readonly root_device_name: string;
  readonly root_device_type: 'ebs';
  readonly sriov: 'simple';
  readonly creation_date: string;
}

const EKS = `/aws/service/eks/optimized-ami/${KUBERNETES_VERSION}`;
const BOTTLEROCKET = `/aws/service/bottlerocket/aws-k8s-${KUBERNETES_VERSION}`;

interface Row {
  readonly name: string;
  readonly architecture: 'x86_64' | 'arm64';
  readonly created: string;
  readonly paths: readonly string[];
}

function al2023(architecture: 'x86_64' | 'arm64', variant: string, version: string, isLatest: boolean): Row {
  const folder = `${EKS}/amazon-linux-2023/${architecture}/${variant}`;
  const name = `amazon-eks-node-al2023-${architecture}-${variant}-${KUBERNETES_VERSION}-${version}`;
  return {
    name,
    architecture,
    created: `2026-${version.slice(5, 7)}-${version.slice(7, 9)}T00:00:00.000Z`,
    paths: [`${folder}/${name}/image_id`, ...(isLatest ? [`${folder}/recommended/image_id`] : [])],
  };
}

function bottlerocket(architecture: 'x86_64' | 'arm64', variant: '' | '-nvidia'): Row {
  const folder = `${BOTTLEROCKET}${variant}/${architecture}`;
  return {
    name: `bottlerocket-aws-k8s-${KUBERNETES_VERSION}${variant}-${architecture}-v1.50.0-abcdef12`,
    architecture,
    created: '2026-01-20T00:00:00.000Z',
    paths: [`${folder}/latest/image_id`, `${folder}/1.50.0/image_id`],
  };
}

function windows(year: string): Row {
  const name = `Windows_Server-${year}-English-Core-EKS_Optimized-${KUBERNETES_VERSION}`;
  return {
    name: `${name}-2026.01.14`,
    architecture: 'x86_64',
    created: '2026-01-14T00:00:00.000Z',
    paths: [`/aws/service/ami-windows-latest/${name}/image_id`],
  };
}

const ROWS: readonly Row[] = [
  al2023('x86_64', 'standard', 'v20260101', false),
  al2023('x86_64', 'standard', 'v20260201', true),
  al2023('x86_64', 'nvidia', 'v20260201', true),
  al2023('x86_64', 'neuron', 'v20260201', true),
  al2023('arm64', 'standard', 'v20260201', true),
  {
    name: `amazon-eks-node-${KUBERNETES_VERSION}-v20251101`,
    architecture: 'x86_64',
    created: '2025-11-01T00:00:00.000Z',
    paths: [`${EKS}/amazon-linux-2/recommended/image_id`],
  },
  bottlerocket('x86_64', ''),
  bottlerocket('arm64', ''),
  bottlerocket('x86_64', '-nvidia'),
  windows('2019'),
  windows('2022'),
];

/** The images. */
export const IMAGES: readonly SeededImage[] = ROWS.map(({ name, architecture, created }, index) => ({
  ami_id: imageId(index),
  name,
  description: 'for tests',
  owner_id: '602401143452',
  public: true,
  virtualization_type: 'hvm',
  architecture,
  state: 'available',
  platform: name.startsWith('Windows') ? 'windows' : null,
  image_type: 'machine',
  hypervisor: 'xen',
  root_device_name: name.startsWith('Windows') ? '/dev/sda1' : '/dev/xvda',
  root_device_type: 'ebs',
  sriov: 'simple',
  creation_date: created,
}));

/** Parameters by path. */
export const PARAMETERS: Readonly<Record<string, string>> = Object.fromEntries(
  ROWS.flatMap(({ paths }, index) => paths.map((path) => [path, imageId(index)])),
);

function imageId(index: number): string {
  return `ami-${(0x1000 + index).toString(16).padStart(17, '0')}`;
}
