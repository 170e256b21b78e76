// The contract's cases for node classes and for what is on sale.
import assert from 'node:assert/strict';
import type { NodeClassResolution } from '../index.ts';
import { type CloudRun, endsWithSignal } from './cloud-run.ts';

const NOWHERE = [{ tags: { 'contract/nobody-has-this': 'yes' } }];

function conditionOf({ conditions }: NodeClassResolution, type: string): string {
  const condition = conditions.find((entry) => entry.type === type);
  return condition === undefined ? 'absent' : `${condition.status} ${condition.reason}`;
}

/** Declares them. */
export function cloudClassCases(run: CloudRun): void {
  run.case('a node class is resolved to its subnets, groups, images and profile', async (cloud) => {
    const resolution = await cloud.resolveNodeClass(run.nodeClass());
    const { subnets, securityGroups, amis, instanceProfile } = resolution.status as {
      readonly subnets: readonly { readonly id: string; readonly zone: string }[];
      readonly securityGroups: readonly { readonly id: string }[];
      readonly amis: readonly { readonly id: string; readonly requirements: readonly { readonly key: string }[] }[];
      readonly instanceProfile: string;
    };
    assert.ok(subnets.length > 0 && subnets.every(({ id, zone }) => id.startsWith('subnet-') && zone !== ''));
    assert.ok(securityGroups.length > 0 && securityGroups.every(({ id }) => id.startsWith('sg-')));
    assert.ok(amis.length > 0 && amis.every(({ id }) => id.startsWith('ami-')));
    assert.ok(amis.every(({ requirements }) => requirements.some(({ key }) => key === 'kubernetes.io/arch')));
    assert.notEqual(instanceProfile, '');
    const zones = new Set(subnets.map(({ zone }) => zone));
    for (const { zone } of run.handles.offerings) assert.ok(zones.has(zone), `no subnet in ${zone}`);
    for (const type of [
      'SubnetsReady',
      'SecurityGroupsReady',
      'AMIsReady',
      'InstanceProfileReady',
      'ValidationSucceeded',
    ])
      assert.equal(conditionOf(resolution, type), `True ${type}`);
  });

  run.case('a resolution is repeated without a difference', async (cloud) => {
    const first = await cloud.resolveNodeClass(run.nodeClass());
    assert.deepEqual(await cloud.resolveNodeClass(run.nodeClass()), first);
  });

  for (const [field, condition, reason, found] of [
    ['subnetSelectorTerms', 'SubnetsReady', 'SubnetsNotFound', 'subnets'],
    ['securityGroupSelectorTerms', 'SecurityGroupsReady', 'SecurityGroupsNotFound', 'securityGroups'],
    ['amiSelectorTerms', 'AMIsReady', 'AMINotFound', 'amis'],
  ] as const) {
    run.case(`a node class whose ${field} find nothing is not ready, and says so`, async (cloud) => {
      const spec = { ...run.handles.nodeClassSpec, [field]: NOWHERE };
      const resolution = await cloud.resolveNodeClass(run.nodeClass(spec));
      assert.equal(conditionOf(resolution, condition), `False ${reason}`);
      assert.notEqual(resolution.conditions.find(({ type }) => type === condition)?.message, '');
      assert.equal(conditionOf(resolution, 'ValidationSucceeded'), 'Unknown DependenciesNotReady');
      assert.deepEqual(resolution.status[found] ?? [], []);
      // Nor can anything be launched with it.
      const nodeClass = { ...run.nodeClass(spec), status: resolution.status };
      const result = await cloud.launch(await run.request([run.offering(0)], { nodeClass }));
      assert.equal(result.kind, 'node-class-not-ready');
    });
  }

  run.case('a node class can be forgotten, also twice and before it was ever used', async (cloud) => {
    const nodeClass = run.nodeClass(run.handles.nodeClassSpec, 'contract-forgotten');
    await cloud.forgetNodeClass(nodeClass);
    await cloud.resolveNodeClass(nodeClass);
    await cloud.forgetNodeClass(nodeClass);
    await cloud.forgetNodeClass(nodeClass);
  });

  run.case('what is on sale has whole prices and is listed once', async (cloud) => {
    const { offerings = [], refreshMs } = await cloud.onSale();
    const keys = new Set<string>();
    for (const { instanceType, zone, capacityType, reservationId = '', priceNanoUsdPerHour } of offerings) {
      assert.ok(Number.isSafeInteger(priceNanoUsdPerHour) && priceNanoUsdPerHour >= 0, `${instanceType} ${zone}`);
      keys.add(`${instanceType} ${zone} ${capacityType} ${reservationId}`);
    }
    assert.equal(keys.size, offerings.length);
    for (const { instanceType, zone, capacityType } of run.handles.offerings) {
      const found = offerings.find(
        (entry) => entry.instanceType === instanceType && entry.zone === zone && entry.capacityType === capacityType,
      );
      assert.equal(found?.available, true, `${instanceType} in ${zone}`);
    }
    assert.ok(refreshMs > 0);
  });

  run.case('the catalogue names its partition, account and region', async ({ catalogue }) => {
    assert.match(catalogue.partition, /^aws/);
    assert.match(catalogue.account, /^\d{12}$/);
    assert.match(catalogue.region, /^[a-z]+(-[a-z]+)+-\d$/);
  });

  run.case('every call about classes and offerings ends with its signal', async (cloud) => {
    await endsWithSignal((signal) => cloud.resolveNodeClass(run.nodeClass(), signal));
    await endsWithSignal((signal) => cloud.forgetNodeClass(run.nodeClass(), signal));
    await endsWithSignal((signal) => cloud.onSale(signal));
  });
}
