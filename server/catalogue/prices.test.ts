// Prices become integers exactly, and the rules that stand in for missing prices are the ones the docs state.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateOnDemandPriceNano, estimateSpotPriceNano } from './estimates.ts';
import { loadTypeFacts } from './load.ts';
import { parsePriceNano } from './prices.ts';

const types = new Map(loadTypeFacts().map((facts) => [facts.name, facts]));
const facts = (name: string) => types.get(name)!;
const listed = (prices: Record<string, number>) =>
  new Map(Object.entries(prices).map(([name, priceNano]) => [name, { facts: facts(name), priceNano }]));

test('decimal prices become nano-units without rounding', () => {
  assert.equal(parsePriceNano('0.096'), 96_000_000);
  assert.equal(parsePriceNano('0.0255'), 25_500_000);
  assert.equal(parsePriceNano('407.68'), 407_680_000_000);
  assert.equal(parsePriceNano('3.000000001'), 3_000_000_001);
  assert.equal(parsePriceNano('7'), 7_000_000_000);
});

test('a price that is no plain decimal, too fine or too high is refused', () => {
  for (const text of ['', '-1', '1e3', '.5', '0.0000000001', 'NaN', '9007200']) {
    assert.throws(() => parsePriceNano(text), /parse price/, text);
  }
});

test('spot is taken to cost 40 % of on-demand, 60 % with accelerators, rounded up', () => {
  assert.equal(estimateSpotPriceNano(facts('m5.large'), 96_000_000), 38_400_000);
  assert.equal(estimateSpotPriceNano(facts('m5.large'), 1), 1);
  assert.equal(estimateSpotPriceNano(facts('g5.xlarge'), 1_000_000_000), 600_000_000);
  assert.equal(estimateSpotPriceNano(facts('inf2.xlarge'), 1_000_000_000), 600_000_000);
  // A Trainium type has Neuron devices and no inference accelerators.
  assert.equal(estimateSpotPriceNano(facts('trn1.2xlarge'), 1_000_000_000), 600_000_000);
});

test('an unlisted size is scaled by vCPUs from the nearest listed size of its family', () => {
  const prices = listed({ 'm5.large': 100, 'm5.4xlarge': 900, 'c5.2xlarge': 5 });
  assert.equal(estimateOnDemandPriceNano(facts('m5.xlarge'), prices), 200);
  assert.equal(estimateOnDemandPriceNano(facts('m5.8xlarge'), prices), 1800);
});

test('bare metal is scaled from bare metal only', () => {
  assert.equal(estimateOnDemandPriceNano(facts('m5.metal'), listed({ 'm5.large': 100 })), undefined);
});

test('an unlisted family has the price of the same size in its newest earlier generation', () => {
  const prices = listed({ 'r7g.large': 90, 'r8g.large': 100, 'r8i.large': 70 });
  assert.equal(estimateOnDemandPriceNano(facts('r9g.large'), prices), 100);
  assert.equal(estimateOnDemandPriceNano(facts('r9g.large'), listed({ 'r7g.large': 90 })), 90);
});

test('a family with accelerators is not priced after an earlier generation', () => {
  assert.equal(estimateOnDemandPriceNano(facts('g7.2xlarge'), listed({ 'g6.2xlarge': 100 })), undefined);
});
