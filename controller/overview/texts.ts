// How amounts and lists are said. Pure.
import type { Fullness, WorkloadCount } from './overview.ts';

/** Hours that a month is counted with. */
export const HOURS_PER_MONTH = 730;

/** ~$0.1234; the mark stands for an estimate. */
export function priceText(dollars: number, isEstimate: boolean): string {
  const digits = dollars !== 0 && dollars < 0.001 ? dollars.toPrecision(2) : dollars.toFixed(dollars >= 100 ? 2 : 4);
  return `${isEstimate ? '~' : ''}$${digits}`;
}

/** "~$0.1234 an hour, ~$90.08 a month". */
export function priceTexts(perHour: number, isEstimate: boolean): string {
  const month = `${isEstimate ? '~' : ''}$${(perHour * HOURS_PER_MONTH).toFixed(2)}`;
  return `${priceText(perHour, isEstimate)} an hour, ${month} a month`;
}

/** A number with commas between thousands. */
function thousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** "1 pod", "2,000 pods". */
export function countText(count: number, noun: string): string {
  return `${thousands(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** "5 pods of deployment/inflate, 2 of deployment/web". */
export function podsText(counts: readonly WorkloadCount[]): string {
  const named = counts.slice(0, 3).map(({ workload, count }, index) => {
    return `${index === 0 ? countText(count, 'pod') : thousands(count)} of ${workload}`;
  });
  const rest = counts.slice(3).reduce((sum, { count }) => sum + count, 0);
  return [...named, ...(rest > 0 ? [`${thousands(rest)} of others`] : [])].join(', ');
}

/** How full something is, in whole percent; nothing is empty. */
export function percentOf({ used, of }: Fullness): number {
  return of === 0 ? 0 : Math.round((100 * used) / of);
}

/** "62 %"; "-" where there is nothing to be full. */
export function percentText(fullness: Fullness): string {
  return fullness.of === 0 ? '-' : `${percentOf(fullness)} %`;
}
