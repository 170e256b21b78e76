// Whether EC2 would launch a node class on each type at all. Whether pods fit is not asked here.

import { FACT_FLAGS, type FactColumns } from './fact-columns.ts';
import type { Ec2InstanceFacts, Incompatibility, NodeClassFacts, PlacementStrategy } from './facts.ts';

const PLACEMENT_FLAGS: Readonly<Record<PlacementStrategy, number>> = {
  cluster: FACT_FLAGS.clusterPlacement,
  partition: FACT_FLAGS.partitionPlacement,
  spread: FACT_FLAGS.spreadPlacement,
};

/**
 * Types that the node class cannot be launched on, each with the first reason. `factsOf` is asked only for node classes that
 * list network interfaces: cards are not in the columns.
 */
export function incompatibilitiesOf(
  { typeCount, flags }: FactColumns,
  nodeClass: NodeClassFacts,
  factsOf: (type: number) => Ec2InstanceFacts,
): Map<number, Incompatibility> {
  const found = new Map<number, Incompatibility>();
  const checks = flagChecks(nodeClass);
  const { ec2 } = FACT_FLAGS;
  const listsInterfaces = nodeClass.networkInterfaces.length > 0;
  for (let type = 0; type < typeCount; type++) {
    const has = flags[type]!;
    if ((has & ec2) === 0) continue;
    if (listsInterfaces && !networkInterfacesFit(factsOf(type), nodeClass)) {
      found.set(type, 'network-interfaces-do-not-fit');
      continue;
    }
    for (const { flag, fits, reason } of checks) {
      if (((has & flag) !== 0) === fits) continue;
      found.set(type, reason);
      break;
    }
  }
  return found;
}

/** A flag that a type must have, or must not have, in the order in which reasons count. */
interface FlagCheck {
  readonly flag: number;
  readonly fits: boolean;
  readonly reason: Incompatibility;
}

function flagChecks(nodeClass: NodeClassFacts): FlagCheck[] {
  const checks: FlagCheck[] = [];
  const check = (flag: number, fits: boolean, reason: Incompatibility): void => {
    checks.push({ flag, fits, reason });
  };
  // Amazon Linux 2023 does not boot on the first Graviton generation.
  if (nodeClass.amiFamily === 'AL2023') check(FACT_FLAGS.firstGraviton, false, 'image-family-does-not-support-type');
  if (nodeClass.nestedVirtualization) {
    check(FACT_FLAGS.nestedVirtualization, true, 'nested-virtualization-not-supported');
  }
  if (nodeClass.placementStrategy !== undefined) {
    check(PLACEMENT_FLAGS[nodeClass.placementStrategy], true, 'placement-strategy-not-supported');
  }
  if (nodeClass.connectionTracking) check(FACT_FLAGS.nitro, true, 'connection-tracking-needs-nitro');
  return checks;
}

function networkInterfacesFit(facts: Ec2InstanceFacts, nodeClass: NodeClassFacts): boolean {
  if (facts.enaSupport === 'unsupported') return false;
  let efaOnlyCount = 0;
  for (const wanted of nodeClass.networkInterfaces) {
    if (wanted.networkCardIndex >= facts.networkCards.length) return false;
    const card = facts.networkCards.find((candidate) => candidate.index === wanted.networkCardIndex);
    if (card === undefined || wanted.deviceIndex >= card.interfaceCount) return false;
    if (wanted.kind === 'efa-only') efaOnlyCount += 1;
  }
  return efaOnlyCount <= (facts.efaInterfaceCount ?? 0);
}
