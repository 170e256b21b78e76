// As much XML as the proxy needs: errors of the query protocols, and the items of a list in an answer of moto's. Pure.

/** Text as it stands in XML. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A refusal as EC2 writes it. */
export function ec2Error(code: string, message: string): string {
  const error = `<Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>`;
  return `<?xml version="1.0" encoding="UTF-8"?><Response><Errors>${error}</Errors><RequestID>proxy</RequestID></Response>`;
}

/** A refusal as the other query services (IAM, STS) write it. */
export function queryError(code: string, message: string): string {
  const error = `<Type>Sender</Type><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message>`;
  return `<ErrorResponse><Error>${error}</Error><RequestId>proxy</RequestId></ErrorResponse>`;
}

/** What is inside of the first element of that name; undefined where there is none. */
export function inside(xml: string, name: string): string | undefined {
  const start = xml.indexOf(`<${name}>`);
  const end = xml.lastIndexOf(`</${name}>`);
  return start < 0 || end < 0 ? undefined : xml.slice(start + name.length + 2, end);
}

/** The outermost <item> elements of a text, whole. */
export function items(xml: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: tag, index } of xml.matchAll(/<\/?item>/g)) {
    if (tag === '<item>') {
      if (depth === 0) start = index;
      depth += 1;
    } else {
      depth -= 1;
      if (depth === 0) found.push(xml.slice(start, index + tag.length));
    }
  }
  return found;
}
