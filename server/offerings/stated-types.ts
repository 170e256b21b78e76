// What a partial description of types changes in a catalogue: facts that it leaves out stay as they are known. EC2 itself says
// nothing of branch interfaces or bandwidth; the embedded catalogue does.
import { isDeepStrictEqual } from 'node:util';
import type { TypeForm } from '../../engine/index.ts';
import type { TypeRecord } from '../messages/index.ts';
import type { CatalogueIndex } from './catalogue-index.ts';

/** What has to be done for the types. */
export interface StatedTypes {
  /** Types that the catalogue does not have. */
  readonly added: readonly TypeRecord[];
  /** New descriptions of types that it has, where they differ. */
  readonly forms: ReadonlyMap<string, TypeForm>;
}

/** Compares types with an index: milliseconds for all of EC2. */
export function compareStated({ catalogue }: CatalogueIndex, types: readonly TypeRecord[]): StatedTypes {
  const added: TypeRecord[] = [];
  const forms = new Map<string, TypeForm>();
  for (const type of types) {
    const typeIndex = catalogue.findType(type.name);
    if (typeIndex < 0) {
      added.push(type);
      continue;
    }
    const known = catalogue.typeForm(typeIndex);
    const form = merged(known, type.form);
    if (!isDeepStrictEqual(form, known)) forms.set(type.name, form);
  }
  return { added, forms };
}

function merged(known: TypeForm, stated: TypeForm): TypeForm {
  if (known.kind !== 'ec2' || stated.kind !== 'ec2') return stated;
  const defined = Object.entries(stated.facts).filter(([, value]) => value !== undefined);
  return { kind: 'ec2', facts: { ...known.facts, ...Object.fromEntries(defined) } };
}
