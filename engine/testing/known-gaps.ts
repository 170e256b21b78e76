// What the engine is known not to keep yet, taken out of what the properties look at so that they watch the rest. It lists
// gaps, it excuses none: whoever closes one deletes its line here, and the properties then cover it.

/** Violations without those that come from known gaps. */
export function exceptKnownGaps(violations: readonly string[]): string[] {
  // A pod that has a preference to give up comes after pods without rules, which may have taken its domain by then.
  return violations.filter((violation) => !/^unplaced-topology: /.test(violation));
}
