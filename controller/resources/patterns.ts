// Regular expressions that the schemas use, put together from named parts. They are written in what Go's RE2 and
// JavaScript have in common: the API server uses the one, violations.ts the other.

const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

/** Key of a label or taint: a name, with a DNS domain and a slash before it or without. */
export const LABEL_KEY = `^(${DNS_LABEL}(\\.${DNS_LABEL})*(/))?${NAME}$`;

/** Value of a label; may be empty. */
export const LABEL_VALUE = `^(${NAME})?$`;

/** Type of a condition: a label's key. */
export const CONDITION_TYPE = `^(${DNS_LABEL}(\\.${DNS_LABEL})*/)?(${NAME})$`;

/** Reason of a condition: a word for machines. */
export const CONDITION_REASON = '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$';

const SIGN = '(\\+|-)?';
const DECIMAL = '(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))';
const QUANTITY_TEXT = `${SIGN}${DECIMAL}(([KMGTPE]i)|[numkMGTPE]|([eE]${SIGN}${DECIMAL}))?`;

/** An amount of a resource. */
export const QUANTITY = `^${QUANTITY_TEXT}$`;

/** What the kubelet takes as a threshold: a share, an amount, or nothing. */
export const EVICTION_SIGNAL = `^(([0-9]{1,2}(\\.[0-9]{1,2})?|100(\\.0{1,2})?)%|${QUANTITY_TEXT})?$`;

/** Hours, minutes and seconds, such as 1h30m. */
export const DURATION = '^([0-9]+[smh])+$';

/** The same, or the word Never. */
export const DURATION_OR_NEVER = '^(([0-9]+[smh])+|Never)$';

/** Hours and minutes; seconds only as the 0s that Go writes. */
export const BUDGET_DURATION = '^([0-9]+h|[0-9]+m|[0-9]+h[0-9]+m)(0s)?$';

/** A number of nodes, or a share from 0% to 100%. */
export const BUDGET_NODES = '^(([0-9]{1,2}|100)%|[0-9]+)$';

/** Five fields of a cron expression, or one of its names. As loose at its ends as Karpenter is. */
export const BUDGET_SCHEDULE = '^@(annually|yearly|monthly|weekly|daily|midnight|hourly)|.+\\s.+\\s.+\\s.+\\s.+$';

/** Sizes of EBS volumes: 1 to 59000Gi, 64000G, 58Ti or 64T. */
export const VOLUME_SIZE = `^(${[
  '([1-9][0-9]{0,3}|[1-4][0-9]{4}|5[0-8][0-9]{3}|59000)Gi',
  '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-3][0-9]{3}|64000)G',
  '([1-9]|[1-4][0-9]|5[0-8])Ti',
  '([1-9]|[1-5][0-9]|6[0-4])T',
].join('|')})$`;
