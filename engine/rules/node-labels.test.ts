// Labels of existing nodes against selectors and required affinity, as kube-scheduler reads them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeTermInput, RequirementInput, RequirementOperator } from '../model/index.ts';
import { compileNodeMatcher, matchesNode, matchesNodeTerm } from './index.ts';

const LABELS = {
  'kubernetes.io/arch': 'arm64',
  'example.com/team': 'a',
  'example.com/empty': '',
  'example.com/size': '10',
  'example.com/both': 'new',
};
const NAME = 'node-1';

/** Reads `key operator values…`; a key without a domain is one of example.com. */
function condition(text: string): RequirementInput {
  const [key = '', operator, ...values] = text.split(' ');
  const full = key.includes('/') || key.includes('.') ? key : `example.com/${key}`;
  return { key: full, operator: operator as RequirementOperator, values };
}

function term(expressions: readonly string[], fields: readonly string[] = []): NodeTermInput {
  return { matchExpressions: expressions.map(condition), matchFields: fields.map(condition) };
}

const EXPRESSIONS: readonly (readonly [string, boolean])[] = [
  ['team In a b', true],
  ['team In b', false],
  ['team NotIn b', true],
  ['team NotIn a', false],
  ['team Exists', true],
  ['team DoesNotExist', false],
  ['none In a', false],
  ['none NotIn a', true],
  ['none Exists', false],
  ['none DoesNotExist', true],
  ['none Gt 5', false],
  ['none Lt 5', false],
  ['empty Exists', true],
  ['empty NotIn a', true],
  ['empty Gt 0', false],
  ['size Gt 9', true],
  ['size Gt 10', false],
  ['size Lt 11', true],
  ['size Lt 9', false],
  ['size Gte 10', true],
  ['size Lte 9', false],
  ['team Gt 0', false],
  ['beta.kubernetes.io/arch In arm64', true],
  ['beta.kubernetes.io/arch In amd64', false],
  ['beta.kubernetes.io/arch Exists', true],
  ['constructor Exists', false],
];

describe('an existing node with its labels', () => {
  for (const [text, expected] of EXPRESSIONS) {
    it(`${expected ? 'meets' : 'does not meet'} ${text}`, () => {
      assert.equal(matchesNodeTerm(LABELS, NAME, term([text])), expected);
    });
  }

  it('is asked for the spelling that the pod uses where it has both', () => {
    const labels = { 'beta.kubernetes.io/arch': 'old', 'kubernetes.io/arch': 'new' };
    assert.equal(matchesNodeTerm(labels, NAME, term(['beta.kubernetes.io/arch In old'])), true);
    assert.equal(matchesNodeTerm(labels, NAME, term(['kubernetes.io/arch In new'])), true);
    assert.equal(matchesNodeTerm(labels, NAME, term(['beta.kubernetes.io/arch In new'])), false);
  });

  it('does not have today’s spelling because it has the old one', () => {
    const labels = { 'beta.kubernetes.io/arch': 'arm64' };
    assert.equal(matchesNodeTerm(labels, NAME, term(['kubernetes.io/arch In arm64'])), false);
  });
});

const FIELDS: readonly (readonly [string, boolean])[] = [
  ['metadata.name In node-1', true],
  ['metadata.name In node-2', false],
  ['metadata.name NotIn node-2', true],
  ['metadata.name NotIn node-1', false],
  ['metadata.name In node-1 node-2', false],
  ['metadata.name Exists', false],
  ['metadata.uid In node-1', false],
];

describe('a term on fields', () => {
  for (const [text, expected] of FIELDS) {
    it(`${text} ${expected ? 'holds' : 'does not hold'} for node-1`, () => {
      assert.equal(matchesNodeTerm(LABELS, NAME, term([], [text])), expected);
    });
  }

  it('needs its expressions to hold as well', () => {
    assert.equal(matchesNodeTerm(LABELS, NAME, term(['team In a'], ['metadata.name In node-1'])), true);
    assert.equal(matchesNodeTerm(LABELS, NAME, term(['team In b'], ['metadata.name In node-1'])), false);
    assert.equal(matchesNodeTerm(LABELS, NAME, term(['team In a'], ['metadata.name In node-2'])), false);
  });
});

describe('a pod', () => {
  const matches = (nodeSelector: Record<string, string>, ...terms: readonly NodeTermInput[]): boolean =>
    matchesNode({ nodeSelector, requiredNodeTerms: terms }, LABELS, NAME);

  it('without selector and terms takes any node', () => {
    assert.equal(matches({}), true);
    assert.equal(matchesNode({ nodeSelector: {}, requiredNodeTerms: [] }, {}, NAME), true);
  });

  it('needs every label of its selector', () => {
    assert.equal(matches({ 'example.com/team': 'a', 'example.com/size': '10' }), true);
    assert.equal(matches({ 'example.com/team': 'a', 'example.com/size': '9' }), false);
    assert.equal(matches({ 'example.com/none': '' }), false);
    assert.equal(matches({ 'example.com/empty': '' }), true);
    assert.equal(matches({ 'beta.kubernetes.io/arch': 'arm64' }), true);
  });

  it('needs every condition of a term', () => {
    assert.equal(matches({}, term(['team In a', 'size Gt 5'])), true);
    assert.equal(matches({}, term(['team In a', 'size Gt 50'])), false);
  });

  it('needs one of its terms, and its selector beside it', () => {
    assert.equal(matches({}, term(['team In b']), term(['team In a'])), true);
    assert.equal(matches({}, term(['team In b']), term(['team In c'])), false);
    assert.equal(matches({ 'example.com/size': '9' }, term(['team In a'])), false);
  });

  it('with an empty term takes no node by it', () => {
    assert.equal(matches({}, term([])), false);
    assert.equal(matches({}, term([]), term(['team In a'])), true);
  });

  it('is compiled once and asked for many nodes', () => {
    const matcher = compileNodeMatcher({ nodeSelector: {}, requiredNodeTerms: [term(['team In a'])] });
    assert.equal(matcher(LABELS, NAME), true);
    assert.equal(matcher({ 'example.com/team': 'b' }, NAME), false);
    assert.equal(matcher(LABELS, NAME), true);
  });
});
