// Policies of identities as IAM evaluates them, as far as deploy/iam and what moto attaches use the language: an action is
// allowed where a statement allows it and none denies it. What is not understood is an error and never a yes. Pure.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

/** What is asked for: one action on one resource. */
export interface AuthorizationRequest {
  readonly action: string;
  /** An ARN, or * for actions that know no resources. */
  readonly resource: string;
  /** Condition keys as IAM spells them; a key has several values where it is a set. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** A policy, read from JSON. */
export interface Policy {
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

/** A statement of it. */
export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action?: OneOrMore;
  readonly Resource?: OneOrMore;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

type OneOrMore = string | readonly string[];

/** What comes of it. */
export type Verdict = 'allowed' | 'explicitDeny' | 'implicitDeny';

const KNOWN_FIELDS: ReadonlySet<string> = new Set(['Sid', 'Effect', 'Action', 'Resource', 'Condition']);

/** Evaluates all policies of an identity together. */
export function evaluate(policies: readonly Policy[], request: AuthorizationRequest): Verdict {
  const matching = policies.flatMap(statementsOf).filter((statement) => matches(statement, request));
  if (matching.some(({ Effect }) => Effect === 'Deny')) return 'explicitDeny';
  return matching.length > 0 ? 'allowed' : 'implicitDeny';
}

/** The statements of a policy. */
export function statementsOf({ Statement }: Policy): readonly PolicyStatement[] {
  return Array.isArray(Statement) ? Statement : [Statement as PolicyStatement];
}

/** Whether a statement speaks of a request. */
export function matches(statement: PolicyStatement, { action, resource, context }: AuthorizationRequest): boolean {
  const unknown = Object.keys(statement).find((field) => !KNOWN_FIELDS.has(field));
  if (unknown !== undefined) throw new Error(`evaluate policy: ${unknown} is not understood`);
  if (!['Allow', 'Deny'].includes(statement.Effect)) throw new Error(`evaluate policy: Effect ${statement.Effect}`);
  return (
    listOf(statement.Action).some((pattern) => isLike(action.toLowerCase(), pattern.toLowerCase())) &&
    listOf(statement.Resource).some((pattern) => isLike(resource, pattern)) &&
    Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) => holds(operator, valuesOf(context, key), listOf(wanted))),
    )
  );
}

/** * stands for any text, ? for one character. */
export function isLike(text: string, pattern: string): boolean {
  if (pattern.includes('${')) throw new Error(`evaluate policy: variables are not understood (${pattern})`);
  const source = pattern
    .replaceAll(/[.+^$()|[\]{}\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}

type Test = (value: string, wanted: string) => boolean;

const TESTS: Readonly<Record<string, { readonly test: Test; readonly isNegated?: true }>> = {
  StringEquals: { test: (value, wanted) => value === wanted },
  StringNotEquals: { test: (value, wanted) => value === wanted, isNegated: true },
  StringEqualsIgnoreCase: { test: (value, wanted) => value.toLowerCase() === wanted.toLowerCase() },
  StringLike: { test: isLike },
  StringNotLike: { test: isLike, isNegated: true },
  ArnEquals: { test: isLike },
  ArnLike: { test: isLike },
  Bool: { test: (value, wanted) => value.toLowerCase() === wanted.toLowerCase() },
};

/** @param values undefined where the request does not have the key */
function holds(operator: string, values: readonly string[] | undefined, wanted: readonly string[]): boolean {
  const [, quantifier, name = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  if (name === 'Null') return wanted.some((one) => (one === 'true') === (values === undefined));
  const found = TESTS[name];
  if (found === undefined) throw new Error(`evaluate policy: condition ${operator} is not understood`);
  const { test, isNegated } = found;
  const one = (value: string): boolean => wanted.some((text) => test(value, text)) !== (isNegated === true);
  if (quantifier === 'ForAllValues') return (values ?? []).every(one);
  if (values === undefined) return ifExists !== undefined || (isNegated === true && quantifier === undefined);
  return quantifier === 'ForAnyValue' ? values.some(one) : values.length === 1 && one(values[0] ?? '');
}

/** Keys are the same in any case; the keys of tags within them are not. */
function valuesOf(context: AuthorizationRequest['context'], key: string): readonly string[] | undefined {
  const value = Object.entries(context).find(([name]) => sameKey(name, key))?.[1];
  return value === undefined ? undefined : listOf(value);
}

function sameKey(a: string, b: string): boolean {
  const [headA = '', ...tagA] = a.split('/');
  const [headB = '', ...tagB] = b.split('/');
  return headA.toLowerCase() === headB.toLowerCase() && tagA.join('/') === tagB.join('/');
}

function listOf(value: OneOrMore | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
