// docs/metrics.md says what the table says.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { metricsDocument } from './document.ts';

const FILE = new URL('../../docs/metrics.md', import.meta.url);

test('docs/metrics.md is written from the table', () => {
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(FILE, metricsDocument());
  assert.equal(readFileSync(FILE, 'utf8'), metricsDocument());
});
