// Lists of any length, page by page.
import type { ApiObject, Cluster, Selection } from './cluster.ts';
import type { Kind } from './kinds.ts';

/** Objects of one page. */
const PAGE_SIZE = 500;

/** Every object of a kind, as the API server has them now; a page is asked for when the one before it has been read. */
export async function* everyItem(
  cluster: Pick<Cluster, 'list'>,
  kind: Kind,
  selection: Selection = {},
  signal?: AbortSignal,
): AsyncGenerator<ApiObject> {
  let continueToken: string | undefined;
  do {
    const options = { ...selection, limit: PAGE_SIZE, ...(continueToken === undefined ? {} : { continueToken }) };
    const page = await cluster.list(kind, options, signal);
    yield* page.items;
    continueToken = page.continueToken;
  } while (continueToken !== undefined);
}
