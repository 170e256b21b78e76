// Who may ask: a browser on this machine that means this page. Without it any site that a user has open could look in and, by
// a name that leads to 127.0.0.1, act. Pure.
import type { IncomingHttpHeaders } from 'node:http';

/** Why a request is refused; undefined where it is not. `port` is where the page listens. */
export function refusalOf(headers: IncomingHttpHeaders, port: number): string | undefined {
  const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
  const host = headers.host?.toLowerCase();
  if (host === undefined || !hosts.includes(host)) {
    return `the page is asked for as ${hosts[0]}, not as ${host ?? 'nothing'}`;
  }
  const { origin } = headers;
  if (origin !== undefined && !hosts.map((name) => `http://${name}`).includes(origin.toLowerCase())) {
    return `requests of other sites are refused (${origin})`;
  }
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return `requests of other sites are refused (${site})`;
  return undefined;
}

/** Sent with every answer: nothing of other places is loaded, and no other page shows this one. */
export const SAFE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;
