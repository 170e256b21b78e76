// MIME archives of user data, as cloud-init and nodeadm read them: parts with a content type each. Line ends are line feeds,
// as in everything else that becomes user data.
import { MIMEType } from 'node:util';
import { MultipartParseError, parseMultipart } from '@remix-run/multipart-parser';
import { UserDataError } from './input.ts';

/** One part. */
export interface MimePart {
  /** By lower-case name; content-type is among them. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly content: string;
}

export const SHELL_SCRIPT = 'text/x-shellscript; charset="us-ascii"';

const BOUNDARY = '//';

/** A part of a type. */
export function partOf(contentType: string, content: string): MimePart {
  return { headers: { 'content-type': contentType }, content };
}

/** True for text that says that it is MIME. */
export function isMime(text: string): boolean {
  return /^\s*(MIME-Version|Content-Type):/.test(text);
}

/**
 * The parts of an archive, in their order.
 *
 * @throws UserDataError for what is no multipart archive
 */
export function readMime(text: string): MimePart[] {
  const wire = text.trimStart().replaceAll(/\r?\n/g, '\r\n');
  const [head = ''] = wire.split('\r\n\r\n', 1);
  const boundary = boundaryOf(head);
  const start = wire.indexOf(`--${boundary}`);
  if (start < 0) throw invalid(`it has no part that begins with --${boundary}`);
  try {
    const parts = parseMultipart(new TextEncoder().encode(wire.slice(start)), { boundary });
    return [...parts].map((part) => ({
      headers: { ...part.headers },
      content: part.text.replaceAll('\r\n', '\n'),
    }));
  } catch (error) {
    if (!(error instanceof MultipartParseError)) throw error;
    throw new UserDataError('UserDataInvalid', `read userData: it is no whole MIME archive: ${error.message}`, error);
  }
}

function boundaryOf(head: string): string {
  const unfolded = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  const line = unfolded.find((one) => /^content-type:/i.test(one));
  if (line === undefined) throw invalid('its first lines name no Content-Type');
  let type: MIMEType;
  try {
    type = new MIMEType(line.slice(line.indexOf(':') + 1).trim());
  } catch (error) {
    throw new UserDataError('UserDataInvalid', 'read userData: its Content-Type is none', error);
  }
  const boundary = type.params.get('boundary');
  if (type.type !== 'multipart' || boundary === null) throw invalid('it is not multipart, or names no boundary');
  return boundary;
}

function invalid(what: string): UserDataError {
  return new UserDataError('UserDataInvalid', `read userData: it begins as MIME, but ${what}`);
}

/** Parts as an archive. */
export function writeMime(parts: readonly MimePart[]): string {
  const lines = ['MIME-Version: 1.0', `Content-Type: multipart/mixed; boundary="${BOUNDARY}"`, ''];
  for (const { headers, content } of parts) {
    lines.push(`--${BOUNDARY}`);
    for (const [name, value = ''] of Object.entries(headers)) lines.push(`${headerName(name)}: ${value}`);
    lines.push('', content.replaceAll('\r\n', '\n'));
  }
  return `${lines.join('\n')}\n--${BOUNDARY}--\n`;
}

/** content-type to Content-Type: names don't distinguish, but people read them. */
function headerName(name: string): string {
  return name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
