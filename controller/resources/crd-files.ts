// The files of deploy/crds as text.
import { stringify } from 'yaml';
import { RESOURCES } from './check.ts';
import { customResourceDefinition } from './schema/index.ts';

const HEADER = '# Written by "npm run crds" from controller/resources; never edited.\n';

/** Content by file name, one file for each resource. */
export function crdFiles(): Map<string, string> {
  return new Map(
    RESOURCES.map((resource) => [
      `${resource.group}_${resource.plural}.yaml`,
      HEADER + stringify(customResourceDefinition(resource), { lineWidth: 0, aliasDuplicateObjects: false }),
    ]),
  );
}
