// What was asked of EC2, written down before it is asked: one ConfigMap for each call that launches. Whoever leads next finds
// there which request may be under way, under which token, and for which claims. No user data and no credentials are in it:
// templates are in it by their names.
import { randomBytes } from 'node:crypto';
import type { CreateFleetCommandInput } from '@aws-sdk/client-ec2';
import { type ApiObject, CloudError, type Cluster, ClusterError, everyItem, KINDS } from '../../ports/index.ts';
import type { FleetInstance } from './fleet.ts';

/** A launch that a record is about. */
export interface RecordedLaunch {
  readonly launchId: string;
  /** Name of the NodeClaim. */
  readonly claim: string;
}

/** One record. */
export interface LaunchRecord {
  /** In the tag of its instances, and the token but for its attempt. */
  readonly id: string;
  readonly createdMs: number;
  /** To the byte what is sent, also again. */
  readonly request: CreateFleetCommandInput;
  /** In the order in which instances are given out. */
  readonly launches: readonly RecordedLaunch[];
  /** Present once it is known which instance each launch has; those without were refused. */
  readonly instances?: Readonly<Record<string, FleetInstance>>;
}

/** What records are kept with. */
export interface RecordsOptions {
  readonly cluster: Pick<Cluster, 'create' | 'list' | 'patch' | 'delete'>;
  readonly namespace: string;
}

const NAME_PREFIX = 'dovetail-launch-';
const LABEL = 'dovetail/launch';
const ID_BYTES = 12;

/** A new id: letters and digits, as names and tokens take them. */
export function newRecordId(): string {
  return randomBytes(ID_BYTES).toString('hex');
}

/** Reads and writes records. Rejects with a CloudError. */
export class LaunchRecords {
  readonly #options: RecordsOptions;

  constructor(options: RecordsOptions) {
    this.#options = options;
  }

  /** All of them, as the API server has them now. */
  async list(signal?: AbortSignal): Promise<readonly LaunchRecord[]> {
    const { cluster, namespace } = this.#options;
    return this.#call('list launch records', async () => {
      const records: LaunchRecord[] = [];
      for await (const item of everyItem(cluster, KINDS.configMaps, { namespace, labelSelector: LABEL }, signal)) {
        const record = readRecord(item);
        if (record !== undefined) records.push(record);
      }
      return records;
    });
  }

  async create(record: LaunchRecord): Promise<void> {
    const { cluster, namespace } = this.#options;
    const metadata = { name: nameOf(record), namespace, labels: { [LABEL]: record.id } };
    await this.#call('write launch record', () => cluster.create(KINDS.configMaps, { metadata, data: dataOf(record) }));
  }

  /** Writes down who has which instance. */
  async settle(record: LaunchRecord): Promise<void> {
    const { cluster, namespace } = this.#options;
    const patch = { type: 'merge', body: { data: dataOf(record) } } as const;
    await this.#call('write launch record', () =>
      cluster.patch(KINDS.configMaps, { namespace, name: nameOf(record) }, patch),
    );
  }

  /** Removes a record; one that is gone is no error. */
  async remove(record: LaunchRecord): Promise<void> {
    const { cluster, namespace } = this.#options;
    await this.#call('remove launch record', async () => {
      try {
        await cluster.delete(KINDS.configMaps, { namespace, name: nameOf(record) });
      } catch (error) {
        if (!(error instanceof ClusterError) || error.code !== 'NotFound') throw error;
      }
    });
  }

  async #call<Answer>(what: string, call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      const { code, message, retryable } = error;
      throw new CloudError(`Cluster${code}`, `${what}: ${message}`, { retryable, cause: error });
    }
  }
}

function nameOf({ id }: LaunchRecord): string {
  return `${NAME_PREFIX}${id}`;
}

function dataOf({ id, createdMs, request, launches, instances }: LaunchRecord): Readonly<Record<string, string>> {
  return {
    id,
    createdMs: String(createdMs),
    request: JSON.stringify(request),
    launches: JSON.stringify(launches),
    ...(instances === undefined ? {} : { instances: JSON.stringify(instances) }),
  };
}

/** What somebody else wrote under our label is no record. */
function readRecord({ data }: ApiObject): LaunchRecord | undefined {
  const { id, createdMs, request, launches, instances } = (data ?? {}) as Readonly<Record<string, string>>;
  if (id === undefined || request === undefined || launches === undefined) return undefined;
  try {
    return {
      id,
      createdMs: Number(createdMs),
      request: JSON.parse(request) as CreateFleetCommandInput,
      launches: JSON.parse(launches) as RecordedLaunch[],
      ...(instances === undefined
        ? {}
        : { instances: JSON.parse(instances) as Readonly<Record<string, FleetInstance>> }),
    };
  } catch {
    return undefined;
  }
}
