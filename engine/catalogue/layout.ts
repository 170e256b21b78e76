// How a catalogue lies in its SharedArrayBuffer: a checked header of 32-bit words, then sections, each aligned to 8
// bytes. Written by build.ts, read by catalogue.ts; nothing else knows the offsets.

/** "DVTL" in little-endian ASCII. */
export const CATALOGUE_MAGIC = 0x4c545644;

/** Raised whenever the layout changes; a buffer of another version is refused. */
export const CATALOGUE_VERSION = 3;

/** The header's words, by position. Offsets are in bytes from the buffer's start. */
export const HEADER = {
  magic: 0,
  version: 1,
  byteLength: 2,
  typeCount: 3,
  offeringCount: 4,
  cellCount: 5,
  stringCount: 6,
  labelKeyCount: 7,
  labelValueCount: 8,
  /** String index of the region. */
  region: 9,
  /** Uint32Array[stringCount + 1]: starts of strings, in UTF-16 units. */
  stringStarts: 10,
  /** Uint16Array: all strings, one after the other. */
  stringUnits: 11,
  /** Uint32Array[typeCount]: string index of each type's name; ascending by name. */
  typeNames: 12,
  /** Uint32Array[typeCount + 1]: first offering of each type. */
  typeOfferingStarts: 13,
  /** Uint32Array[offeringCount]: type of each offering. */
  offeringTypes: 14,
  /** Uint32Array[offeringCount]: cell of each offering. */
  offeringCells: 15,
  /**
   * Uint32Array[cellCount × CELL_WORDS]: zone, zone id, reservation id (string indices), capacity type code and code of the
   * reservation's kind.
   */
  cells: 16,
  /** Uint32Array[labelKeyCount × 2]: string index of the key, first value. */
  labelKeys: 17,
  /** Uint32Array[labelValueCount]: string index of each value; within a key numbers ascend first, then texts. */
  labelValues: 18,
  /** Uint32Array[labelValueCount × words of typeCount]: for each value the types that can carry it. */
  labelBits: 19,
  /** Uint32Array[2]: start and length, in UTF-16 units, of the type forms as JSON. */
  formUnits: 20,
  formLength: 21,
  /** Float64Array[FACT_COLUMN_COUNT × typeCount]: numbers of the EC2 facts, column after column (engine/ec2). */
  facts: 22,
  wordCount: 23,
} as const;

/** Words of a cell. */
export const CELL_WORDS = 5;

/** Kinds of reservations by code; also the order in which they are used at equal prices. */
export const RESERVATION_KINDS = ['default', 'capacity-block', 'interruptible'] as const;

/** Capacity types by code; also the order among offerings of equal price. */
export const CAPACITY_TYPES = ['reserved', 'spot', 'on-demand'] as const;

/** Price sources by code. */
export const PRICE_SOURCES = ['reported', 'listed', 'estimated'] as const;

/** Labels that depend on the node class and not on the type alone: they are left out of a catalogue's index. */
export const NODE_CLASS_LABELS = ['kubernetes.io/os', 'node.kubernetes.io/windows-build'] as const;

/**
 * Any EC2 type can be had in both tenancies and a node has one of them: the pool's choice, like a label of its own, and no
 * fact of the type.
 */
export const TENANCY_LABEL = 'karpenter.k8s.aws/instance-tenancy';

/** Aligns a byte offset to 8. */
export function align(offset: number): number {
  return (offset + 7) & ~7;
}
