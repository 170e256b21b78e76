// Makes a failing case smaller: leaves out one thing after the other, whole halves of lists first, and keeps what still
// fails. What is left is what somebody has to read.
import type { GeneratedCase } from './generate/index.ts';
import { LIMITS } from './limits.ts';

/** Lists of a case that can do with fewer entries. */
const LISTS = ['pods', 'existing', 'daemonSets', 'nodePools', 'instanceTypes'] as const;

/** The smallest case found that still fails. Tries a bounded number of cases. */
export async function reduceCase(
  failing: GeneratedCase,
  fails: (candidate: GeneratedCase) => Promise<boolean>,
): Promise<GeneratedCase> {
  let smallest = failing;
  let triesLeft: number = LIMITS.reductionTries;
  const tryCase = async (candidate: GeneratedCase): Promise<boolean> => {
    if (triesLeft === 0) return false;
    triesLeft -= 1;
    if (!(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  for (let shrank = true; shrank && triesLeft > 0; ) {
    shrank = false;
    for (const list of LISTS) {
      for (let size = Math.ceil(smallest[list].length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
        for (let start = 0; start < smallest[list].length; ) {
          const rest = smallest[list].filter((_, index) => index < start || index >= start + size);
          // The entries that come after have moved up to `start` when it worked.
          if (await tryCase({ ...smallest, [list]: rest })) shrank = true;
          else start += size;
        }
      }
    }
  }
  return smallest;
}
