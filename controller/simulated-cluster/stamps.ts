// What the API server stamps on objects: times, UIDs, the ends of generated names.
import type { Chance } from '../random/index.ts';

const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;

/** RFC 3339 in whole seconds, as metadata has it. */
export function formatTime(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** A UID in the form of a random UUID. */
export function newUid(chance: Chance): string {
  const hex = chance.text('0123456789abcdef', 30);
  const variant = chance.text('89ab', 1);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-${variant}${hex.slice(15, 18)}-${hex.slice(18)}`;
}

/** The end of a generated name. */
export function randomSuffix(chance: Chance): string {
  return chance.text(NAME_ALPHABET, SUFFIX_LENGTH);
}
