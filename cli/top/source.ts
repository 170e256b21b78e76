// Where top looks. What it says is the overview that the page shows, too.
import type { NodeView, Overview } from '../../controller/overview/index.ts';

/** What a source says at a moment. */
export interface TopView {
  readonly overview: Overview;
  /** By this machine's clock, milliseconds since 1970: when it was so. */
  readonly heardMs: number;
}

/** Something that can be looked at. */
export interface TopSource {
  /** Where it leads, for messages. */
  readonly name: string;
  /** The latest; it rejects only until there has been a first one. */
  view(): Promise<TopView>;
  /** The labels of a node as far as the source knows them. */
  labelsOf(node: NodeView): Readonly<Record<string, string>>;
  /** Why nothing can be chosen by a label; undefined where it can. */
  knowsLabel(key: string): string | undefined;
  close(): Promise<void>;
}
