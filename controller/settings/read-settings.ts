// Reads flags and environment into settings. Everything that is wrong is found in one go, and each problem names the flag and
// the variable.
import { assertLeaseTimes } from '../leader/index.ts';
import { AWS_SETTINGS, BUILT_GATES, type FeatureGate, SETTINGS, type Setting, type Settings } from './table.ts';

/** What came of reading. */
export type SettingsOutcome =
  /** `notes` say which settings were made that change nothing here. */
  | { readonly kind: 'settings'; readonly settings: Settings; readonly notes: readonly string[] }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

type Environment = Readonly<Record<string, string | undefined>>;

const ENTRIES = Object.entries(SETTINGS) as [keyof Settings, Setting<unknown> & { readonly mayLack?: true }][];
const BY_FLAG: ReadonlyMap<string, (typeof ENTRIES)[number]> = new Map(
  ENTRIES.flatMap((entry) => (entry[1].flag === undefined ? [] : [[entry[1].flag, entry] as const])),
);

/**
 * Reads the settings.
 *
 * @param args the command line after the name of the command: --flag value, --flag=value, and --flag alone for what is true
 * or false; a flag goes before its variable, and an empty variable is none
 */
export function readSettings(args: readonly string[], environment: Environment): SettingsOutcome {
  if (args.some((arg) => arg === '--help' || arg === '-h')) return { kind: 'help', text: settingsHelp() };
  const problems: string[] = [];
  const notes: string[] = [];
  const flags = readFlags(args, problems);
  const values: Partial<Record<keyof Settings, unknown>> = {};
  for (const [name, setting] of ENTRIES) {
    const variable = setting.variables.find((one) => (environment[one] ?? '') !== '');
    const written = flags.get(name) ?? (variable === undefined ? undefined : environment[variable]);
    const from = flags.has(name) ? `--${setting.flag}` : (variable ?? '');
    const problem = readOne(name, setting, written, from, values, notes);
    if (problem !== undefined) problems.push(problem);
  }
  if (problems.length === 0) {
    problems.push(...disagreements(values as Settings));
    notes.push(...meaningless(values as Settings));
  }
  return problems.length > 0
    ? { kind: 'refused', problems }
    : { kind: 'settings', settings: values as Settings, notes };
}

/** Reads one setting into `values`; answers what is wrong with it. */
function readOne(
  name: keyof Settings,
  setting: Setting<unknown>,
  written: string | undefined,
  from: string,
  values: Partial<Record<keyof Settings, unknown>>,
  notes: string[],
): string | undefined {
  const { parse, unbuilt, withoutEffect } = setting;
  if (written === undefined) {
    if (setting.default !== undefined) values[name] = parse(setting.default);
    return setting.isRequired === true ? `${namesOf(setting)}: it has to be set. ${setting.help}` : undefined;
  }
  try {
    values[name] = parse(written);
  } catch (error) {
    return `${namesOf(setting)}: ${JSON.stringify(written)} is ${(error as Error).message} (set by ${from})`;
  }
  if (withoutEffect !== undefined) notes.push(`${namesOf(setting)} changes nothing: ${withoutEffect}`);
  if (unbuilt === undefined || setting.default === undefined) return undefined;
  if (JSON.stringify(values[name]) === JSON.stringify(parse(setting.default))) return undefined;
  const only = setting.default === '' ? 'left out' : setting.default;
  return `${namesOf(setting)}: ${JSON.stringify(written)} is not built yet, only ${only} is: ${unbuilt} (set by ${from})`;
}

function readFlags(args: readonly string[], problems: string[]): Map<keyof Settings, string> {
  const flags = new Map<keyof Settings, string>();
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] as string;
    const [, flag = '', value] = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(arg) ?? [];
    const entry = BY_FLAG.get(flag);
    if (entry === undefined) {
      problems.push(flag === '' ? `${arg}: it is not a flag` : `--${flag}: there is no such flag (--help lists them)`);
      continue;
    }
    const [name, setting] = entry;
    const isSwitch = setting.default === 'true' || setting.default === 'false';
    const next = args[index + 1];
    if (value !== undefined) flags.set(name, value);
    else if (isSwitch) flags.set(name, 'true');
    else if (next === undefined || next.startsWith('--')) problems.push(`${namesOf(setting)}: a value is missing`);
    else {
      flags.set(name, next);
      index += 1;
    }
  }
  return flags;
}

/** Settings of EC2 beside a simulated cloud. */
function meaningless(settings: Settings): string[] {
  if (settings.simulatedCloudPort === undefined) return [];
  return AWS_SETTINGS.filter((name) => settings[name] !== SETTINGS[name].parse(SETTINGS[name].default)).map(
    (name) => `${namesOf(SETTINGS[name])} changes nothing: the cloud is a simulated one`,
  );
}

/** Values that are well written and don't go together. */
function disagreements(settings: Settings): string[] {
  const found: string[] = [];
  for (const [gate, isOn] of Object.entries(settings.featureGates) as [FeatureGate, boolean][]) {
    if (isOn === BUILT_GATES[gate]) continue;
    found.push(`${namesOf(SETTINGS.featureGates)}: ${gate}=${isOn} is not built yet, only ${gate}=${!isOn} is`);
  }
  try {
    assertLeaseTimes(settings);
  } catch (error) {
    const times = [SETTINGS.leaseDurationMs, SETTINGS.renewDeadlineMs, SETTINGS.retryPeriodMs];
    found.push(`${times.map(namesOf).join(', ')}: ${(error as Error).message}`);
  }
  const files = [SETTINGS.engineTlsCa, SETTINGS.engineTlsCert, SETTINGS.engineTlsKey];
  const given = [settings.engineTlsCa, settings.engineTlsCert, settings.engineTlsKey];
  const missing = files.filter((_, index) => given[index] === undefined);
  if (missing.length > 0 && missing.length < files.length) {
    found.push(`${missing.map(namesOf).join(', ')}: mutual TLS needs all three files`);
  }
  if (missing.length < files.length && settings.engineAddress === undefined) {
    found.push(`${namesOf(SETTINGS.engineAddress)}: it has to be set where TLS for it is`);
  }
  return found;
}

/** `--log-level (LOG_LEVEL)`. */
function namesOf({ flag, variables }: Pick<Setting<unknown>, 'flag' | 'variables'>): string {
  const variable = variables.join(' or ');
  return flag === undefined ? variable : `--${flag} (${variable})`;
}

/** Flags, variables, defaults and what they mean, for a terminal. */
function settingsHelp(): string {
  const lines = ['Settings, by flag or environment variable; a flag goes before its variable.', ''];
  for (const [, setting] of ENTRIES) {
    lines.push(`  ${namesOf(setting)}${setting.default ? ` = ${setting.default}` : ''}`, `      ${setting.help}`);
    if (setting.isRequired === true) lines.push('      It has to be set.');
    if (setting.unbuilt !== undefined) lines.push(`      Not built yet: ${setting.unbuilt}.`);
    if (setting.withoutEffect !== undefined) lines.push(`      Changes nothing: ${setting.withoutEffect}.`);
  }
  return `${lines.join('\n')}\n`;
}
