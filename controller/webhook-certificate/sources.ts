// The three objects that the webhook lives by, as last seen: its Secret, which every replica serves from, and the two
// configurations, which the leader keeps up.
import { ObjectStore, startReflector } from '../cache/index.ts';
import { type ApiObject, type Clock, KINDS, type ObjectName, type ObjectReader } from '../ports/index.ts';

/** Where the objects are. */
export interface WebhookObjects {
  readonly secret: ObjectName & { readonly namespace: string };
  /** Of both configurations. */
  readonly configuration: string;
}

/** The kinds of configurations. */
export const CONFIGURATION_KINDS = ['mutatingWebhookConfigurations', 'validatingWebhookConfigurations'] as const;

/** Stores with at most one object each. */
export interface WebhookSources {
  readonly secrets: ObjectStore<ApiObject>;
  readonly mutatingWebhookConfigurations: ObjectStore<ApiObject>;
  readonly validatingWebhookConfigurations: ObjectStore<ApiObject>;
}

/** Follows the objects until the signal aborts. */
export function followWebhookObjects(
  { secret, configuration }: WebhookObjects,
  options: {
    readonly reader: Pick<ObjectReader, 'list' | 'watch'>;
    readonly clock: Clock;
    readonly random: () => number;
    readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  },
  signal: AbortSignal,
): WebhookSources {
  const { log, ...reading } = options;
  const follow = (name: keyof WebhookSources, object: ObjectName): ObjectStore<ApiObject> => {
    const store = new ObjectStore<ApiObject>((found) => found);
    const kind = KINDS[name];
    const { done } = startReflector({
      ...reading,
      kind,
      // The right to list and watch is for this name only.
      selection: {
        fieldSelector: `metadata.name=${object.name}`,
        ...(object.namespace === undefined ? {} : { namespace: object.namespace }),
      },
      store,
      signal,
      onError: (error) => log.warn({ kind: kind.kind, error: error.message }, 'failed watching'),
    });
    done.catch((error: unknown) => log.error({ kind: kind.kind, error: String(error) }, 'watch broke'));
    return store;
  };
  return {
    secrets: follow('secrets', secret),
    mutatingWebhookConfigurations: follow('mutatingWebhookConfigurations', { name: configuration }),
    validatingWebhookConfigurations: follow('validatingWebhookConfigurations', { name: configuration }),
  };
}

/** The configurations that are there, by their kind. */
export function configurationsIn(sources: WebhookSources): [(typeof CONFIGURATION_KINDS)[number], ApiObject][] {
  return CONFIGURATION_KINDS.flatMap((kind) =>
    [...sources[kind].values()].map((object): [typeof kind, ApiObject] => [kind, object]),
  );
}

/** The Secret, if it is there. */
export function secretIn(sources: WebhookSources): ApiObject | undefined {
  const [secret] = sources.secrets.values();
  return secret;
}
