// The door of controller/settings: flags and environment variables, under Karpenter's names.
export { readSettings, type SettingsOutcome } from './read-settings.ts';
export { type FeatureGate, SETTINGS, type Setting, type Settings } from './table.ts';
