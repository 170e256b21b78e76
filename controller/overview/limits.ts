// The bounds of the overview, together.
export const LIMITS = {
  /** Plans that are kept to be shown. */
  decisions: 12,
  /** Types that lost which are named for each kind of nodes: so many of the next ones, and so many of the cheaper ones. */
  notChosen: 3,
  /** Lines of what happened that are kept for whoever comes later. */
  happenings: 200,
  /** Time between two looks at what has changed: often enough to be called live, seldom enough to speak of crowds. */
  narrationMs: 250,
} as const;
