// Every bound of the EC2 adapter. EC2's own are named as such; the others are Karpenter's where it has them.
export const LIMITS = {
  /** Identical launches wait so long for each other, and no longer than the second. */
  launchIdleMs: 35,
  launchMaxMs: 1_000,
  /** Instances of one call, of EC2: a fleet of type instant takes no more at once. */
  launchMost: 1_000,
  /** Instance types of one launch. The ranking is cut there already, unless minValues need more. */
  readIdleMs: 100,
  readMaxMs: 1_000,
  /** Ids of one terminate call. */
  terminateMost: 500,
  /** Values of one filter, of EC2. */
  filterValues: 200,
  /** Instances of one page, of EC2. */
  pageSize: 1_000,
  /** A launch of which nobody knows what it did is tried so often in a row, and looked for by tag before each time. */
  unclearTries: 4,
  /** And for so long after it was first sent its refusals say nothing: its instances may still come to light. */
  unclearMs: 120_000,
  /** Throttled launches are sent again, at first after this pause, then after twice as long. */
  throttledTries: 6,
  pauseMs: 500,
  longestPauseMs: 8_000,
  /** Looks at an instance that was just launched and that EC2 does not show yet. */
  visibleTries: 4,
  visiblePauseMs: 250,
  /** A launch that is settled is remembered at least so long, and until its claims say which instance they have. */
  recordKeepMs: 120_000,
  /** A launch template that no launch has used for so long is deleted. */
  templateIdleMs: 300_000,
  /** What is known of the cluster, and of parameters of SSM. */
  clusterFactsMs: 300_000,
  parameterMs: 86_400_000,
  /** Security groups, instance profiles. */
  groupsMs: 300_000,
  profileMs: 900_000,
  /** Capacity reservations and what is free of them; one of which nobody has told for so long is not offered any more. */
  reservationsMs: 60_000,
  reservationsKeptMs: 600_000,
  /** An instance profile that nobody uses any more is left so long. */
  oldProfileMs: 3_600_000,
  /** A validation by dry runs holds so long. */
  validationMs: 1_800_000,
  /** What was looked up is kept for so many node classes. */
  rememberedClasses: 256,
  /** Instance types of one page, and products of one page of the price list: EC2's and its own. */
  typesPageSize: 100,
  productsPageSize: 100,
  /** One reading of a part of the catalogue takes no longer, all pages and tries together. */
  readingMs: 120_000,
  /** Whoever asks what is on sale waits so long for readings that take their time, and comes back for them. */
  readingWaitMs: 30_000,
  readingPollMs: 5_000,
  /** A reading that failed is tried again after this pause, then after twice as long. */
  readPauseMs: 60_000,
  longestReadPauseMs: 900_000,
  /** Periods and pauses are shortened by chance by up to this share. */
  readJitter: 0.1,
  /** SQS: seconds of one poll, seconds until what was not acknowledged comes again, messages of one poll. */
  queueWaitSeconds: 20,
  queueVisibilitySeconds: 20,
  queueMessages: 10,
  queuePauseMs: 5_000,
  /** Characters of a message of AWS that is passed on. */
  messageLength: 600,
} as const;
