// Kubeconfigs as they are found: what is read of them, when it is read again, and that nothing secret gets into a message.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { DrivenClock } from '../clock/index.ts';
import { clusterAccess } from './access.ts';
import { LIMITS } from './limits.ts';

const SECRET = 'very-secret-token';
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dovetail-access-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** A kubeconfig with one context and this user. */
function kubeconfig(user: object, context: object = {}): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'here', user: 'me', ...context } }],
    clusters: [
      {
        name: 'here',
        cluster: {
          server: 'https://api.example.com:6443/prefix',
          'tls-server-name': 'api.internal',
          'certificate-authority-data': 'Y2E=',
        },
      },
    ],
    users: [{ name: 'me', user }],
  };
  return file('kubeconfig', JSON.stringify(config));
}

/** A plugin that prints this. */
function plugin(script: string): object {
  return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', script] } };
}

const open = (path: string, clock = new DrivenClock()) => clusterAccess({ kubeconfig: path, clock });

/** Whatever went wrong, as a log would show it. */
function shown(error: unknown): string {
  const { message, stack, cause } = error as Error;
  return `${message}\n${stack}\n${JSON.stringify(error)}\n${cause === undefined ? '' : shown(cause)}`;
}

test('server, namespace, authorities, token and user certificate are read', async () => {
  const access = open(
    kubeconfig(
      { token: SECRET, 'client-certificate-data': 'Y2VydA==', 'client-key-data': 'a2V5' },
      { namespace: 'ns' },
    ),
  );
  assert.equal(access.server.href, 'https://api.example.com:6443/prefix');
  assert.equal(access.namespace, 'ns');
  assert.deepEqual(await access.credentials(), {
    headers: { authorization: `Bearer ${SECRET}` },
    tls: { ca: Buffer.from('ca'), cert: Buffer.from('cert'), key: Buffer.from('key'), servername: 'api.internal' },
  });
});

test('a user with a password is sent as such', async () => {
  const { headers } = await open(kubeconfig({ username: 'me', password: 'pw' })).credentials();
  assert.equal(headers.authorization, `Basic ${Buffer.from('me:pw').toString('base64')}`);
});

test('a token file that is rotated is read again, after a while by itself and at once when the server refused it', async () => {
  const tokenFile = file('token', 'first\n');
  const clock = new DrivenClock();
  const access = open(kubeconfig({ 'auth-provider': { name: 'tokenFile', config: { tokenFile } } }), clock);
  const token = async (anew = false) => (await access.credentials(anew)).headers.authorization;
  assert.equal(await token(), 'Bearer first');
  writeFileSync(tokenFile, 'second\n');
  assert.equal(await token(), 'Bearer first');
  assert.equal(await token(true), 'Bearer second');
  assert.equal(await token(), 'Bearer second');
});

test('credentials are the same object for a while, and a rotated certificate comes in after it', async () => {
  const certificate = file('cert', 'first');
  const clock = new DrivenClock();
  const access = open(kubeconfig({ 'client-certificate': certificate, 'client-key-data': 'a2V5' }), clock);
  const first = await access.credentials();
  writeFileSync(certificate, 'second');
  assert.equal(await access.credentials(), first);
  await clock.advance(LIMITS.credentialsMs);
  assert.equal(String((await access.credentials()).tls.cert), 'second');
});

test('an exec plugin is run, and run again when the server refused what it gave', async () => {
  const count = file('count', '');
  const script = `
    const fs = require('fs');
    fs.appendFileSync(${JSON.stringify(count)}, 'x');
    const token = 'token-' + fs.readFileSync(${JSON.stringify(count)}, 'utf8').length;
    console.log(JSON.stringify({ kind: 'ExecCredential', status: { token } }));`;
  const access = open(kubeconfig(plugin(script)));
  assert.equal((await access.credentials()).headers.authorization, 'Bearer token-1');
  assert.equal((await access.credentials()).headers.authorization, 'Bearer token-1');
  assert.equal((await access.credentials(true)).headers.authorization, 'Bearer token-2');
});

for (const [what, user, expected] of [
  ['prints no JSON', plugin(`console.log(${JSON.stringify(SECRET)})`), /the answer of the exec plugin is not JSON/],
  [
    'fails',
    plugin(`console.log(${JSON.stringify(SECRET)}); console.error('log in first'); process.exit(1)`),
    /log in first/,
  ],
  [
    'is not there',
    { exec: { apiVersion: 'v1', command: '/no/such/plugin', env: [{ name: 'T', value: SECRET }] } },
    /\/no\/such\/plugin is not there/,
  ],
] as const) {
  test(`an exec plugin that ${what} is told without what it printed`, async () => {
    await assert.rejects(
      () => open(kubeconfig(user)).credentials(),
      (error) => {
        assert.match(shown(error), expected);
        assert.match(shown(error), /^get credentials: /);
        assert.ok(!shown(error).includes(SECRET), shown(error));
        return true;
      },
    );
  });
}

for (const [what, text, expected] of [
  ['is not YAML', `users: [{token: ${SECRET}, "x}`, /it is not valid YAML \(line 1\)/],
  ['is empty', '', /it is not valid YAML/],
  ['is something else', `{"token": "${SECRET}"}`, /its current context names no cluster|form of a kubeconfig/],
] as const) {
  test(`a file that ${what} is refused without being quoted`, () => {
    assert.throws(
      () => open(file('odd', text)),
      (error) => {
        assert.match(shown(error), expected);
        assert.ok(!shown(error).includes(SECRET), shown(error));
        return true;
      },
    );
  });
}

test('a file that is not there and a context that is not in it are named', () => {
  assert.throws(() => open(join(directory, 'none')), /read kubeconfig .*none: there is no such file/);
  const path = kubeconfig({ token: SECRET });
  assert.throws(
    () => clusterAccess({ kubeconfig: path, context: 'other', clock: new DrivenClock() }),
    /it has no context other \(it has test\)/,
  );
});
