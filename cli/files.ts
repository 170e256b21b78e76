// Reads the files a user names: plain or gzipped (told by their first bytes, not their names), a folder's manifests, or
// standard input as `-`.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { MAX_FILE_BYTES } from '../controller/kubernetes/index.ts';
import type { CommandConsole } from './console.ts';
import { badInput } from './outcome.ts';

/** A file's name as the user may call it, and its text. */
export interface NamedText {
  readonly file: string;
  readonly text: string;
}

const MANIFEST_NAME = /\.(ya?ml|json)$/;
const INPUT_NAME = 'standard input';

/** The files that `-f` means: a file as it is, a folder's .yaml, .yml and .json files by name (not those of folders in it). */
export async function readManifestFiles(paths: readonly string[], console: CommandConsole): Promise<NamedText[]> {
  const texts: NamedText[] = [];
  for (const path of paths) {
    if (path === '-') {
      texts.push({ file: INPUT_NAME, text: decode(await console.readInput(), INPUT_NAME) });
    } else if (isDirectory(path)) {
      const names = readdirSync(path).filter((name) => MANIFEST_NAME.test(name));
      if (names.length === 0) throw badInput(`${path}: the folder has no .yaml, .yml or .json file`);
      for (const name of names.sort()) texts.push(readTextFile(join(path, name)));
    } else texts.push(readTextFile(path));
  }
  return texts;
}

/** One file, unpacked where it is gzipped. */
export async function readProblemFile(path: string, console: CommandConsole): Promise<NamedText> {
  if (path === '-') return { file: INPUT_NAME, text: decode(await console.readInput(), INPUT_NAME) };
  if (isDirectory(path)) throw badInput(`${path}: is a folder; --problem takes one file, and may be repeated`);
  return readTextFile(path);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function readTextFile(path: string): NamedText {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw badInput(code === 'ENOENT' ? `${path}: there is no such file or folder` : `${path}: ${message}`);
  }
  return { file: path, text: decode(bytes, path) };
}

function decode(bytes: Uint8Array, file: string): string {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? unpack(bytes, file) : bytes;
  if (plain.length > MAX_FILE_BYTES) throw badInput(`${file}: is larger than ${MAX_FILE_BYTES / 1024 ** 2} MiB`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(plain);
  } catch {
    throw badInput(`${file}: is not UTF-8 text`);
  }
}

function unpack(bytes: Uint8Array, file: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES });
  } catch (error) {
    throw badInput(`${file}: can't be unpacked as gzip: ${(error as Error).message}`);
  }
}
