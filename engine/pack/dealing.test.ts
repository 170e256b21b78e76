// Dealing units to packed nodes: each node gets of every kind what was packed, no unit is dealt twice, no rule is broken,
// and what no node takes stays.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type DealtNodes, dealUnits, type Kind, type PackedNodes } from './index.ts';
import { hostRulesOf, type RuledUnit, type TestGroup } from './testing/host-rules.ts';

const kind = (members: readonly number[], count: number): Kind => ({ members, count });
const nodes = (nodeCount: number, pods: readonly number[], shapes = pods.map((_, index) => index)): PackedNodes => ({
  classIndex: 0,
  nodeCount,
  shapes,
  pods,
});

/** As "nodes x unit:count unit:count". */
function texts(dealt: readonly DealtNodes[]): string[] {
  return dealt.map(
    ({ nodeCount, units, unitCounts }) =>
      `${nodeCount} x ${units.map((unit, at) => `${unit}:${unitCounts[at]}`).join(' ')}`,
  );
}

describe('without rules', () => {
  test('units of a kind are dealt one after the other, equal nodes together', () => {
    const counts = Float64Array.of(4, 3, 5);
    const dealt = dealUnits([nodes(6, [2])], [kind([0, 1, 2], 12)], counts, undefined);
    assert.deepEqual(texts(dealt), ['2 x 0:2', '1 x 1:2', '1 x 1:1 2:1', '2 x 2:2']);
    assert.deepEqual([...counts], [0, 0, 0]);
  });

  test('several kinds on one node are dealt at once', () => {
    const counts = Float64Array.of(3, 6, 3);
    const dealt = dealUnits([nodes(3, [2, 2])], [kind([0, 2], 6), kind([1], 6)], counts, undefined);
    assert.deepEqual(texts(dealt), ['1 x 0:2 1:2', '1 x 0:1 1:2 2:1', '1 x 1:2 2:2']);
  });

  test('more is packed than there is: the last nodes get less, and empty ones are not made', () => {
    const counts = Float64Array.of(5);
    assert.deepEqual(texts(dealUnits([nodes(4, [2])], [kind([0], 5)], counts, undefined)), ['2 x 0:2', '1 x 0:1']);
  });

  test('less is packed than there is: the rest keeps its count', () => {
    const counts = Float64Array.of(5, 2);
    assert.deepEqual(texts(dealUnits([nodes(2, [2])], [kind([0, 1], 7)], counts, undefined)), ['2 x 0:2']);
    assert.deepEqual([...counts], [1, 2]);
  });
});

describe('with rules on hosts', () => {
  test('pods of one workload come to stand on many nodes, and the others take what is left', () => {
    const rules = hostRulesOf([{ 0: 'owner' }, {}], [{ cap: 1 }]);
    const counts = Float64Array.of(3, 3);
    const dealt = dealUnits([nodes(3, [2])], [kind([0, 1], 6)], counts, rules);
    assert.deepEqual(texts(dealt), ['3 x 0:1 1:1']);
  });

  test('units that no node takes keep their counts, and their places stay for others', () => {
    const rules = hostRulesOf([{ 0: 'owner' }, {}], [{ cap: 1 }]);
    const counts = Float64Array.of(4, 2);
    const dealt = dealUnits([nodes(2, [3])], [kind([0, 1], 6)], counts, rules);
    assert.deepEqual(texts(dealt), ['1 x 0:1 1:2', '1 x 0:1']);
    assert.deepEqual([...counts], [2, 0]);
  });

  test('units that keep apart are not put together, whichever of them holds the rule', () => {
    const rules = hostRulesOf([{ 0: 'owner, not counted' }, { 0: 'counted' }], [{ apart: true }]);
    const counts = Float64Array.of(2, 2);
    const dealt = dealUnits([nodes(2, [2])], [kind([0, 1], 4)], counts, rules);
    for (const { units } of dealt) assert.equal(units.length, 1);
  });
});

interface Drawn {
  readonly kinds: readonly (readonly number[])[];
  readonly counts: readonly number[];
  readonly ruled: readonly RuledUnit[];
  readonly groups: readonly TestGroup[];
  readonly packed: readonly PackedNodes[];
}

const GROUPS = 3;

