// One session of a load generator: says a cluster's state by gRPC and asks for plans, one after the other.
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type CatalogueReference,
  type SessionPlanned,
  SessionRequestSchema,
  type SessionResponse,
  SessionResponseSchema,
  type SessionUpsertsSchema,
} from '../../proto/index.ts';
import { CONTRACT_CALLS, type GrpcConnection } from '../service/index.ts';

/** Objects as plain data. */
export type Upserts = MessageInitShape<typeof SessionUpsertsSchema>;

/** An open session. Each call resolves with the server's answer and throws where it refuses. */
export class SessionClient {
  readonly #stream: ReturnType<GrpcConnection['stream']>;
  readonly #answers: AsyncIterator<Buffer>;
  #version = 0n;
  #requestId = 0n;

  private constructor(stream: ReturnType<GrpcConnection['stream']>) {
    this.#stream = stream;
    this.#answers = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  static async open(
    connection: GrpcConnection,
    cluster: string,
    catalogue: CatalogueReference,
  ): Promise<SessionClient> {
    const client = new SessionClient(connection.stream(CONTRACT_CALLS.session));
    client.#say({ case: 'open', value: { cluster, leaseEpoch: 1n, catalogue } });
    await client.#answer('opened');
    return client;
  }

  /** Sends the whole state in parts. */
  async snapshot(parts: readonly Upserts[]): Promise<void> {
    this.#version += 1n;
    parts.forEach((upserts, part) => {
      const isLast = part === parts.length - 1;
      this.#say({ case: 'snapshot', value: { part, upserts, ...(isLast ? { version: this.#version } : {}) } });
    });
    await this.#answer('accepted');
  }

  /** Sends what has changed. */
  async delta(upserts: Upserts, gone: readonly string[]): Promise<void> {
    this.#version += 1n;
    const deletes = gone.length === 0 ? {} : { pods: [{ namespace: 'default', names: [...gone] }] };
    this.#say({ case: 'delta', value: { version: this.#version, upserts, deletes } });
    await this.#answer('accepted');
  }

  /** Asks for a plan of the latest version. */
  async plan(): Promise<SessionPlanned> {
    this.#requestId += 1n;
    this.#say({ case: 'plan', value: { requestId: this.#requestId } });
    const answer = await this.#answer('planned');
    return answer.message.value as SessionPlanned;
  }

  close(): void {
    this.#stream.end();
  }

  #say(message: MessageInitShape<typeof SessionRequestSchema>['message']): void {
    const request = create(SessionRequestSchema, { message } as MessageInitShape<typeof SessionRequestSchema>);
    this.#stream.write(Buffer.from(toBinary(SessionRequestSchema, request)));
  }

  async #answer(wanted: SessionResponse['message']['case']): Promise<SessionResponse> {
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`session: the stream ended before "${wanted}"`);
    const answer = fromBinary(SessionResponseSchema, value);
    if (answer.message.case === wanted) return answer;
    const why = answer.message.case === 'refused' ? `: ${answer.message.value.message}` : '';
    throw new Error(`session: "${answer.message.case}" came in place of "${wanted}"${why}`);
  }
}
