// The walk-through as a document: what was typed and what came back. What is different each time (ids, ages, addresses) is
// replaced by its kind.
import { INTERRUPTED, type Ran } from './shell.ts';

/** Replaced in this order. */
const REPLACED: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g, 'TIME'],
  [/\b(i|ami|subnet|sg|vpc|lt|fleet|eni|vol|acl|rtb)-[0-9a-f][0-9a-f-]{7,}\b/g, '$1-ID'],
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID'],
  [/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT'],
  [/\b(A[RIPGN]\wA)[A-Z0-9]{16,17}\b/g, '$1ID'],
  [/(oidc\.eks\.[\w-]+\.amazonaws\.com\/id\/)\w+/g, '$1OIDC'],
  [/\bip-192-168-70-\d+\b/g, 'ip-192-168-70-N'],
  [/\b100\.64\.\d+\.\d+\b/g, 'IP'],
  [/\b(karpenter|inflate|batch|training|iis)-[0-9a-f]{8,10}-[a-z0-9]{5}\b/g, '$1-POD'],
  [/\b(default|spot-optimized|gpu-workloads|windows)-[a-z0-9]{5}\b/g, '$1-CLAIM'],
  [/"(InstanceProfileId)": "\w+"/g, '"$1": "ID"'],
  [/"(identity|epoch|hash)":"[^"]*"/g, '"$1":"…"'],
  [/"(port|solveUs)":\d+/g, '"$1":0'],
  [/(Resource Version: +)\d+/g, '$1N'],
  // Columns of kubectl: nothing in them lines up any more.
  [/ +(\d+m)?\d+s(?=\s|$)/gm, '  AGE'],
];

/** Text without what is different each time. */
export function normalised(text: string): string {
  return REPLACED.reduce((before, [pattern, kind]) => before.replaceAll(pattern, kind), text);
}

/** Lines of an answer that are shown; of more, the first and the last. */
const SHOWN = 30;

/** The document. */
export class Transcript {
  readonly #lines: string[] = [];

  heading(text: string): void {
    this.#lines.push(`## ${text}`, '');
  }

  say(...sentences: readonly string[]): void {
    this.#lines.push(...sentences, '');
  }

  ran({ command, output, status }: Ran): void {
    const said = normalised(output)
      .split('\n')
      .map((line) => line.trimEnd());
    while (said.at(-1) === '') said.pop();
    const cut = said.length - SHOWN;
    const shown = cut > 1 ? [...said.slice(0, SHOWN / 2), `… ${cut} lines more …`, ...said.slice(-SHOWN / 2)] : said;
    const code = status === 0 ? [] : [status === INTERRUPTED ? '^C' : `[exit code ${status}]`];
    this.#lines.push('```text', ...command.split('\n').map((line, index) => `${index === 0 ? '$' : '>'} ${line}`));
    this.#lines.push(...shown.map(shortened), ...code, '```', '');
  }

  text(introduction: string): string {
    return `${[introduction.trimEnd(), '', ...this.#lines].join('\n').trimEnd()}\n`;
  }

  /** What was typed up to now, as the document has it. */
  get commands(): string[] {
    return commandsIn(this.text(''));
  }
}

/** The commands of such a document, each with the lines on which it goes on. */
export function commandsIn(text: string): string[] {
  const blocks = [...text.matchAll(/^```text\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block.split('\n'));
  return blocks.map((lines) => {
    const end = lines.findIndex((line, index) => index > 0 && !line.startsWith('> '));
    return lines
      .slice(0, end)
      .map((line) => line.slice(2))
      .join('\n');
  });
}

/** Of a line of the controller's log, whose message comes last. */
const [HEAD, TAIL] = [160, 480];

function shortened(line: string): string {
  if (!line.startsWith('{"level"') || line.length <= HEAD + TAIL) return line;
  return `${line.slice(0, HEAD)} … ${line.slice(-TAIL)}`;
}
