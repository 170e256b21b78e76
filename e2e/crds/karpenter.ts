// Karpenter's own CRDs, read from its Go module: the module is downloaded by Go into its cache, never committed.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { CustomResourceDefinition } from './crd.ts';

/** The release that Dovetail's resources are held against. */
const MODULE = 'github.com/aws/karpenter-provider-aws@v1.14.1';

/** What Go's checksum database says of it: other content is refused. */
const MODULE_SUM = 'h1:WGtIQTQcxpElYMdWfWuPwaF2+9muR+hYhPZsTtoY8Gs=';

/** The CRDs of the three resources, by kind, and their files. Needs Go; downloads the module once. */
export function karpenterCrds(): { files: string[]; crds: Map<string, CustomResourceDefinition> } {
  let answer: string;
  try {
    answer = execFileSync('go', ['mod', 'download', '-json', MODULE], {
      cwd: tmpdir(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  } catch (cause) {
    throw new Error(
      `fetch Karpenter's CRDs: Go is needed for that (install Go 1.26 or newer and see that "go" is on the PATH); module ${MODULE}`,
      { cause },
    );
  }
  const { Dir: directory, Sum: sum } = JSON.parse(answer) as { Dir: string; Sum: string };
  if (sum !== MODULE_SUM) throw new Error(`fetch Karpenter's CRDs: ${MODULE} has the sum ${sum}, not ${MODULE_SUM}`);
  const files = ['karpenter.sh_nodepools', 'karpenter.sh_nodeclaims', 'karpenter.k8s.aws_ec2nodeclasses'].map((name) =>
    join(directory, 'pkg/apis/crds', `${name}.yaml`),
  );
  const parsed = files.map((file) => parse(readFileSync(file, 'utf8')) as CustomResourceDefinition);
  return { files, crds: new Map(parsed.map((crd) => [crd.spec.names.kind, crd])) };
}
