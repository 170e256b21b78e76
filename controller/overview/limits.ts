// The bounds of the overview, together.
export const LIMITS = {
  /** Plans that are kept to be shown. */
  decisions: 12,
  /** Kinds of nodes of one plan that are shown; the rest is counted. */
  kindsOfNodes: 20,
  /** Types that lost which are named for each kind of nodes. */
  notChosen: 3,
  /** Pages of offerings that are read at most. */
  offeringsPerPage: 10_000,
} as const;
