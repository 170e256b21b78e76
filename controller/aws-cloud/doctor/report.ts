// What a look at the set-up comes to: what is wrong and the commands that mend it, and what could not be looked at. Pure.
import { CloudError, ClusterError } from '../../ports/index.ts';

/** Something that is wrong. */
export interface Finding {
  /** What was looked at, in a word: credentials, region, cluster, permissions, queue, rules, nodes, network, setting, uid. */
  readonly check: string;
  /** In sentences. */
  readonly problem: string;
  /** For a shell, in their order. */
  readonly commands: readonly string[];
}

/** Something that nobody knows. */
export interface Unchecked {
  readonly check: string;
  readonly why: string;
}

/** The outcome. */
export interface Report {
  readonly clusterName: string;
  readonly region: string;
  /** Empty where nobody knows it. */
  readonly account: string;
  readonly findings: readonly Finding[];
  readonly unchecked: readonly Unchecked[];
}

/** Takes notes during a look. */
export class Notes {
  readonly findings: Finding[] = [];
  readonly unchecked: Unchecked[] = [];

  found(check: string, problem: string, commands: readonly string[] = []): void {
    this.findings.push({ check, problem, commands });
  }

  skipped(check: string, why: string): void {
    this.unchecked.push({ check, why });
  }

  /** Looks; where AWS or the cluster refuses, that is noted, and the answer is undefined. */
  async look<Answer>(check: string, look: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof CloudError) && !(error instanceof ClusterError)) throw error;
      this.skipped(check, error.message);
      return undefined;
    }
  }
}

/** The report for people; nothing at all where there is nothing to say. */
export function reportLines({ findings, unchecked, clusterName, region, account }: Report): string[] {
  const place = `cluster ${clusterName} (${account === '' ? '' : `account ${account}, `}${region})`;
  const lines: string[] = [];
  if (findings.length > 0) {
    lines.push(`${findings.length === 1 ? '1 thing is' : `${findings.length} things are`} wrong with ${place}:`);
  }
  for (const { check, problem, commands } of findings) {
    lines.push('', `${check}: ${problem}`, ...commands.map((command) => `  ${command}`));
  }
  if (unchecked.length > 0) {
    if (findings.length > 0) lines.push('');
    lines.push(`Not checked of ${place}:`, ...unchecked.map(({ check, why }) => `  ${check}: ${why}`));
  }
  return lines;
}

/** A command with its arguments as a shell takes them. */
export function shell(...words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
