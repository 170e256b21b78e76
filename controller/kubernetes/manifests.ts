// Reads manifests: YAML of any number of documents, Lists, JSON, what `kubectl get -o yaml` prints. Every object keeps
// the file and the line it came from, so that whatever is wrong with it can be shown where it is. Not here: reading
// files from disk, and what the objects mean.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
  parseDocument,
  type YAMLParseError,
} from 'yaml';
import { type KubernetesObject, show } from './fields.ts';
import { MAX_DOCUMENTS, MAX_YAML_ALIASES } from './limits.ts';

/** A place in a file. Lines and columns count from 1; 0 means that only the file is known. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
}

/** An object with where it was read. */
export interface ManifestObject {
  readonly object: KubernetesObject;
  readonly file: string;
  /** Where a field of the object stands; the nearest enclosing one when it is not there. */
  readonly locate: (path: readonly (string | number)[]) => SourcePlace;
}

/** Something in a file that is left out, or that keeps it from being read. */
export interface ManifestProblem {
  readonly place: SourcePlace;
  readonly message: string;
}

/** What reading manifests comes to. */
export interface Manifests {
  readonly objects: ManifestObject[];
  /** What is not an object and is left out. */
  readonly warnings: ManifestProblem[];
  /** What makes a file unreadable. */
  readonly errors: ManifestProblem[];
}

/** One parsed file of one document. */
export interface ParsedFile {
  readonly value: unknown;
  readonly locate: (path: readonly (string | number)[]) => SourcePlace;
}

/** Reads a file that holds one document, JSON or YAML; answers a problem when it is neither. */
export function parseFile(file: string, text: string): ParsedFile | ManifestProblem {
  const parsed = parseJson(text);
  if (parsed !== undefined) return { value: parsed.value, locate: lazyJsonLocator(file, text) };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, logLevel: 'silent' });
  const [problem] = document.errors;
  if (problem !== undefined) return syntaxProblem(problem, file, lines);
  const locate = documentLocator(file, document as Document, lines);
  try {
    return { value: document.toJS({ maxAliasCount: MAX_YAML_ALIASES }), locate };
  } catch (error) {
    return { place: locate([]), message: `can't be read: ${firstLine((error as Error).message)}` };
  }
}

/** Formats a place as editors and compilers do: file:line. */
export function formatPlace(place: SourcePlace): string {
  return place.line === 0 ? place.file : `${place.file}:${place.line}`;
}

/**
 * Reads the text of one file and adds what is in it to `into`. JSON is read by the engine's own parser, which is fast
 * and keeps no lines: they are worked out by a second reading once somebody asks.
 */
export function readManifests(file: string, text: string, into: Manifests): void {
  if (/^\s*[[{]/.test(text)) {
    const parsed = parseJson(text);
    if (parsed !== undefined) {
      const locate = lazyJsonLocator(file, text);
      addDocument(parsed.value, file, [], locate, into);
      return;
    }
  }
  readYaml(file, text, into);
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // Flow-style YAML begins like JSON; the YAML parser has the better messages for what is neither.
    return undefined;
  }
}

type Locator = (path: readonly (string | number)[]) => SourcePlace;

function lazyJsonLocator(file: string, text: string): Locator {
  let locate: Locator | undefined;
  return (path) => {
    if (locate === undefined) {
      const lines = new LineCounter();
      const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent' });
      locate = documentLocator(file, document as Document, lines);
    }
    return locate(path);
  };
}

function readYaml(file: string, text: string, into: Manifests): void {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true, logLevel: 'silent' });
  if (!Array.isArray(documents)) return;
  if (documents.length > MAX_DOCUMENTS) {
    into.errors.push({ place: { file, line: 0 }, message: `has more than ${MAX_DOCUMENTS} documents: split the file` });
    return;
  }
  for (const document of documents) {
    const [problem] = document.errors;
    if (problem !== undefined) {
      into.errors.push(syntaxProblem(problem, file, lines));
      continue;
    }
    const locate = documentLocator(file, document as Document, lines);
    try {
      addDocument(document.toJS({ maxAliasCount: MAX_YAML_ALIASES }), file, [], locate, into);
    } catch (error) {
      into.errors.push({ place: locate([]), message: `can't be read: ${firstLine((error as Error).message)}` });
    }
  }
}

function syntaxProblem(problem: YAMLParseError, file: string, lines: LineCounter): ManifestProblem {
  const line = problem.linePos?.[0].line ?? lines.linePos(problem.pos[0]).line;
  return { place: { file, line }, message: `is neither YAML nor JSON: ${firstLine(problem.message)}` };
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message;
}

/** Finds the line of the deepest part of a path that the document has. */
function documentLocator(file: string, document: Document, lines: LineCounter): Locator {
  return (path) => {
    let node = document.contents as ParsedNode | null | undefined;
    let offset = node?.range?.[0] ?? document.range?.[0] ?? 0;
    for (const key of path) {
      if (isAlias(node)) node = node.resolve(document) as ParsedNode | undefined;
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
        if (pair === undefined) break;
        offset = (pair.key as ParsedNode).range?.[0] ?? offset;
        node = pair.value as ParsedNode | null;
      } else if (isSeq(node) && typeof key === 'number') {
        const item = node.items[key] as ParsedNode | undefined;
        if (item === undefined) break;
        offset = item.range?.[0] ?? offset;
        node = item;
      } else break;
    }
    return { file, line: lines.linePos(offset).line };
  };
}

/** Adds one document: an object, a list of objects, or a warning about what is neither. */
function addDocument(
  value: unknown,
  file: string,
  prefix: readonly (string | number)[],
  locate: Locator,
  into: Manifests,
  kindOfItems = '',
): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) {
    for (const [index, entry] of value.entries())
      addDocument(entry, file, [...prefix, index], locate, into, kindOfItems);
    return;
  }
  if (typeof value !== 'object') {
    into.warnings.push({ place: locate(prefix), message: `${show(value)} is not a Kubernetes object: left out` });
    return;
  }
  const object = value as KubernetesObject;
  const kind = typeof object.kind === 'string' && object.kind !== '' ? object.kind : kindOfItems;
  if (kind.endsWith('List') && Array.isArray(object.items)) {
    const itemKind = kind === 'List' ? '' : kind.slice(0, -'List'.length);
    addDocument(object.items, file, [...prefix, 'items'], locate, into, itemKind);
    return;
  }
  if (kind === '') {
    const keys = Object.keys(object).slice(0, 3).join(', ');
    into.warnings.push({
      place: locate(prefix),
      message: `has no kind, only ${keys || 'nothing'}: left out (a fragment counts once it is part of an object)`,
    });
    return;
  }
  into.objects.push({
    object: object.kind === kind ? object : { ...object, kind },
    file,
    locate: (path) => locate([...prefix, ...path]),
  });
}
