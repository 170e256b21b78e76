// Makes whole nodes of a mixture: as many of each pattern as it has in full, most used first, cut to the pods that are left,
// and the remainder packed greedily. Nothing is searched for here.
import { downsize, LimitBook, type LimitTable, type PackedNodes, type PackingInstance } from '../pack/index.ts';
import type { Pattern } from './pattern-pool.ts';

/** A mixture rounded down, with what it leaves. */
export interface Rounded {
  readonly nodes: readonly PackedNodes[];
  /** `Float64Array[shapes]`. */
  readonly left: Float64Array;
  /** The limits with what these nodes leave of them. */
  readonly limits: LimitTable;
}

/** A copy with less than this share of its pods left is not made. */
const LEAST_KEPT_SHARE = 0.5;

/**
 * Takes each pattern as often as the mixture has it, `offset` added, in whole numbers. Pods that are not there any more are
 * left out of a last copy where enough of it remains.
 */
export function roundMixture(
  instance: PackingInstance,
  mixture: readonly { readonly pattern: Pattern; readonly amount: number }[],
  counts: Float64Array,
  limits: LimitTable,
  offset: number,
): Rounded {
  const left = counts.slice();
  const book = new LimitBook(instance, limits);
  const nodes: PackedNodes[] = [];
  const put = (classIndex: number, shapes: readonly number[], pods: readonly number[], wanted: number): number => {
    const nodeCount = book.most(classIndex, wanted);
    if (nodeCount === 0) return 0;
    book.take(classIndex, nodeCount);
    shapes.forEach((shape, entry) => {
      left[shape]! -= pods[entry]! * nodeCount;
    });
    nodes.push({ classIndex, nodeCount, shapes, pods });
    return nodeCount;
  };
  for (const { pattern, amount } of mixture) {
    const { classIndex, shapes, pods } = pattern;
    const wanted = Math.floor(amount + offset);
    let whole = wanted;
    for (let entry = 0; entry < shapes.length; entry++) {
      whole = Math.min(whole, Math.floor(left[shapes[entry]!]! / pods[entry]!));
    }
    const made = whole === 0 ? 0 : put(classIndex, shapes, pods, whole);
    if (made < whole || whole === wanted) continue;
    const cut = cutToLeft(shapes, pods, left);
    if (cut !== undefined) put(classIndex, cut.shapes, cut.pods, 1);
  }
  downsize(instance, nodes, book);
  return { nodes, left, limits: { ...limits, remaining: book.remaining, free: book.free } };
}

function cutToLeft(
  shapes: readonly number[],
  pods: readonly number[],
  left: Float64Array,
): { readonly shapes: readonly number[]; readonly pods: readonly number[] } | undefined {
  const cutPods = shapes.map((shape, entry) => Math.min(pods[entry]!, left[shape]!));
  let kept = 0;
  cutPods.forEach((count, entry) => {
    kept += count / pods[entry]! / pods.length;
  });
  if (kept < LEAST_KEPT_SHARE) return undefined;
  const entries = shapes.flatMap((shape, entry) => (cutPods[entry]! > 0 ? [{ shape, count: cutPods[entry]! }] : []));
  return { shapes: entries.map(({ shape }) => shape), pods: entries.map(({ count }) => count) };
}
