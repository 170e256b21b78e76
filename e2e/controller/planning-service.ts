// `dovetail serve` as a process of its own, which only lets in who shows a certificate for the cluster.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { smallCloudFacts } from '../../controller/simulated-cloud/testing/index.ts';
import { createAuthority } from '../../server/testing/index.ts';
import { LIMITS } from './limits.ts';
import type { RealWorld } from './real-world.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Paths of PEM files. */
export interface TlsFiles {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
}

/** An authority, and what it has signed for the service and for the controller of the world's cluster. */
export async function tlsFiles(world: RealWorld): Promise<TlsFiles> {
  const authority = await createAuthority('e2e');
  const issue = async (name: string, uris: readonly string[]) => {
    const { certificatePem, privateKeyPem } = await authority.issue({ uris });
    return { cert: world.file(`${name}.crt`, certificatePem), key: world.file(`${name}.key`, privateKeyPem) };
  };
  return {
    ca: world.file('ca.crt', authority.certificatePem),
    server: await issue('server', []),
    client: await issue('client', [`spiffe://test/cluster/${smallCloudFacts().clusterName}`]),
  };
}

/** The process. */
export class PlanningService {
  readonly #files: TlsFiles;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #screen = '';

  constructor(files: TlsFiles) {
    this.#files = files;
    const ports = ['--grpc-port', '--http-port', '--health-port', '--metrics-port'].map((flag) => `${flag}=0`);
    const { ca, server } = files;
    const tls = [`--tls-cert=${server.cert}`, `--tls-key=${server.key}`, `--tls-client-ca=${ca}`];
    this.#child = spawn(process.execPath, ['bin/dovetail.js', 'serve', '--workers=1', ...ports, ...tls], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#screen += text;
    });
    this.#ended = new Promise((resolve) => this.#child.once('exit', resolve));
  }

  /** Flags with which a controller asks it; once it listens. */
  async flags(): Promise<string[]> {
    const { ca, client } = this.#files;
    const address = await this.#address();
    return [
      `--engine-address=${address}`,
      `--engine-tls-ca=${ca}`,
      `--engine-tls-cert=${client.cert}`,
      `--engine-tls-key=${client.key}`,
    ];
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async #address(): Promise<string> {
    const deadline = performance.now() + LIMITS.waitMs;
    for (;;) {
      const [, address] = /gRPC +(\S+:\d+)/.exec(this.#screen) ?? [];
      if (address !== undefined) return address;
      if (performance.now() > deadline) throw new Error(`start planning service: no address\n${this.#screen}`);
      await new Promise((resolve) => setTimeout(resolve, LIMITS.pollMs));
    }
  }
}
