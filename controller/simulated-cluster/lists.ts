// Lists in pages. All pages of a list show the state in which its first was read; a token is good for as long as watches
// can start from that state, as on a real API server.
import type { ApiObject, Kind, ObjectPage, Selection } from '../ports/index.ts';
import { badRequest, gone, notFound } from './errors.ts';
import { rulesOf } from './kind-rules.ts';
import { LIMITS } from './limits.ts';
import { selectionTest } from './selectors.ts';
import type { Storage } from './storage.ts';

interface OpenList {
  readonly version: number;
  readonly items: readonly ApiObject[];
}

/** Which page is asked for. */
export type ListOptions = Selection & { readonly limit?: number; readonly continueToken?: string };

/** Lists of a storage, those that are under way kept. */
export class Lists {
  readonly #storage: Storage;
  readonly #open = new Map<string, OpenList>();
  #count = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  page(kind: Kind, options: ListOptions): ObjectPage {
    const rules = rulesOf(kind);
    if (rules === undefined) throw notFound(kind, { name: '' });
    const test = selectionTest(rules, options);
    if (options.continueToken !== undefined) return this.#nextPage(options.continueToken, options.limit);
    const items = this.#storage.sorted(kind).filter(test);
    const { version } = this.#storage;
    if (options.limit === undefined || options.limit === 0 || items.length <= options.limit) {
      return { items, resourceVersion: String(version) };
    }
    const id = String(this.#count++);
    this.#open.set(id, { version, items });
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= LIMITS.openLists) break;
      this.#open.delete(oldest);
    }
    return this.#pageOf(id, { version, items }, 0, options.limit);
  }

  #nextPage(token: string, limit: number | undefined): ObjectPage {
    const match = /^(\d+)\.(\d+)$/.exec(token);
    if (match === null) throw badRequest(`continue key is not valid: ${token}`);
    const [, id = '', offset] = match;
    const list = this.#open.get(id);
    if (list === undefined || list.version < this.#storage.compactedVersion) {
      this.#open.delete(id);
      throw gone('The provided continue parameter is too old to display a consistent list result. Start a new list.');
    }
    return this.#pageOf(id, list, Number(offset), limit === undefined || limit === 0 ? list.items.length : limit);
  }

  #pageOf(id: string, list: OpenList, offset: number, limit: number): ObjectPage {
    const items = list.items.slice(offset, offset + limit);
    const resourceVersion = String(list.version);
    const next = offset + items.length;
    if (next >= list.items.length) return { items, resourceVersion };
    return { items, resourceVersion, continueToken: `${id}.${next}` };
  }
}
