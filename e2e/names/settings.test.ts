// Settings under Karpenter's names: every flag that Karpenter 1.14.1 defines is here, with its environment variable and its
// default, read from Karpenter's own sources.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSettings, SETTINGS, type Setting } from '../../controller/settings/index.ts';
import { karpenterModule } from '../karpenter/index.ts';

interface KarpenterFlag {
  readonly flag: string;
  readonly variable: string;
  /** As Go writes it. */
  readonly default: string;
}

/** Defaults that differ, with the reason. */
const OTHER_DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['disable-controller-warmup', 'a standby has warm caches and takes over at once'],
]);

/** Where our setting has no default. */
const NO_DEFAULT: ReadonlySet<string> = new Set(['cluster-name']);

/** Values of constants that defaults are written with. */
const CONSTANTS: Readonly<Record<string, string>> = {
  'string(PreferencePolicyRespect)': 'Respect',
  'string(MinValuesPolicyStrict)': 'Strict',
  'time.Second': '1s',
  'time.Minute': '1m',
  '10*time.Second': '10s',
};

function flagsOf(module: 'core' | 'aws'): KarpenterFlag[] {
  const source = readFileSync(join(karpenterModule(module), 'pkg/operator/options/options.go'), 'utf8');
  const lines = source.split('\n').filter((line) => /^\s*fs\.\w+Var(WithEnv)?\(/.test(line));
  return lines.map((line) => {
    const [, flag = ''] = /\(&o\.[\w.]+, "([^"]+)"/.exec(line) ?? [];
    const [, variable = '', value = ''] =
      /\w+\.WithDefault\w+\("([A-Z0-9_]+)", ((?:[^()"]|"[^"]*"|\([^)]*\))*)\)/.exec(line) ??
      /"[^"]+", "([A-Z0-9_]+)", (true|false)/.exec(line) ??
      [];
    assert.ok(flag !== '' && variable !== '' && value !== '', `this line of Karpenter's is not understood: ${line}`);
    return { flag, variable, default: CONSTANTS[value] ?? value.replace(/^"(.*)"$/, '$1') };
  });
}

const ours: ReadonlyMap<string | undefined, Setting<unknown>> = new Map(
  (Object.values(SETTINGS) as Setting<unknown>[]).map((setting) => [setting.flag, setting]),
);
const flags = [...flagsOf('core'), ...flagsOf('aws')];

test('every flag of Karpenter is a setting here, with its variable and its default', () => {
  assert.equal(flags.length, 34, 'as many flags as 1.14.1 has were understood');
  for (const { flag, variable, default: value } of flags) {
    const setting = ours.get(flag);
    assert.ok(setting !== undefined, `there is no setting --${flag}`);
    assert.deepEqual(setting.variables, [variable], flag);
    if (NO_DEFAULT.has(flag)) continue;
    assert.ok(setting.default !== undefined, `--${flag} has no default`);
    const isSame = JSON.stringify(setting.parse(setting.default)) === JSON.stringify(setting.parse(value));
    assert.equal(isSame, !OTHER_DEFAULTS.has(flag), `--${flag}: ${value} there, ${setting.default} here`);
  }
});

test('Karpenter’s defaults, set by the environment, are accepted', () => {
  const environment = Object.fromEntries(flags.map(({ variable, default: value }) => [variable, value]));
  const outcome = readSettings([], { ...environment, CLUSTER_NAME: 'shop' });
  assert.ok(outcome.kind === 'settings', JSON.stringify(outcome));
});
