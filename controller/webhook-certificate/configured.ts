// What a webhook configuration says of where the webhook is, and whom the API server trusts to be it.
import type { ApiObject } from '../ports/index.ts';

/** One of the webhooks of a configuration. */
interface WebhookEntry {
  readonly name: string;
  readonly clientConfig: {
    readonly url?: string;
    readonly service?: { readonly name: string; readonly namespace: string };
    readonly caBundle?: string;
  };
}

function entriesOf(configuration: ApiObject): readonly WebhookEntry[] {
  return (configuration.webhooks ?? []) as readonly WebhookEntry[];
}

/** The names and addresses under which the API server asks, sorted. */
export function hostsOf(configurations: readonly ApiObject[]): string[] {
  const hosts = configurations.flatMap(entriesOf).flatMap(({ clientConfig: { url, service } }) => {
    if (service !== undefined) return [`${service.name}.${service.namespace}.svc`];
    // An address of IPv6 stands in brackets there.
    return url === undefined ? [] : [new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')];
  });
  return [...new Set(hosts)].sort();
}

/** The bundle of each webhook of a configuration, as PEM; empty where there is none. */
export function bundlesOf(configuration: ApiObject): string[] {
  return entriesOf(configuration).map(({ clientConfig }) =>
    Buffer.from(clientConfig.caBundle ?? '', 'base64').toString('utf8'),
  );
}

/** A strategic patch that gives every webhook of a configuration this bundle, and changes nothing else. */
export function bundlePatch(configuration: ApiObject, bundlePem: string): object {
  const caBundle = Buffer.from(bundlePem, 'utf8').toString('base64');
  return { webhooks: entriesOf(configuration).map(({ name }) => ({ name, clientConfig: { caBundle } })) };
}
