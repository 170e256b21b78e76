// The evaluator of policies that tests of IAM stand on, held to a table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuthorizationRequest, evaluate, type Policy } from './proxy/index.ts';

const ASKED: AuthorizationRequest = {
  action: 'ec2:RunInstances',
  resource: 'arn:aws:ec2:us-west-2:1:instance/i-1',
  context: { 'aws:RequestTag/Team': 'a', 'aws:TagKeys': ['Team', 'Name'], 'aws:SecureTransport': 'true' },
};

function verdict(statement: object): string {
  const Statement = { Effect: 'Allow', Action: '*', Resource: '*', ...statement } as never;
  return evaluate([{ Statement } as Policy], ASKED);
}

const TABLE: readonly (readonly [string, object, boolean])[] = [
  ['everything', {}, true],
  ['the action', { Action: 'ec2:RunInstances' }, true],
  ['the action in other case', { Action: 'EC2:runinstances' }, true],
  ['one of some actions', { Action: ['ec2:X', 'ec2:Run*'] }, true],
  ['another action', { Action: 'ec2:RunInstance' }, false],
  ['a question mark', { Action: 'ec2:RunInstance?' }, true],
  ['the resource', { Resource: 'arn:aws:ec2:*:*:instance/*' }, true],
  ['the resource in other case', { Resource: 'arn:aws:ec2:*:*:Instance/*' }, false],
  ['a dot is a dot', { Resource: 'arn:aws.ec2:*' }, false],
  ['StringEquals', { Condition: { StringEquals: { 'aws:RequestTag/Team': ['b', 'a'] } } }, true],
  ['StringEquals of another value', { Condition: { StringEquals: { 'aws:RequestTag/Team': 'b' } } }, false],
  ['keys in other case', { Condition: { StringEquals: { 'AWS:requesttag/Team': 'a' } } }, true],
  ['tags in other case', { Condition: { StringEquals: { 'aws:RequestTag/team': 'a' } } }, false],
  ['a key that is not there', { Condition: { StringLike: { 'aws:RequestTag/X': '*' } } }, false],
  ['IfExists without the key', { Condition: { StringEqualsIfExists: { 'aws:RequestTag/X': 'a' } } }, true],
  ['IfExists with another value', { Condition: { StringEqualsIfExists: { 'aws:RequestTag/Team': 'b' } } }, false],
  ['StringLike', { Condition: { StringLike: { 'aws:RequestTag/Team': '*' } } }, true],
  ['StringNotEquals', { Condition: { StringNotEquals: { 'aws:RequestTag/Team': ['a', 'b'] } } }, false],
  ['StringNotEquals without the key', { Condition: { StringNotEquals: { 'aws:RequestTag/X': 'a' } } }, true],
  ['ForAllValues', { Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['Name', 'Team', 'X'] } } }, true],
  ['ForAllValues with one too many', { Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'Name' } } }, false],
  ['ForAllValues of no values', { Condition: { 'ForAllValues:StringEquals': { 'x:y': 'Name' } } }, true],
  ['ForAnyValue', { Condition: { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'Name' } } }, true],
  ['Bool', { Condition: { Bool: { 'aws:SecureTransport': 'false' } } }, false],
  ['Null', { Condition: { Null: { 'aws:RequestTag/X': 'true', 'aws:RequestTag/Team': 'false' } } }, true],
  ['two operators', { Condition: { Bool: { 'aws:SecureTransport': 'true' }, StringEquals: { 'x:y': 'a' } } }, false],
];

for (const [name, statement, isAllowed] of TABLE) {
  test(`${name}: ${isAllowed ? 'allowed' : 'not allowed'}`, () => {
    assert.equal(verdict(statement), isAllowed ? 'allowed' : 'implicitDeny');
  });
}

test('a denial goes before what allows, in whichever policy', () => {
  const allow = { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };
  const deny = { Statement: [{ Effect: 'Deny', Action: 'ec2:Run*', Resource: '*' }] };
  assert.equal(evaluate([allow, deny], ASKED), 'explicitDeny');
  assert.equal(evaluate([deny], ASKED), 'explicitDeny');
  assert.equal(evaluate([], ASKED), 'implicitDeny');
});

test('what is not understood is an error, never a yes', () => {
  for (const statement of [
    { NotAction: 'x' },
    { Condition: { DateEquals: { 'aws:CurrentTime': 'x' } } },
    { Resource: `arn:aws:s3:::\${aws:username}` },
    { Effect: 'allow' },
  ]) {
    assert.throws(() => verdict(statement), /evaluate policy/);
  }
});
