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
  /** Time between two looks at whether a bound on the price is due. */
  boundLookMs: 1_000,
  /** The least pause after a bound was worked out, and how many times as long as that took: a tenth of one worker at most. */
  boundRestMs: 5_000,
  boundRestFactor: 10,
  /** Pods of a cluster that is asked about: reading them takes the controller's own thread about 20 µs a pod. */
  boundPods: 20_000,
  /** Units of work for the bound, about two seconds, and for the plan before it. */
  boundWork: 1_000_000,
  boundPlanWork: 1_000_000,
} as const;
