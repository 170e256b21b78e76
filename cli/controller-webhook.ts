// The admission webhook of one replica: it serves with the certificate that the Secret has, whether it leads or not, and while
// it leads it keeps that certificate. What is answered is in controller/webhook.

import type { ControllerLog } from '../controller/log/index.ts';
import type { Clock, ObjectReader } from '../controller/ports/index.ts';
import { WEBHOOK_CONFIGURATION, WEBHOOK_SECRET } from '../controller/rbac/index.ts';
import type { Settings } from '../controller/settings/index.ts';
import { startWebhookServer, type WebhookServer } from '../controller/webhook/index.ts';
import {
  followWebhookObjects,
  keepCertificates,
  makePair,
  secretIn,
  servedPair,
  type WebhookObjects,
  type WebhookSources,
} from '../controller/webhook-certificate/index.ts';
import type { Writes } from '../controller/writes/index.ts';
import { StartupError } from '../server/index.ts';

/** What it stands on. */
export interface WebhookParts {
  readonly settings: Pick<Settings, 'webhookPort' | 'webhookCertificateLifetimeMs'>;
  readonly clock: Clock;
  readonly log: ControllerLog;
  readonly host: string;
  /** Where the Secret is. */
  readonly namespace: string;
  readonly reader: Pick<ObjectReader, 'list' | 'watch'>;
}

/** The webhook while it listens. */
export class ReplicaWebhook {
  readonly #parts: WebhookParts;
  readonly #server: WebhookServer;
  readonly #objects: WebhookObjects;
  readonly #sources: WebhookSources;
  #servedPem: string | undefined;

  private constructor(parts: WebhookParts, server: WebhookServer, signal: AbortSignal) {
    const { namespace, reader, clock, log } = parts;
    this.#parts = parts;
    this.#server = server;
    this.#objects = { secret: { namespace, name: WEBHOOK_SECRET }, configuration: WEBHOOK_CONFIGURATION };
    this.#sources = followWebhookObjects(this.#objects, { reader, clock, random: Math.random, log }, signal);
    this.#sources.secrets.subscribe(() => this.#serve());
  }

  /** Listens; throws a StartupError when it can't. It hears of certificates until the signal aborts. */
  static async start(parts: WebhookParts, signal: AbortSignal): Promise<ReplicaWebhook> {
    const { host, settings, log } = parts;
    const port = settings.webhookPort;
    const onFault = (error: Error): void => log.warn({ error: error.message }, 'failed answering the API server');
    try {
      const server = await startWebhookServer({ host, port, onFault });
      log.info({ address: server.address }, 'listening for the webhook');
      return new ReplicaWebhook(parts, server, signal);
    } catch (error) {
      throw new StartupError(`start webhook: cannot listen on ${host}:${port} (${(error as Error).message})`, {
        cause: error,
      });
    }
  }

  /** Makes, stores and rotates certificates until the signal aborts. For who leads. */
  keep(writes: Writes, signal: AbortSignal): Promise<void> {
    const { clock, log, settings } = this.#parts;
    return keepCertificates(
      {
        objects: this.#objects,
        sources: this.#sources,
        writes,
        clock,
        random: Math.random,
        log,
        lifetimeMs: settings.webhookCertificateLifetimeMs,
        makePair,
      },
      signal,
    );
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  /** Serves what the Secret has. Where it has nothing that can be read, what is served stays. */
  #serve(): void {
    const secret = secretIn(this.#sources);
    if (secret === undefined) return;
    const pair = servedPair(secret);
    if (pair === undefined || pair.certificatePem === this.#servedPem) return;
    this.#server.use(pair);
    this.#servedPem = pair.certificatePem;
    this.#parts.log.info({}, 'serving the webhook with a new certificate');
  }
}
