// What a Service is in a cluster: one address in front of all replicas that live. A relay of bytes on loopback; it sees
// nothing of what is said, so that the API server holds the replicas' own certificates against its bundle.
import { connect, createServer, type Server, type Socket } from 'node:net';

/** The relay. It listens from the first question for its address on. */
export class WebhookService {
  readonly #ports: () => readonly number[];
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #next = 0;

  /** @param ports those of the replicas that live, asked for at each connection */
  constructor(ports: () => readonly number[]) {
    this.#ports = ports;
  }

  /** Where it is, as https://HOST:PORT. */
  async url(): Promise<string> {
    const server = this.#server ?? createServer((socket) => this.#relay(socket));
    if (this.#server === undefined) {
      this.#server = server;
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
    return `https://127.0.0.1:${(server.address() as { readonly port: number }).port}`;
  }

  close(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** To the replicas in turn. */
  #relay(client: Socket): void {
    const ports = this.#ports();
    const port = ports[this.#next % Math.max(1, ports.length)];
    this.#next += 1;
    if (port === undefined) {
      client.destroy();
      return;
    }
    const replica = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [client, replica],
      [replica, client],
    ] as const) {
      this.#sockets.add(from);
      from.pipe(to);
      from.once('error', () => to.destroy());
      from.once('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
