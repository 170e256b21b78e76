// How amounts are written. Pure.

const HOURS_PER_MONTH = 730;
const GIB = 2 ** 30;

/**
 * What writes numbers with so many digits behind the point. Made once: making one takes as long as writing a hundred.
 * @param {number} least
 * @param {number} most
 */
function writer(least, most) {
  return new Intl.NumberFormat('en-US', { minimumFractionDigits: least, maximumFractionDigits: most });
}

const WHOLE = writer(0, 0);
const UP_TO_ONE = writer(0, 1);
const TWO = writer(2, 2);
const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** @param {number} count */
export function thousands(count) {
  return WHOLE.format(count);
}

/**
 * "1 pod", "2,000 pods"
 * @param {number} count
 * @param {string} noun
 */
export function counted(count, noun) {
  return `${thousands(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * ~$0.1234; the mark stands for an estimate.
 * @param {number} dollars
 * @param {boolean} isEstimate
 */
export function price(dollars, isEstimate) {
  const amount = Math.abs(dollars);
  const digits = amount >= 100 ? 2 : amount >= 10 ? 3 : 4;
  const text = amount !== 0 && amount < 0.001 ? amount.toPrecision(2) : amount.toFixed(digits);
  return `${isEstimate ? '~' : ''}${dollars < 0 ? '-' : ''}$${text}`;
}

/**
 * "~$89.35", "$17,567": cents are left out where thousands are spoken of.
 * @param {number} perHour
 * @param {boolean} isEstimate
 */
export function monthly(perHour, isEstimate) {
  const amount = perHour * HOURS_PER_MONTH;
  const text = (amount >= 1_000 ? WHOLE : TWO).format(amount);
  return `${isEstimate ? '~' : ''}$${text}`;
}

/**
 * "8 s", "3 min", "2 h", "5 d"
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** @param {number} ms */
export function clockTime(ms) {
  return TIME.format(ms);
}

/** @param {{ readonly used: number, readonly of: number }} fullness */
export function percent({ used, of }) {
  return of === 0 ? 0 : Math.round((100 * used) / of);
}

/** @param {number} milli */
export function cores(milli) {
  return (milli < 10_000 ? UP_TO_ONE : WHOLE).format(milli / 1000);
}

/** @param {number} bytes */
export function gib(bytes) {
  return `${(bytes < 10 * GIB ? UP_TO_ONE : WHOLE).format(bytes / GIB)} Gi`;
}

/** @param {readonly { readonly workload: string, readonly count: number }[]} counts */
export function podsText(counts) {
  return counts.map(({ workload, count }) => `${thousands(count)} ${workload}`).join(', ');
}
