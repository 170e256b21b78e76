// Label and field selectors as the API takes them in a query. Set-based selectors of objects (matchLabels,
// matchExpressions) are here too, because they mean the same.
import type { ApiObject, Selection } from '../ports/index.ts';
import { badRequest } from './errors.ts';
import { isFields } from './json.ts';
import type { KindRules } from './kind-rules.ts';

type Labels = Readonly<Record<string, string>>;

/** A condition on labels. */
export type LabelTest = (labels: Labels) => boolean;

/** `a=b`, `a==b`, `a!=b`, `a in (x, y)`, `a notin (x)`, `a`, `!a`, with commas between. Throws BadRequest. */
export function parseLabelSelector(text: string): LabelTest {
  const tests = splitTerms(text).map(parseLabelTerm);
  return (labels) => tests.every((test) => test(labels));
}

/** Commas outside parentheses part the terms. */
function splitTerms(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
}

const KEY = '[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?';
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s+\\(([^()]*)\\)$`);
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*([-A-Za-z0-9_.]*)$`);
const EXISTENCE = new RegExp(`^(!?)\\s*(${KEY})$`);

function parseLabelTerm(term: string): LabelTest {
  const set = SET.exec(term);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return expression(key, operator === 'in' ? 'In' : 'NotIn', values);
  }
  const equality = EQUALITY.exec(term);
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality;
    return expression(key, operator === '!=' ? 'NotIn' : 'In', [value]);
  }
  const existence = EXISTENCE.exec(term);
  if (existence !== null) {
    const [, not, key = ''] = existence;
    return expression(key, not === '!' ? 'DoesNotExist' : 'Exists', []);
  }
  throw badRequest(`unable to parse requirement: ${term}`);
}

function expression(key: string, operator: string, values: readonly string[]): LabelTest {
  switch (operator) {
    case 'In':
      return (labels) => labels[key] !== undefined && values.includes(labels[key]);
    case 'NotIn':
      return (labels) => labels[key] === undefined || !values.includes(labels[key]);
    case 'Exists':
      return (labels) => labels[key] !== undefined;
    case 'DoesNotExist':
      return (labels) => labels[key] === undefined;
    default:
      throw badRequest(`${operator} is not a valid label selector operator`);
  }
}

/** A LabelSelector of an object. Without one (null) it selects nothing, an empty one selects everything. */
export function labelSelectorTest(selector: unknown): LabelTest {
  if (!isFields(selector)) return () => false;
  const tests: LabelTest[] = [];
  if (isFields(selector.matchLabels)) {
    for (const [key, value] of Object.entries(selector.matchLabels)) tests.push(expression(key, 'In', [String(value)]));
  }
  for (const entry of Array.isArray(selector.matchExpressions) ? selector.matchExpressions : []) {
    tests.push(expression(entry.key, entry.operator, entry.values ?? []));
  }
  return (labels) => tests.every((test) => test(labels));
}

/** Which objects of a kind a list or watch is about. Throws BadRequest for what can't be read. */
export function selectionTest(rules: KindRules, selection: Selection): (object: ApiObject) => boolean {
  const labelTest = selection.labelSelector === undefined ? undefined : parseLabelSelector(selection.labelSelector);
  const fieldTest =
    selection.fieldSelector === undefined ? undefined : parseFieldSelector(rules, selection.fieldSelector);
  const { namespace } = selection;
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (labelTest === undefined || labelTest(object.metadata.labels ?? {})) &&
    (fieldTest === undefined || fieldTest(object));
}

const FIELD_TERM = /^([A-Za-z.]+)(==|=|!=)(.*)$/;
const FIELDS_OF_ALL = ['metadata.name', 'metadata.namespace'];

function parseFieldSelector(rules: KindRules, text: string): (object: ApiObject) => boolean {
  const tests = text
    .split(',')
    .filter((term) => term !== '')
    .map((term) => {
      const match = FIELD_TERM.exec(term);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      const [, field = '', operator, value = ''] = match;
      if (!FIELDS_OF_ALL.includes(field) && !rules.fieldSelectors.includes(field)) {
        throw badRequest(`field label not supported: ${field}`);
      }
      const path = field.split('.');
      return (object: ApiObject) => (fieldText(object, path) === value) === (operator !== '!=');
    });
  return (object) => tests.every((test) => test(object));
}

/** The value at a path as text. What is absent reads as the zero value of its kind. */
function fieldText(object: ApiObject, path: readonly string[]): string {
  let value: unknown = object;
  for (const step of path) value = isFields(value) ? value[step] : undefined;
  // An event's source is selected by its component.
  if (path[0] === 'source' && isFields(value)) value = value.component;
  if (value === undefined || value === null) return ZERO_VALUES[path.join('.')] ?? '';
  return String(value);
}

const ZERO_VALUES: Readonly<Record<string, string>> = {
  'spec.unschedulable': 'false',
  'spec.hostNetwork': 'false',
  'status.replicas': '0',
  'status.successful': '0',
};
