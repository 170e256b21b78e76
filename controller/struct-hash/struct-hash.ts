// The hash that Karpenter writes onto NodePools and NodeClaims: of values as Go has them (structs with names, maps, lists,
// texts, whole numbers), by the second format of the Go library hashstructure with lists as sets and zero values left out.
// Equal to Karpenter's to the bit, so that a change of controller makes no node drift. Not for anything else: it is weak.

/** A value as Go has it. Zero values are left out by whoever describes a struct. */
export type GoValue =
  | {
      readonly kind: 'struct';
      readonly name: string;
      readonly fields: readonly (readonly [string, GoValue | undefined])[];
    }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [GoValue, GoValue])[] }
  | { readonly kind: 'set'; readonly items: readonly GoValue[] }
  | { readonly kind: 'text'; readonly text: string }
  /** A signed integer of so many bytes; a bool is one of 1 byte. */
  | { readonly kind: 'number'; readonly bytes: 1 | 4 | 8; readonly value: bigint };

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const MASK = 0xffff_ffff_ffff_ffffn;

/** FNV-1, 64 bits. */
function fnv(bytes: Uint8Array): bigint {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = ((hash * FNV_PRIME) & MASK) ^ BigInt(byte);
  return hash;
}

function ordered(...parts: readonly bigint[]): bigint {
  const bytes = new DataView(new ArrayBuffer(8 * parts.length));
  parts.forEach((part, index) => void bytes.setBigUint64(8 * index, part, true));
  return fnv(new Uint8Array(bytes.buffer));
}

const encoder = new TextEncoder();

function hashText(text: string): bigint {
  return fnv(encoder.encode(text));
}

function hashNumber(bytes: 1 | 4 | 8, value: bigint): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, value, true);
  return fnv(new Uint8Array(view.buffer, 0, bytes));
}

function hashValue(value: GoValue): bigint {
  switch (value.kind) {
    case 'text':
      return hashText(value.text);
    case 'number':
      return hashNumber(value.bytes, value.value);
    case 'set':
      return value.items.reduce((hash, item) => hash ^ hashValue(item), 0n);
    case 'map':
      return ordered(
        value.entries.reduce((hash, [key, entry]) => hash ^ ordered(hashValue(key), hashValue(entry)), 0n),
      );
    case 'struct':
      return hashStruct(value.name, value.fields);
  }
}

function hashStruct(name: string, fields: readonly (readonly [string, GoValue | undefined])[]): bigint {
  let hash = hashText(name);
  for (const [field, value] of fields) {
    // The library closes the sum after each field that is not left out.
    if (value !== undefined) hash = ordered(hash ^ ordered(hashText(field), hashValue(value)));
  }
  return hash;
}

/** The hash as Karpenter writes it: a decimal number. */
export function structHash(value: GoValue): string {
  return String(hashValue(value));
}

/** A text; undefined for the zero value. */
export function goText(text: string | undefined): GoValue | undefined {
  return text === undefined || text === '' ? undefined : { kind: 'text', text };
}

/** A map of texts; undefined where there is none. An empty map is not a zero value. */
export function goTextMap(map: Readonly<Record<string, string>> | undefined): GoValue | undefined {
  if (map === undefined) return undefined;
  const text = (written: string): GoValue => ({ kind: 'text', text: written });
  return { kind: 'map', entries: Object.entries(map).map(([key, value]) => [text(key), text(value)]) };
}

/** A list, counted as a set; undefined where there is none. */
export function goSet<Item>(
  items: readonly Item[] | undefined,
  describe: (item: Item) => GoValue,
): GoValue | undefined {
  return items === undefined ? undefined : { kind: 'set', items: items.map(describe) };
}

const UNIT_NANOSECONDS: Readonly<Record<string, bigint>> = {
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** A duration such as 1h30m as Go counts it, in nanoseconds. */
export function goDuration(written: string): GoValue {
  let value = 0n;
  for (const [, amount = '', unit = ''] of written.matchAll(/(\d+)([smh])/g)) {
    value += BigInt(amount) * (UNIT_NANOSECONDS[unit] ?? 0n);
  }
  return { kind: 'number', bytes: 8, value };
}