const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    units: fc.array(
      fc.record({
        kind: fc.nat({ max: 2 }),
        count: fc.integer({ min: 1, max: 6 }),
        parts: fc.array(
          fc.constantFrom(
            undefined,
            undefined,
            undefined,
            'owner' as const,
            'counted' as const,
            'owner, not counted' as const,
          ),
          { minLength: GROUPS, maxLength: GROUPS },
        ),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    groups: fc.array(fc.record({ cap: fc.integer({ min: 1, max: 3 }), apart: fc.boolean() }), {
      minLength: GROUPS,
      maxLength: GROUPS,
    }),
    packed: fc.array(
      fc.record({
        nodeCount: fc.integer({ min: 1, max: 5 }),
        pods: fc.array(fc.nat({ max: 3 }), { minLength: 3, maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map(({ units, groups, packed }) => {
    const used = [...new Set(units.map((unit) => unit.kind))].sort();
    return {
      kinds: used.map((one) => units.flatMap((unit, index) => (unit.kind === one ? [index] : []))),
      counts: units.map(({ count }) => count),
      ruled: units.map(({ parts }) =>
        Object.fromEntries(parts.flatMap((part, group) => (part === undefined ? [] : [[group, part]]))),
      ),
      groups,
      packed: packed.flatMap(({ nodeCount, pods }, classIndex) => {
        const shapes = used.flatMap((_, at) => (pods[at]! > 0 ? [at] : []));
        return shapes.length === 0 ? [] : [{ classIndex, nodeCount, shapes, pods: shapes.map((at) => pods[at]!) }];
      }),
    };
  });

/** Rules broken on a node with these units, said in the plainest way. */
function brokenOn(
  { units, unitCounts }: DealtNodes,
  ruled: readonly RuledUnit[],
  groups: readonly TestGroup[],
): string[] {
  const pods = units.flatMap((unit, at) => Array.from({ length: unitCounts[at]! }, () => ruled[unit]!));
  return groups.flatMap(({ cap = 1, apart }, group) => {
    const counted = pods.filter((pod) => pod[group] === 'owner' || pod[group] === 'counted');
    const owners = pods.filter((pod) => pod[group] === 'owner' || pod[group] === 'owner, not counted');
    if (owners.length === 0) return [];
    if (apart !== true) return counted.length > cap ? [`group ${group}: ${counted.length} of ${cap}`] : [];
    const together = owners.some((owner) =>
      counted.some((other) => other !== owner || pods.filter((pod) => pod === owner).length > 1),
    );
    return together ? [`group ${group} is not apart`] : [];
  });
}

test('whatever is dealt: as packed, each unit once, no rule broken; all of it where there are no rules', () => {
  const seen = { dealt: 0, kept: 0, ruled: 0 };
  fc.assert(
    fc.property(drawn, fc.boolean(), ({ kinds, counts, ruled, groups, packed }, withRules) => {
      const left = Float64Array.from(counts);
      const rules = withRules ? hostRulesOf(ruled, groups) : undefined;
      const dealt = dealUnits(
        packed,
        kinds.map((members) =>
          kind(
            members,
            members.reduce((sum, unit) => sum + counts[unit]!, 0),
          ),
        ),
        left,
        rules,
      );
      const dealtCounts = counts.map(() => 0);
      for (const { nodeCount, units, unitCounts } of dealt) {
        assert.deepEqual(
          units,
          [...new Set(units)].sort((one, other) => one - other),
        );
        units.forEach((unit, at) => {
          dealtCounts[unit]! += unitCounts[at]! * nodeCount;
        });
      }
      assert.deepEqual(
        dealtCounts.map((count, unit) => count + left[unit]!),
        counts,
      );
      for (const { classIndex, nodeCount: most, shapes, pods } of packed) {
        const ofClass = dealt.filter((node) => node.classIndex === classIndex);
        assert.ok(ofClass.reduce((sum, { nodeCount }) => sum + nodeCount, 0) <= most);
        for (const { units, unitCounts } of ofClass) {
          kinds.forEach((members, at) => {
            const ofKind = units.reduce(
              (sum, unit, place) => sum + (members.includes(unit) ? unitCounts[place]! : 0),
              0,
            );
            assert.ok(ofKind <= (pods[shapes.indexOf(at)] ?? 0), `${ofKind} of kind ${at}`);
          });
        }
      }
      if (withRules) {
        for (const node of dealt) assert.deepEqual(brokenOn(node, ruled, groups), []);
        seen.ruled += 1;
        if (left.some((count) => count > 0)) seen.kept += 1;
      } else {
        kinds.forEach((members, at) => {
          const wanted = members.reduce((sum, unit) => sum + counts[unit]!, 0);
          const room = packed.reduce(
            (sum, { nodeCount, shapes, pods }) => sum + nodeCount * (pods[shapes.indexOf(at)] ?? 0),
            0,
          );
          const rest = members.reduce((sum, unit) => sum + left[unit]!, 0);
          assert.equal(rest, Math.max(0, wanted - room));
        });
      }
      seen.dealt += dealt.length;
    }),
    { numRuns: 2000, seed: 20_261_204 },
  );
  assert.ok(seen.dealt > 1000 && seen.kept > 200 && seen.ruled > 500, JSON.stringify(seen));
});
