// The lines of a stream, as bytes come. A line longer than the bound is an error: somebody else than an API server talks,
// and what it says must not fill the memory.
import type { Readable } from 'node:stream';

const NEWLINE = 0x0a;

/** The lines without their ends. What follows the last newline of a stream that ended is no line. */
export async function* readLines(stream: Readable, maxBytes: number): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let partBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end);
      if (partBytes + piece.length > maxBytes) throw tooLong(maxBytes);
      // Characters may lie across chunks: bytes are joined before they become text.
      yield parts.length === 0 ? piece.toString('utf8') : Buffer.concat([...parts, piece]).toString('utf8');
      parts = [];
      partBytes = 0;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    partBytes += chunk.length - start;
    if (partBytes > maxBytes) throw tooLong(maxBytes);
  }
}

function tooLong(maxBytes: number): Error {
  return new Error(`a line has more than ${maxBytes} bytes`);
}
