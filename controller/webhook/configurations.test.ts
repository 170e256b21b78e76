// deploy/webhook is what the table says, and the table says what keeps the webhook out of everybody's way.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SERVICE_ACCOUNT, WEBHOOK_CONFIGURATION } from '../rbac/index.ts';
import { SETTINGS } from '../settings/index.ts';
import { webhookConfigurations, webhookFiles } from './configurations.ts';

const directory = fileURLToPath(new URL('../../deploy/webhook/', import.meta.url));

interface Configuration {
  readonly metadata: { readonly name: string };
  readonly webhooks: readonly {
    readonly failurePolicy: string;
    readonly sideEffects: string;
    readonly timeoutSeconds: number;
    readonly rules: readonly { readonly resources: readonly string[]; readonly operations: readonly string[] }[];
    readonly matchConditions: readonly { readonly expression: string }[];
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

test('deploy/webhook holds what is generated and nothing else', () => {
  assert.deepEqual(readdirSync(directory).sort(), [...webhookFiles().keys()].sort());
  for (const [name, content] of webhookFiles()) {
    assert.equal(readFileSync(join(directory, name), 'utf8'), content, `${name}: run "npm run webhook"`);
  }
});

test('the webhook is never in the way', () => {
  for (const { metadata, webhooks } of webhookConfigurations() as Configuration[]) {
    assert.equal(metadata.name, WEBHOOK_CONFIGURATION);
    for (const webhook of webhooks) {
      assert.equal(webhook.failurePolicy, 'Ignore');
      assert.equal(webhook.sideEffects, 'None');
      assert.equal(webhook.timeoutSeconds, 2);
      const conditions = webhook.matchConditions.map(({ expression }) => expression).join(' && ');
      assert.ok(conditions.includes(`system:serviceaccount:${SERVICE_ACCOUNT.namespace}:${SERVICE_ACCOUNT.name}`));
      assert.ok(conditions.includes('deletionTimestamp'));
      assert.ok(webhook.rules.every(({ resources }) => resources.every((name) => !name.includes('/'))));
      assert.ok(webhook.rules.every(({ operations }) => !operations.includes('DELETE')));
      assert.equal(webhook.clientConfig.caBundle, undefined, 'kubectl apply would take the bundle away again');
    }
  }
});

test('the Service leads to the port that replicas listen on', () => {
  assert.match(webhookFiles().get('service.yaml') ?? '', new RegExp(`targetPort: ${SETTINGS.webhookPort.default}\\n`));
});
