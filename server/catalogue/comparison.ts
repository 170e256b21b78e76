// Holds our labels and allocatable resources (AL2023, no block devices) against a reference file and finds the cause of
// each difference where the figures show it. Pure: reading files and printing are in compare.ts.

import {
  allocatableOf,
  DEFAULT_NODE_CLASS_FACTS,
  deriveInstanceType,
  type Ec2InstanceFacts,
  type ResourceAmounts,
} from '../../engine/index.ts';
import { parseMilliUnits } from './quantities.ts';

/** `{type: {labels, allocatable}}`, quantities as Kubernetes writes them. */
export type ReferenceFile = Readonly<
  Record<
    string,
    { readonly labels: Readonly<Record<string, string>>; readonly allocatable: Readonly<Record<string, string>> }
  >
>;

/** One label or resource that differs; undefined where a side does not have it. */
export interface Difference {
  readonly key: string;
  readonly ours: string | undefined;
  readonly reference: string | undefined;
}

/** A type that differs. */
export interface DifferentType {
  readonly name: string;
  readonly differences: readonly Difference[];
  /** Why, in a sentence, where the facts show it. */
  readonly cause: string | undefined;
}

/** What came out. */
export interface Comparison {
  readonly sharedCount: number;
  readonly equalCount: number;
  /** Types of both sides that differ, by name. */
  readonly different: readonly DifferentType[];
  readonly onlyOurs: readonly string[];
  readonly onlyReference: readonly string[];
}

/** Labels that a reference page of types leaves out: those of the region and of how an instance is bought. */
const NOT_IN_REFERENCE = new Set(['topology.kubernetes.io/region', 'karpenter.k8s.aws/instance-tenancy']);

/** Compares every type that both sides have. Throws where the file is not of the reference's shape. */
export function compareWithReference(types: readonly Ec2InstanceFacts[], reference: ReferenceFile): Comparison {
  const names = new Set(types.map(({ name }) => name));
  const different: DifferentType[] = [];
  const onlyOurs: string[] = [];
  let sharedCount = 0;
  for (const facts of types) {
    const type = deriveInstanceType(facts, DEFAULT_NODE_CLASS_FACTS, 'us-east-1');
    const theirs = reference[type.name];
    if (theirs === undefined) {
      onlyOurs.push(type.name);
      continue;
    }
    if (theirs.labels === undefined || theirs.allocatable === undefined) {
      throw new Error(`compare: a type has no labels or no allocatable (type=${type.name})`);
    }
    sharedCount += 1;
    const labels = Object.entries(type.labels).filter(([key]) => !NOT_IN_REFERENCE.has(key));
    const differences = [
      ...differencesOf(
        new Map(labels.map(([key, values]) => [key, values.join()])),
        new Map(Object.entries(theirs.labels)),
      ),
      ...differencesOf(milliUnits(allocatableOf(type)), referenceMilliUnits(theirs.allocatable)),
    ];
    if (differences.length === 0) continue;
    const cause = causeOf(facts, differences);
    different.push({ name: type.name, differences, cause });
  }
  return {
    sharedCount,
    equalCount: sharedCount - different.length,
    different,
    onlyOurs,
    onlyReference: Object.keys(reference)
      .filter((name) => !names.has(name))
      .sort(),
  };
}

/** Every difference of a type must be explained, else none is: a cause that covers half of them would mislead. */
function causeOf(facts: Ec2InstanceFacts, differences: readonly Difference[]): string | undefined {
  const causes = new Set<string>();
  for (const difference of differences) {
    const cause = clockCause(difference) ?? networkCardCause(facts, difference, differences);
    if (cause === undefined) return undefined;
    causes.add(cause);
  }
  return [...causes].join(' ');
}

/** Age of the data: EC2 states a clock on both sides, and the two differ. */
function clockCause({ key, ours, reference }: Difference): string | undefined {
  if (key !== 'karpenter.k8s.aws/instance-cpu-sustained-clock-speed-mhz') return undefined;
  if (ours === undefined || reference === undefined || ours === '0' || reference === '0') return undefined;
  return 'Age of the data: the two readings of EC2 state different sustained clocks.';
}

/** Age of the data: the reference has all interfaces on one card, and the memory reserved follows from its pods. */
function networkCardCause(
  facts: Ec2InstanceFacts,
  { key }: Difference,
  differences: readonly Difference[],
): string | undefined {
  if ((key !== 'pods' && key !== 'memory') || facts.networkCards.length < 2) return undefined;
  const interfaceCount = facts.networkCards.reduce((sum, card) => sum + card.interfaceCount, 0);
  const podsOnOneCard = interfaceCount * (facts.ipv4AddressesPerInterface - 1) + 2;
  const pods = differences.find((difference) => difference.key === 'pods');
  if (pods?.reference !== String(podsOnOneCard * 1000)) return undefined;
  const cards = facts.networkCards.map((card) => card.interfaceCount).join(' + ');
  return (
    `Age of the data: EC2 now describes ${facts.networkCards.length} network cards (${cards} interfaces); the ` +
    `reference counts pods for ${interfaceCount} interfaces on one card, and reserves memory for them.`
  );
}

function differencesOf(ours: ReadonlyMap<string, string>, theirs: ReadonlyMap<string, string>): Difference[] {
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .filter((key) => ours.get(key) !== theirs.get(key))
    .sort()
    .map((key) => ({ key, ours: ours.get(key), reference: theirs.get(key) }));
}

function milliUnits(amounts: ResourceAmounts): Map<string, string> {
  const units = new Map([
    ['cpu', String(amounts.cpuMilli)],
    ['memory', String(amounts.memoryBytes * 1000)],
    ['ephemeral-storage', String(amounts.ephemeralStorageBytes * 1000)],
    ['pods', String(amounts.pods * 1000)],
  ]);
  for (const [name, amount] of Object.entries(amounts.extended)) units.set(name, String(amount * 1000));
  return units;
}

function referenceMilliUnits(allocatable: Readonly<Record<string, string>>): Map<string, string> {
  const units = new Map<string, string>();
  for (const [name, text] of Object.entries(allocatable)) {
    const milli = parseMilliUnits(text);
    if (milli !== 0) units.set(name, String(milli));
  }
  return units;
}
