// The log of one session's state in shared memory: append-only segments that every worker reads without a copy. It is
// cleaned from its old end: what of the oldest segment is still true is repeated at the young end and the segment is
// dropped, so the log stays within a small multiple of the state and a delta costs what it changes. Only the main thread
// writes. Workers read what `capture` named, which nothing changes any more.
import { LIMITS } from '../limits.ts';
import { encodeRecord, type RecordKind, saysTheSame, stampRepetition } from './records.ts';

/** A segment as a worker reads it. */
export interface LogSegment {
  /** Counts up over the log's life. */
  readonly id: number;
  readonly buffer: SharedArrayBuffer;
  /** Bytes that belong to the version captured. */
  readonly end: number;
}

/** The log up to one version. Shared memory and numbers only. */
export interface LogView {
  readonly version: number;
  /** Oldest first. */
  readonly segments: readonly LogSegment[];
  /** A reader that lacks any version up to this one has to begin anew. */
  readonly missingThrough: number;
}

/** Where a record that is true lies. Owned by whatever it is about. */
export interface LiveRecord {
  segment: Segment;
  offset: number;
  readonly byteLength: number;
  live: boolean;
}

/** A record that is encoded and not in the log yet. */
export interface StagedRecord {
  readonly bytes: Uint8Array;
  readonly deleted: boolean;
}

interface Segment {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly buffer: SharedArrayBuffer;
  used: number;
  throughVersion: number;
  /** Records that were true when they were written; the others are not kept. */
  readonly records: LiveRecord[];
}

const NO_PAYLOAD = new Uint8Array(0);

/** Encodes a record for one version. */
export function stageRecord(
  version: number,
  kind: RecordKind,
  key: string,
  parts: {
    readonly id?: number;
    readonly count?: number;
    readonly payload?: Uint8Array;
    readonly deleted?: boolean;
  } = {},
): StagedRecord {
  const { id = 0, count = 0, payload = NO_PAYLOAD, deleted = false } = parts;
  return { bytes: encodeRecord({ kind, deleted, repeated: false, version, id, count, key, payload }), deleted };
}

/** The log of one state. */
export class SegmentLog {
  #segments: Segment[] = [];
  #nextId = 0;
  #usedBytes = 0;
  #liveBytes = 0;
  #allocatedBytes = 0;
  #missingThrough = 0;

  /** Shared memory that the log holds. */
  get byteLength(): number {
    return this.#allocatedBytes;
  }

  /** Bytes of records that are true. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Appends a record. One that says that something is gone belongs to nobody and is not answered as live. */
  append({ bytes, deleted }: StagedRecord, version: number): LiveRecord {
    const segment = this.#segmentFor(bytes.byteLength);
    const record: LiveRecord = { segment, offset: segment.used, byteLength: bytes.byteLength, live: !deleted };
    segment.bytes.set(bytes, segment.used);
    segment.used += bytes.byteLength;
    segment.throughVersion = version;
    this.#usedBytes += bytes.byteLength;
    if (!deleted) {
      segment.records.push(record);
      this.#liveBytes += bytes.byteLength;
    }
    return record;
  }

  /** Says that a record is no longer true. */
  release(record: LiveRecord): void {
    if (!record.live) return;
    record.live = false;
    this.#liveBytes -= record.byteLength;
  }

  /** Whether a record says what a staged one would. */
  isAlike({ segment, offset, byteLength }: LiveRecord, staged: StagedRecord): boolean {
    return saysTheSame(segment.bytes.subarray(offset, offset + byteLength), staged.bytes);
  }

  /** Repeats and drops old segments until no more than half of the log is void. To be called once a delta is in. */
  clean(version: number): void {
    while (this.#segments.length > 1 && this.#usedBytes > 2 * this.#liveBytes + LIMITS.sessionSegmentBytes) {
      const [oldest] = this.#segments.splice(0, 1);
      if (oldest === undefined) return;
      this.#usedBytes -= oldest.used;
      this.#allocatedBytes -= oldest.bytes.byteLength;
      this.#missingThrough = Math.max(this.#missingThrough, oldest.throughVersion);
      for (const record of oldest.records) {
        if (!record.live) continue;
        const bytes = oldest.bytes.slice(record.offset, record.offset + record.byteLength);
        stampRepetition(bytes, version);
        this.#liveBytes -= bytes.byteLength;
        const { segment, offset } = this.append({ bytes, deleted: false }, version);
        segment.records[segment.records.length - 1] = record;
        record.segment = segment;
        record.offset = offset;
      }
    }
  }

  /** The log as it is. Later records change nothing of it. */
  capture(version: number): LogView {
    return {
      version,
      segments: this.#segments.map(({ id, buffer, used }) => ({ id, buffer, end: used })),
      missingThrough: this.#missingThrough,
    };
  }

  #segmentFor(byteLength: number): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.used + byteLength <= last.bytes.byteLength) return last;
    // Larger segments for larger states: their number, which every task carries, stays small.
    const wanted = Math.min(LIMITS.sessionSegmentBytes * 16, Math.max(LIMITS.sessionSegmentBytes, this.#usedBytes / 8));
    const buffer = new SharedArrayBuffer(Math.max(Math.ceil(wanted / 4096) * 4096, byteLength));
    const segment: Segment = {
      id: this.#nextId,
      bytes: new Uint8Array(buffer),
      buffer,
      used: 0,
      throughVersion: 0,
      records: [],
    };
    this.#nextId += 1;
    this.#segments.push(segment);
    this.#allocatedBytes += buffer.byteLength;
    return segment;
  }
}
