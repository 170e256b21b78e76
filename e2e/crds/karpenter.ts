// Karpenter's own CRDs, read from its Go module.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { karpenterModule } from '../karpenter/index.ts';
import type { CustomResourceDefinition } from './crd.ts';

/** The CRDs of the three resources, by kind, and their files. Needs Go; downloads the module once. */
export function karpenterCrds(): { files: string[]; crds: Map<string, CustomResourceDefinition> } {
  const directory = karpenterModule('aws');
  const files = ['karpenter.sh_nodepools', 'karpenter.sh_nodeclaims', 'karpenter.k8s.aws_ec2nodeclasses'].map((name) =>
    join(directory, 'pkg/apis/crds', `${name}.yaml`),
  );
  const parsed = files.map((file) => parse(readFileSync(file, 'utf8')) as CustomResourceDefinition);
  return { files, crds: new Map(parsed.map((crd) => [crd.spec.names.kind, crd])) };
}
