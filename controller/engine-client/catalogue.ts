// Which of the planning service's catalogues is meant: the one of the cloud's account and region.
import { create } from '@bufbuild/protobuf';
import { type CatalogueReference, CatalogueReferenceSchema } from '../../proto/index.ts';
import type { Cloud } from '../ports/index.ts';

/** The catalogue of what a cloud sells. */
export function catalogueOf({ catalogue }: Pick<Cloud, 'catalogue'>): CatalogueReference {
  return create(CatalogueReferenceSchema, { catalogue: { case: 'identity', value: catalogue } });
}
