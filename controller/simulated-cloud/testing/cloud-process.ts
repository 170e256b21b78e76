// Starts a simulated cloud as a process of its own, with its files in a temporary folder that goes when it stops.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type CloudFacts, type CloudTimes, type JournalEntry, readJournalFile } from '../index.ts';

/** What it is made of. */
export interface CloudProcessOptions {
  readonly facts: CloudFacts;
  readonly times?: Partial<CloudTimes>;
  readonly seed?: number;
  /** The cluster that its instances join; absent for none. */
  readonly kubeconfig?: string;
}

/** The process. */
export interface CloudProcess {
  readonly port: number;
  /** All that it has done until now. */
  journal(): JournalEntry[];
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('../server.ts', import.meta.url));

/** Starts it; resolves when it listens. */
export async function startCloudProcess(options: CloudProcessOptions): Promise<CloudProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'dovetail-cloud-'));
  const journalFile = join(directory, 'journal.jsonl');
  const jsonFile = (name: string, value: object): string => {
    const path = join(directory, name);
    writeFileSync(path, JSON.stringify(value));
    return path;
  };
  const process_ = spawn(
    process.execPath,
    [
      PROGRAM,
      `--facts=${jsonFile('facts.json', options.facts)}`,
      `--journal=${journalFile}`,
      `--seed=${options.seed ?? 1}`,
      '--until-stdin-ends',
      ...(options.times === undefined ? [] : [`--times=${jsonFile('times.json', options.times)}`]),
      ...(options.kubeconfig === undefined ? [] : [`--kubeconfig=${options.kubeconfig}`]),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const exited = once(process_, 'exit');
  const stop = async (): Promise<void> => {
    process_.kill('SIGTERM');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  for await (const line of createInterface({ input: process_.stdout })) {
    const { port } = JSON.parse(line) as { readonly port: number };
    return { port, journal: () => readJournalFile(journalFile), stop };
  }
  await stop();
  throw new Error('start the simulated cloud: it ended before it listened');
}
