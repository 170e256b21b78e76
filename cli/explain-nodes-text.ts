// Explanations of planned nodes as text for people: one line of why for each row, or everything about the nodes that were
// asked for. Pure: an answer of the service in, lines out.

import { capacityTypeName, dollars } from '../controller/kubernetes/index.ts';
import { bareAmount } from '../engine/index.ts';
import {
  type NodeAlternative,
  type NodeExplanation,
  type Plan,
  PriceSource,
  type RankedOffering,
} from '../proto/index.ts';
import type { Style } from './console.ts';
import { counted, figures, paragraph } from './text-layout.ts';

/** What texts are made from. */
export interface NodesTextInput {
  readonly plan: Plan;
  readonly nodes: readonly NodeExplanation[];
  readonly nodesNotShown: number;
  readonly paint: (style: Style, text: string) => string;
}

/** "new nodes 3 to 5 (m5.large spot in us-east-1a)". `index` counts from 0, people from 1. */
export function plannedNodeText(plan: Plan, index: number, count: number): string {
  const node = plan.nodes[index];
  const first = plan.offeringLists[node?.offeringList ?? 0]?.offerings[0];
  const offering = first === undefined ? undefined : plan.offerings[first];
  return `new ${numbersText(index + 1, index + count)} (${offering === undefined ? '' : offeringText(offering)})`;
}

/** One row of why for each kind of nodes. */
export function nodeRows({ plan, nodes, nodesNotShown, paint }: NodesTextInput): string[] {
  if (nodes.length === 0) return [];
  const lines = [paint('bold', 'NEW NODES')];
  for (const explanation of nodes) {
    lines.push(`  ${headingText(plan, explanation)}`, ...paragraph(explanation.text, 4));
  }
  if (nodesNotShown > 0)
    lines.push(`  ${counted(nodesNotShown, 'more kind')} of nodes not explained: name one with --node`);
  lines.push('  (--node N tells more of a node)');
  return lines;
}

/** Everything about nodes. */
export function nodeDetails({ plan, nodes, paint }: NodesTextInput): string[] {
  return nodes.flatMap((explanation, index) => [
    ...(index === 0 ? [] : ['']),
    paint('bold', headingText(plan, explanation)),
    ...paragraph(explanation.text, 2),
    '',
    ...useLines(explanation),
    ...losingLines(explanation),
    ...alternativeLines(explanation),
  ]);
}

/** "nodes 1 to 5: t4g.small spot in us-east-1a, pool stable, ~$0.0067". */
function headingText(plan: Plan, { nodes, chosen }: NodeExplanation): string {
  const first = (nodes[0] ?? 0) + 1;
  const last = (nodes.at(-1) ?? 0) + 1;
  const pool = plan.nodes[first - 1]?.nodePool ?? '';
  return `${numbersText(first, last)}: ${chosen === undefined ? '' : offeringText(chosen)}, pool ${pool}, ${chosen === undefined ? '' : priceText(chosen)}`;
}

function numbersText(first: number, last: number): string {
  return first === last ? `node ${first}` : `nodes ${first} to ${last}`;
}

function offeringText(offering: RankedOffering): string {
  return `${offering.instanceType} ${capacityTypeName(offering.capacityType)} in ${offering.zone}`;
}

function priceText(offering: RankedOffering): string {
  const mark = offering.priceSource === PriceSource.ESTIMATED ? '~' : '';
  return `${mark}$${moneyText(dollars(offering.priceNanoUsdPerHour))}`;
}

/** Four digits, or as many as it takes to show that it is not nothing. */
function moneyText(amount: number): string {
  return amount !== 0 && Math.abs(amount) < 0.001 ? amount.toPrecision(2) : amount.toFixed(4);
}

function differenceText(nano: bigint): string {
  return `${nano < 0n ? '-' : '+'}$${moneyText(Math.abs(dollars(nano)))}`;
}

function useLines({ use }: NodeExplanation): string[] {
  const rows = use.map(({ resource, pods, daemonSets, allocatable }) => {
    const show = (amount: bigint) => bareAmount(resource, Number(amount));
    const share = allocatable === 0n ? 0 : Math.round((100 * Number(pods + daemonSets)) / Number(allocatable));
    return [resource, show(pods), show(daemonSets), show(allocatable), `${share} %`];
  });
  return figures(['RESOURCE', 'PODS', 'DAEMONSETS', 'OF', 'FULL'], rows, 2);
}

function losingLines({ losing, podCount }: NodeExplanation): string[] {
  if (losing.length === 0) return [];
  const rows = losing.map(
    ({ offering, differenceNanoUsdPerHour, holdsPods, pricePerPodNanoUsdPerHour, bottleneck }) => [
      offering === undefined ? '' : offeringText(offering).replace(' in ', ' '),
      offering === undefined ? '' : priceText(offering),
      differenceText(differenceNanoUsdPerHour),
      `${holdsPods} of ${podCount}`,
      holdsPods === 0 ? '-' : `$${moneyText(dollars(pricePerPodNanoUsdPerHour))}`,
      bottleneck === '' ? '-' : bottleneck,
    ],
  );
  const excluded = losing.flatMap(({ offering, excludedBy }) =>
    excludedBy === '' ? [] : paragraph(`${offering?.instanceType}: ${excludedBy}`, 4),
  );
  return ['', ...figures(['NOT CHOSEN', '$/HOUR', 'MORE', 'HOLDS', '$/POD', 'SHORT OF'], rows, 2), ...excluded];
}

/** Labels in words. */
const NOUNS: Readonly<Record<string, string>> = {
  'karpenter.sh/capacity-type': 'capacity',
  'topology.kubernetes.io/zone': 'zone',
  'kubernetes.io/arch': 'architecture',
};

function alternativeLines({ alternatives }: NodeExplanation): string[] {
  if (alternatives.length === 0) return [];
  return ['', '  OTHERWISE', ...alternatives.flatMap((alternative) => paragraph(alternativeText(alternative), 4))];
}

function alternativeText({
  key,
  value,
  offering,
  differenceNanoUsdPerHour,
  sameType,
  excludedBy,
}: NodeAlternative): string {
  const subject = `${NOUNS[key] ?? key} ${value}`;
  const same =
    sameType === undefined || sameType.instanceType === offering?.instanceType
      ? ''
      : `; ${sameType.instanceType} itself ${priceText(sameType)}`;
  if (offering === undefined) return `${subject}: ${excludedBy}${same}`;
  return `${subject}: ${offeringText(offering)} ${priceText(offering)} (${differenceText(differenceNanoUsdPerHour)})${same}`;
}
