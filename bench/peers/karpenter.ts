// Karpenter as a peer: gives a problem to its scheduler, each run in a fresh process, and reads what it answers. What the
// answer costs is worked out in price.ts; whether it is right is for others to judge.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { karpenterProgram } from './karpenter-binary.ts';
import { LIMITS } from './limits.ts';

/** A condition on a NodeClaim's label. */
export interface KarpenterRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
  readonly minValues?: number;
}

/** A node that Karpenter would ask for. */
export interface KarpenterClaim {
  readonly nodePool: string;
  /** Every type it may still be, cheapest first. */
  readonly instanceTypes: readonly string[];
  /** Without the list of types. */
  readonly requirements: readonly KarpenterRequirement[];
  /** Labels of the node, with values that Karpenter fixed for custom keys. */
  readonly labels: Readonly<Record<string, string>>;
  /** The least that its daemonsets take over those types, as quantities by resource name. */
  readonly daemonOverhead: Readonly<Record<string, string>>;
  /** namespace/name. */
  readonly pods: readonly string[];
}

/** One run's answer. Times are milliseconds inside the process. */
export interface KarpenterResult {
  /** Version of the module. */
  readonly karpenter: string;
  readonly go: string;
  readonly problem: string;
  readonly workers: number;
  readonly preferencePolicy: 'Respect' | 'Ignore';
  /** What drew the UIDs of pods that have none: Karpenter takes equal pods in their order. */
  readonly seed: number;
  /** Reading the file and filling the cluster state. */
  readonly readMs: number;
  /** Making topology and scheduler. */
  readonly setupMs: number;
  /** Scheduler.Solve alone. */
  readonly solveMs: number;
  /** True where the time limit ended Solve: the answer is what was placed by then. */
  readonly timedOut: boolean;
  readonly nodeClaims: readonly KarpenterClaim[];
  readonly existingNodes: readonly { readonly name: string; readonly pods: readonly string[] }[];
  readonly unscheduled: readonly { readonly pod: string; readonly error: string }[];
}

/** How Karpenter is run. */
export interface KarpenterOptions {
  /** Candidates it looks at side by side; 1 is what a default install has, 5 what its own benchmark sets. */
  readonly workers: number;
  /** Runs, each in a process of its own and with UIDs of its own (seeds 1 to `runs`), one after the other. */
  readonly runs: number;
  /** In place of the problem's own. */
  readonly preferencePolicy?: 'Respect' | 'Ignore';
  /** Ends Solve, as one minute does in a cluster. Absent is never. */
  readonly timeoutMs?: number;
}

/**
 * Solves the problem `options.runs` times.
 *
 * @param problem the parsed file
 * @throws Error when the program can't be built or a run fails
 */
export async function runKarpenter(problem: object, options: KarpenterOptions): Promise<KarpenterResult[]> {
  const program = await karpenterProgram();
  const text = JSON.stringify(problem);
  const results: KarpenterResult[] = [];
  for (let seed = 1; seed <= options.runs; seed += 1) results.push(await runOnce(program, text, options, seed));
  return results;
}

async function runOnce(
  program: string,
  problem: string,
  options: KarpenterOptions,
  seed: number,
): Promise<KarpenterResult> {
  const args = ['--problem', '-', '--workers', String(options.workers), '--seed', String(seed)];
  if (options.preferencePolicy !== undefined) args.push('--preference-policy', options.preferencePolicy);
  if (options.timeoutMs !== undefined) args.push('--timeout', `${options.timeoutMs}ms`);
  return JSON.parse(await answerOf(program, args, problem)) as KarpenterResult;
}

/** Runs the program with `input` on its standard input; answers its standard output. */
function answerOf(program: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: LIMITS.runMs });
    const chunks: Buffer[] = [];
    let byteCount = 0;
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      byteCount += chunk.length;
      if (byteCount > LIMITS.outputBytes) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (complaint.length < LIMITS.errorCharacters) complaint += chunk.toString('utf8');
    });
    child.once('error', reject);
    // The program may refuse the problem before it has read all of it; its exit code tells.
    child.stdin.on('error', () => {});
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(chunks).toString('utf8'));
      const ended = byteCount > LIMITS.outputBytes ? 'it printed too much' : (signal ?? `code ${code}`);
      reject(new Error(`run Karpenter: ${complaint.trim().slice(0, LIMITS.errorCharacters) || ended}`));
    });
    child.stdin.end(input);
  });
}

/** Reads a problem file, gzipped or not: gzip is recognised by its content. */
export function readProblemFile(path: string): Record<string, unknown> {
  const bytes = readFileSync(path);
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
  return JSON.parse(text) as Record<string, unknown>;
}
