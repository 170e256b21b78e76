// Where AWS publishes the images of a family: parameters of SSM, by version of Kubernetes. And which instance types an image
// is for. Pure.
import type { ImageRequirement } from '../status.ts';

/** One parameter, and which instance types the image in it is for; each list is a case of its own. */
export interface PublishedImage {
  readonly path: string;
  readonly requirements: readonly (readonly ImageRequirement[])[];
}

const GPU = 'karpenter.k8s.aws/instance-gpu-count';
const ACCELERATOR = 'karpenter.k8s.aws/instance-accelerator-count';

const STANDARD: readonly ImageRequirement[] = [
  { key: GPU, operator: 'DoesNotExist' },
  { key: ACCELERATOR, operator: 'DoesNotExist' },
];
const NVIDIA: readonly ImageRequirement[] = [{ key: GPU, operator: 'Exists' }];
const NEURON: readonly ImageRequirement[] = [{ key: ACCELERATOR, operator: 'Exists' }];

/** Builds of Windows, as nodes say them in the label node.kubernetes.io/windows-build. */
const WINDOWS: Readonly<Record<string, readonly [year: string, build: string]>> = {
  windows2019: ['2019', '10.0.17763'],
  windows2022: ['2022', '10.0.20348'],
  windows2025: ['2025', '10.0.26100'],
};

/** Why an alias can't be used with a cluster of this version; undefined where it can. */
export function aliasObstacle(family: string, kubernetesVersion: string): string | undefined {
  const minor = Number(kubernetesVersion.split('.')[1]);
  if (family === 'al2' && minor >= 33) {
    return `AL2 images are not published for Kubernetes ${kubernetesVersion}: use al2023@latest or bottlerocket@latest`;
  }
  if (family === 'windows2025' && minor < 35) {
    return `Windows Server 2025 needs Kubernetes 1.35 or later, and this cluster is ${kubernetesVersion}`;
  }
  return undefined;
}

/** The parameters of an alias (al2023, v20260101 or latest). */
export function publishedImages(family: string, version: string, kubernetes: string): readonly PublishedImage[] {
  const isLatest = version === 'latest';
  const root = `/aws/service/eks/optimized-ami/${kubernetes}`;
  switch (family) {
    case 'al2023': {
      const path = (arch: string, variant: string): string => {
        const image = isLatest ? 'recommended' : `amazon-eks-node-al2023-${arch}-${variant}-${kubernetes}-${version}`;
        return `${root}/amazon-linux-2023/${arch}/${variant}/${image}/image_id`;
      };
      return [
        { path: path('x86_64', 'standard'), requirements: [STANDARD] },
        { path: path('x86_64', 'nvidia'), requirements: [NVIDIA] },
        { path: path('x86_64', 'neuron'), requirements: [NEURON] },
        { path: path('arm64', 'standard'), requirements: [STANDARD] },
        { path: path('arm64', 'nvidia'), requirements: [NVIDIA] },
      ];
    }
    case 'al2': {
      const path = (folder: string, prefix: string): string =>
        `${root}/${folder}/${isLatest ? 'recommended' : `${prefix}-${kubernetes}-${version}`}/image_id`;
      return [
        { path: path('amazon-linux-2', 'amazon-eks-node'), requirements: [STANDARD] },
        { path: path('amazon-linux-2-arm64', 'amazon-eks-arm64-node'), requirements: [STANDARD] },
        { path: path('amazon-linux-2-gpu', 'amazon-eks-gpu-node'), requirements: [NEURON, NVIDIA] },
      ];
    }
    case 'bottlerocket': {
      const path = (variant: string, arch: string): string =>
        `/aws/service/bottlerocket/aws-k8s-${kubernetes}${variant}/${arch}/${version.replace(/^v/, '')}/image_id`;
      return [
        { path: path('', 'x86_64'), requirements: [STANDARD, NEURON] },
        { path: path('', 'arm64'), requirements: [STANDARD] },
        { path: path('-nvidia', 'x86_64'), requirements: [NVIDIA] },
        { path: path('-nvidia', 'arm64'), requirements: [NVIDIA] },
      ];
    }
    default: {
      const [year, build] = WINDOWS[family] ?? [];
      if (year === undefined || build === undefined) return [];
      const name = `Windows_Server-${year}-English-Core-EKS_Optimized-${kubernetes}`;
      return [
        {
          path: `/aws/service/ami-windows-latest/${name}/image_id`,
          requirements: [
            [
              { key: 'kubernetes.io/os', operator: 'In', values: ['windows'] },
              { key: 'node.kubernetes.io/windows-build', operator: 'In', values: [build] },
            ],
          ],
        },
      ];
    }
  }
}
