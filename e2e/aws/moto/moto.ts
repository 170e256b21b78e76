// moto as a process of its own on loopback, with its seeds. It forgets everything when it stops.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { motoPython } from './environment.ts';
import { LIMITS } from './limits.ts';
import { IMAGES, PARAMETERS, REGION } from './seed.ts';

/** The process. */
export interface Moto {
  readonly port: number;
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./server.py', import.meta.url));

/** Starts it; resolves when it listens. */
export async function startMoto(): Promise<Moto> {
  const python = motoPython();
  const directory = mkdtempSync(join(tmpdir(), 'dovetail-moto-'));
  const imagesFile = join(directory, 'images.json');
  const seedFile = join(directory, 'seed.json');
  writeFileSync(imagesFile, JSON.stringify(IMAGES));
  writeFileSync(seedFile, JSON.stringify({ region: REGION, parameters: PARAMETERS, imagesFile }));
  let said = '';
  const child = spawn(python, [PROGRAM, seedFile], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // The policies that AWS itself has.
    env: { ...process.env, MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' },
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-4_000);
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  const lines = createInterface({ input: child.stdout });
  const giveUp = setTimeout(() => child.kill('SIGKILL'), LIMITS.startMs);
  for await (const line of lines) {
    clearTimeout(giveUp);
    return { port: (JSON.parse(line) as { readonly port: number }).port, stop };
  }
  clearTimeout(giveUp);
  await stop();
  throw new Error(`start moto: it ended before it listened\n${said}`);
}
