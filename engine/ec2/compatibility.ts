// Whether EC2 would launch a node class on a type at all. Whether pods fit is not asked here.

import type { Ec2InstanceFacts, Incompatibility, NodeClassFacts } from './facts.ts';

/** The first reason why the node class cannot be launched on the type, or undefined where it can. */
export function incompatibilityOf(facts: Ec2InstanceFacts, nodeClass: NodeClassFacts): Incompatibility | undefined {
  if (!networkInterfacesFit(facts, nodeClass)) return 'network-interfaces-do-not-fit';
  // Amazon Linux 2023 does not boot on the first Graviton generation.
  if (nodeClass.amiFamily === 'AL2023' && facts.name.startsWith('a1.')) return 'image-family-does-not-support-type';
  if (nodeClass.nestedVirtualization && !facts.nestedVirtualization) return 'nested-virtualization-not-supported';
  if (nodeClass.placementStrategy !== undefined && !facts.placementStrategies.includes(nodeClass.placementStrategy)) {
    return 'placement-strategy-not-supported';
  }
  if (nodeClass.connectionTracking && facts.hypervisor !== 'nitro') return 'connection-tracking-needs-nitro';
  return undefined;
}

function networkInterfacesFit(facts: Ec2InstanceFacts, nodeClass: NodeClassFacts): boolean {
  if (nodeClass.networkInterfaces.length === 0) return true;
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
