// What we accept although Karpenter 1.14.1 refuses it, and the few things the other way round, each with its reason.
// verdicts.test.ts fails for a difference that is not here, and for an entry that no question meets.
import type { Json, Question } from './corpus/index.ts';

/** A class of questions on which the two differ. */
export interface VerdictDifference {
  readonly reason: string;
  readonly matches: (question: Question, refusal: string) => boolean;
}

/** Refused by Karpenter, accepted here. `refusal` is what Karpenter says. */
export const ONLY_HERE: readonly VerdictDifference[] = [
  {
    reason: 'parts of a NodePool that the mission’s manifests leave out have defaults',
    matches: ({ kind }, refusal) =>
      kind === 'NodePool' &&
      /spec\.(template|template\.spec|template\.spec\.(requirements|nodeClassRef|nodeClassRef\.(group|kind|name))|disruption\.consolidateAfter): Required value/.test(
        refusal,
      ),
  },
  {
    reason: 'an EC2NodeClass without amiSelectorTerms gets the newest image of its family',
    matches: ({ kind }, refusal) => kind === 'EC2NodeClass' && /spec\.amiSelectorTerms: Required value/.test(refusal),
  },
  {
    reason: 'a list of capacity reservations without terms selects none; the refusal names something else',
    matches: ({ value }) => isEmptyList((value as Json | undefined)?.capacityReservationSelectorTerms),
  },
  {
    reason: 'volumes may have 18Ti and other sizes within the bounds, which the pattern leaves out by mistake',
    matches: (_question, refusal) => /volumeSize: Invalid value: "18Ti"/.test(refusal),
  },
];

/** Accepted by Karpenter, refused here. `refusal` is what we say. */
export const ONLY_THERE: readonly VerdictDifference[] = [
  {
    reason: 'the pattern of volumeSize lets units without a number pass, which Karpenter’s own controller can’t read',
    matches: (_question, refusal) => /volumeSize: Invalid value: "(Ti|T)"/.test(refusal),
  },
];

/** Where our own check, which works without an API server, is stricter than it. */
export const STRICTER_CHECK: readonly VerdictDifference[] = [
  {
    reason: 'the API server lets an empty list pass for a moment, which no client can read',
    matches: ({ what }) => /(timeAdded|lastTransitionTime|lastPodEventTime|endTime) = \[\]$/.test(what),
  },
];

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
