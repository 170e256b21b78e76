// Counts that are written as a number or as a share of some total.

/** `3` or `'25%'` of a total. */
export function countOf(written: unknown, total: number, rounding: 'up' | 'down'): number {
  if (typeof written === 'number') return written;
  const share = /^(\d+)%$/.exec(String(written));
  if (share === null) return 0;
  const exact = (Number(share[1]) * total) / 100;
  return rounding === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
