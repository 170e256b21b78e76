// Karpenter's own sources, read from its Go modules: downloaded by Go into its cache, never committed.
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';

/** The releases that Dovetail is held against, and what Go's checksum database says of them: other content is refused. */
const MODULES = {
  core: { path: 'sigs.k8s.io/karpenter@v1.14.1', sum: 'h1:GjqvOHLjl2+OXM0ti5VEZSQuvcitB0pETd8zdChXEtI=' },
  aws: {
    path: 'github.com/aws/karpenter-provider-aws@v1.14.1',
    sum: 'h1:WGtIQTQcxpElYMdWfWuPwaF2+9muR+hYhPZsTtoY8Gs=',
  },
} as const;

/** The folder of a module. Needs Go; downloads it once. */
export function karpenterModule(name: keyof typeof MODULES): string {
  const { path, sum } = MODULES[name];
  let answer: string;
  try {
    answer = execFileSync('go', ['mod', 'download', '-json', path], {
      cwd: tmpdir(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  } catch (cause) {
    throw new Error(
      `fetch Karpenter's sources: Go is needed for that (install Go 1.26 or newer and see that "go" is on the PATH); module ${path}`,
      { cause },
    );
  }
  const { Dir: directory, Sum: found } = JSON.parse(answer) as { Dir: string; Sum: string };
  if (found !== sum) throw new Error(`fetch Karpenter's sources: ${path} has the sum ${found}, not ${sum}`);
  return directory;
}
