// What the controller asked the API server for, read from the audit: what was refused, and which rights were used.
import { readFileSync } from 'node:fs';
import { KINDS } from '../../controller/ports/index.ts';
import { GRANTS, SERVICE_ACCOUNT } from '../../controller/rbac/index.ts';

interface AuditLine {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly objectRef?: { readonly apiGroup?: string; readonly resource?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
}

/** `group/resource/subresource verb` of calls and rights. */
function key(group: string, resource: string, subresource: string | undefined, verb: string): string {
  return `${group}/${resource}${subresource === undefined ? '' : `/${subresource}`} ${verb}`;
}

/** What the audit says of the controller. */
export function readAudit(file: string): {
  readonly callCount: number;
  readonly refused: string[];
  readonly unused: string[];
} {
  const username = `system:serviceaccount:${SERVICE_ACCOUNT.namespace}:${SERVICE_ACCOUNT.name}`;
  const lines = readFileSync(file, 'utf8').split('\n');
  // The last line may still be being written.
  lines.pop();
  const used = new Set<string>();
  const refused = new Set<string>();
  let callCount = 0;
  for (const line of lines) {
    const { user, verb, objectRef, responseStatus } = JSON.parse(line) as AuditLine;
    if (user.username !== username) continue;
    callCount += 1;
    const { apiGroup = '', resource = '', subresource } = objectRef ?? {};
    const asked = key(apiGroup, resource, subresource, verb);
    if (responseStatus?.code === 403 || responseStatus?.code === 401) refused.add(asked);
    used.add(asked);
  }
  const granted = GRANTS.flatMap(({ kind, subresource, verbs }) =>
    verbs.map((verb) => key(KINDS[kind].group, KINDS[kind].plural, subresource, verb)),
  );
  return { callCount, refused: [...refused].sort(), unused: granted.filter((right) => !used.has(right)).sort() };
}
