// How one change of a cluster's state lies in shared memory: a fixed head, a key, and the object as V8 serialises it. The
// main thread writes records and never changes one; workers read them. What they mean is in replica.ts.

/** What a record is about. The code is the place in this list. */
export const RECORD_KINDS = ['shape', 'bound', 'node', 'node-pool', 'node-class', 'daemon-set', 'namespace'] as const;

/** What a record is about. */
export type RecordKind = (typeof RECORD_KINDS)[number];

/** One change of the state. */
export interface StateRecord {
  readonly kind: RecordKind;
  /** True when the object is gone. */
  readonly deleted: boolean;
  /** True for a copy of a record that every reader which has all versions before it knows already. */
  readonly repeated: boolean;
  /** The version of the state that it belongs to. */
  readonly version: number;
  /** The shape's number, for `shape` and `bound`; else 0. */
  readonly id: number;
  /** Running pods of the shape on the node, for `bound`; else 0. */
  readonly count: number;
  /** The object's name; for `bound` the node's. */
  readonly key: string;
  /** The object as `v8.serialize` writes it; empty where it is gone and for `bound`. */
  readonly payload: Uint8Array;
}

/** Bytes before the key. */
const HEAD_BYTES = 28;
const VERSION_END = 12;
const FLAGS_AT = 25;
const DELETED = 1;
const REPEATED = 2;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes a record into bytes of its own. */
export function encodeRecord(record: StateRecord): Uint8Array {
  const key = encoder.encode(record.key);
  const bytes = new Uint8Array(HEAD_BYTES + key.byteLength + record.payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.byteLength, true);
  view.setFloat64(4, record.version, true);
  view.setUint32(12, record.id, true);
  view.setUint32(16, record.count, true);
  view.setUint32(20, key.byteLength, true);
  view.setUint8(24, RECORD_KINDS.indexOf(record.kind));
  view.setUint8(FLAGS_AT, (record.deleted ? DELETED : 0) | (record.repeated ? REPEATED : 0));
  bytes.set(key, HEAD_BYTES);
  bytes.set(record.payload, HEAD_BYTES + key.byteLength);
  return bytes;
}

/** Marks a copy of a record as a repetition at another version. */
export function stampRepetition(bytes: Uint8Array, version: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setFloat64(4, version, true);
  view.setUint8(FLAGS_AT, view.getUint8(FLAGS_AT) | REPEATED);
}

/** Whether two encoded records say the same, whatever their versions. */
export function saysTheSame(left: Uint8Array, right: Uint8Array): boolean {
  if (left.byteLength !== right.byteLength) return false;
  const sameHead = Buffer.compare(left.subarray(VERSION_END, FLAGS_AT), right.subarray(VERSION_END, FLAGS_AT)) === 0;
  return sameHead && Buffer.compare(left.subarray(HEAD_BYTES), right.subarray(HEAD_BYTES)) === 0;
}

/** Reads the records between two places of a segment that are of a later version than `after`. Payloads are copies. */
export function* readRecords(
  segment: SharedArrayBuffer,
  start: number,
  end: number,
  after: number,
): Generator<StateRecord> {
  const view = new DataView(segment);
  const bytes = new Uint8Array(segment);
  let offset = start;
  while (offset < end) {
    const length = view.getUint32(offset, true);
    const keyStart = offset + HEAD_BYTES;
    const keyEnd = keyStart + view.getUint32(offset + 20, true);
    const kind = RECORD_KINDS[view.getUint8(offset + 24)];
    if (kind === undefined || length < HEAD_BYTES || offset + length > end) {
      throw new Error(`read state: no record begins here (offset=${offset}, end=${end})`);
    }
    const version = view.getFloat64(offset + 4, true);
    if (version <= after) {
      offset += length;
      continue;
    }
    const flags = view.getUint8(offset + FLAGS_AT);
    yield {
      kind,
      deleted: (flags & DELETED) !== 0,
      repeated: (flags & REPEATED) !== 0,
      version,
      id: view.getUint32(offset + 12, true),
      count: view.getUint32(offset + 16, true),
      // Text decoders refuse shared memory: the copy is small.
      key: decoder.decode(bytes.slice(keyStart, keyEnd)),
      payload: bytes.slice(keyEnd, offset + length),
    };
    offset += length;
  }
}
