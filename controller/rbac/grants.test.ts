// The rights, held against what the controller watches.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { KINDS } from '../ports/index.ts';
import { SETTINGS } from '../settings/index.ts';
import { WATCHED_KINDS } from '../state/index.ts';
import { GRANTS, rbacFiles } from './index.ts';

test('what is watched may be listed and watched, and nothing else may but the webhook’s three objects', () => {
  const followed = GRANTS.filter(({ verbs }) => verbs.includes('list') && verbs.includes('watch'));
  const whole = followed.filter(({ names }) => names === undefined).map(({ kind }) => kind);
  assert.deepEqual(whole.sort(), [...WATCHED_KINDS].sort());
  const named = followed.filter(({ names }) => names !== undefined).map(({ kind, names }) => [kind, names]);
  assert.deepEqual(named, [
    ['mutatingWebhookConfigurations', ['dovetail']],
    ['validatingWebhookConfigurations', ['dovetail']],
    ['secrets', ['dovetail-webhook']],
  ]);
});

test('no right is a wildcard, and no secret but the own one is within reach', () => {
  const text = [...rbacFiles().values()].join('');
  assert.doesNotMatch(text, /\*/);
  for (const { kind, where, names, verbs } of GRANTS) {
    if (kind !== 'secrets') continue;
    assert.equal(where, 'own');
    if (names === undefined) assert.deepEqual(verbs, ['create']);
  }
});

test('the Lease is the one that is elected by', () => {
  const named = GRANTS.find(({ kind, names }) => kind === 'leases' && names !== undefined);
  assert.deepEqual(named?.names, [SETTINGS.leaderElectionName.default]);
});

test('each right is one rule of the role where it belongs', () => {
  for (const [file, where] of [
    ['cluster-role.yaml', undefined],
    ['role.yaml', 'own'],
    ['role-kube-system.yaml', 'kube-system'],
  ] as const) {
    const [role] = parseAllDocuments(rbacFiles().get(file) ?? '').map((document) => document.toJS());
    const expected = GRANTS.filter((grant) => grant.where === where).map(({ kind, subresource, verbs, names }) => ({
      apiGroups: [KINDS[kind].group],
      resources: [subresource === undefined ? KINDS[kind].plural : `${KINDS[kind].plural}/${subresource}`],
      ...(names === undefined ? {} : { resourceNames: names }),
      verbs,
    }));
    assert.deepEqual(role.rules, expected);
  }
});
