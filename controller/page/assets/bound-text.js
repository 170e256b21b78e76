// What is said of the lower bound on the price. Pure.
import { clockTime, counted, monthly, price } from './format.js';

/** @typedef {import('./model.js').BoundView} BoundView */
/** @typedef {Extract<BoundView, { kind: 'proven' }>} ProvenBound */

/** Prices within this share are the same to a reader: a bound is a little below what is proven to be best. */
const SAME_SHARE = 0.001;

/**
 * By what share what is there costs more than the bound; undefined where they are not of the same pods.
 * @param {ProvenBound} bound
 * @param {number} pricePerHour what is there
 */
function shareAbove({ isOfNow, pricePerHour: least }, pricePerHour) {
  if (!isOfNow || least === 0 || pricePerHour === 0) return undefined;
  const share = pricePerHour / least - 1;
  return Math.abs(share) < SAME_SHARE ? 0 : share;
}

/** @param {number} share */
function percentText(share) {
  const percent = 100 * Math.abs(share);
  return `${percent.toFixed(percent < 10 ? 1 : 0)}\u00a0%`;
}

/**
 * What stands under the bound among the figures: "~$53.38 a month; paid +4.2 %"
 * @param {ProvenBound} bound
 * @param {number} pricePerHour what is there
 */
export function boundMore(bound, pricePerHour) {
  const month = `${monthly(bound.pricePerHour, bound.hasEstimates)} a month`;
  if (!bound.isOfNow) return `${month}, of ${clockTime(bound.timeMs)}`;
  const share = shareAbove(bound, pricePerHour);
  if (share === undefined) return month;
  return share === 0
    ? `${month}; paid within 0.1\u00a0%`
    : `${month}; paid ${share < 0 ? '-' : '+'}${percentText(share)}`;
}

/**
 * The line under the figures.
 * @param {BoundView} bound
 * @param {number} pricePerHour what is there
 */
export function boundSummary(bound, pricePerHour) {
  if (bound.kind === 'missing') return `Lower bound: ${bound.why}`;
  const time = clockTime(bound.timeMs);
  const pods = counted(bound.podCount, 'pod');
  if (!bound.isOfNow) return `The lower bound is of ${time}, for ${pods}: pods, pools or prices have changed since`;
  const least = `${price(bound.pricePerHour, bound.hasEstimates)} an hour`;
  const share = shareAbove(bound, pricePerHour);
  const paid =
    share === undefined
      ? ''
      : share === 0
        ? '; what is paid is within 0.1\u00a0% of it'
        : share > 0
          ? `; ${percentText(share)} more is paid`
          : `; ${percentText(share)} less is paid, for nodes that can not be had at their price any more`;
  return `Proven at ${time}: no nodes to be had run these ${pods} for less than ${least}${paid}`;
}

/**
 * What the bound is about.
 * @param {BoundView} bound
 */
export function boundAbout(bound) {
  if (bound.kind === 'missing') return 'It is asked for beside the work and never before a plan.';
  const { keptPerHour, leftOut, isConverged, hasEstimates } = bound;
  const kept = `${price(keptPerHour, hasEstimates)} of it is for nodes that no pool made: they stay.`;
  const out = `${counted(leftOut, 'pod')} that nothing on sale holds ${leftOut === 1 ? 'is' : 'are'} not in it.`;
  return [
    'It is what all pods cost at least if the pools got all of their nodes anew, by list prices of what is on sale.',
    ...(keptPerHour > 0 ? [kept] : []),
    ...(leftOut > 0 ? [out] : []),
    ...(isConverged ? [] : ['The work on it ran out: more may be provable.']),
    ...(hasEstimates ? ['Some of those prices are estimates, which ~ marks.'] : []),
  ].join(' ');
}
