// A relay between one controller and the simulated cloud. It passes every line on; at a call that a test has named something is
// done before the cloud hears of it, or once the cloud has answered, and nothing more passes over that connection.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** Where the relay halts. */
export interface CloudHalt {
  readonly call: string;
  readonly when: 'before' | 'after';
  readonly act: () => Promise<void>;
}

/** The relay. */
export class CloudRelay {
  /** Where it halts next, once. */
  halt: CloudHalt | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(cloudPort: number) {
    this.#server = createServer((caller) => this.#relay(caller, connect(cloudPort, '127.0.0.1')));
  }

  static async start(cloudPort: number): Promise<CloudRelay> {
    const relay = new CloudRelay(cloudPort);
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #relay(caller: Socket, cloud: Socket): void {
    let watched: { readonly id: number; readonly halt: CloudHalt } | undefined;
    let isHalted = false;
    const halt = async ({ act }: CloudHalt): Promise<void> => {
      isHalted = true;
      await act();
      caller.destroy();
    };
    createInterface({ input: caller }).on('line', (line) => {
      if (isHalted) return;
      const { id, call } = JSON.parse(line) as { readonly id: number; readonly call?: string };
      const { halt: wanted } = this;
      if (wanted !== undefined && wanted.call === call) {
        this.halt = undefined;
        if (wanted.when === 'before') return void halt(wanted);
        watched = { id, halt: wanted };
      }
      cloud.write(`${line}\n`);
    });
    createInterface({ input: cloud }).on('line', (line) => {
      if (isHalted) return;
      if ((JSON.parse(line) as { readonly id: number }).id === watched?.id) return void halt(watched.halt);
      caller.write(`${line}\n`);
    });
    for (const [socket, other] of [
      [caller, cloud],
      [cloud, caller],
    ] as const) {
      this.#sockets.add(socket);
      socket.once('error', () => other.destroy());
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
