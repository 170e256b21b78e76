// Why conditions on labels leave nothing: the condition of a pod that no node of a pool meets, and the requirement of a
// pool that removes its last type. Part of reasons.ts.
import { andInto, fullBits, intersects, isEmpty } from '../bits/index.ts';
import {
  type CompiledPool,
  type CompiledProblem,
  type CompiledShape,
  isDecidedByOffering,
  narrowByNodeClass,
} from '../compile/index.ts';
import type { UnplacedReason } from '../model/index.ts';
import {
  admitsAbsent,
  describeRequirement,
  type Requirement,
  intersects as requirementsMeet,
} from '../requirements/index.ts';

/** Why no offering of the pool meets the shape's demands on labels. */
export function labelReason(compiled: CompiledProblem, pool: CompiledPool, shape: CompiledShape): UnplacedReason {
  const reason = (code: UnplacedReason['code'], at: string, message: string): UnplacedReason => ({
    poolIndex: pool.index,
    code,
    message,
    field: at,
  });
  const field = shape.input.shape.requiredNodeTerms.length > 0 ? 'spec.affinity.nodeAffinity' : 'spec.nodeSelector';
  if (shape.demands.at(-1)!.constraint.terms.length === 0) {
    return reason('requirements-not-met', field, "the pod's own conditions on labels exclude each other");
  }
  const { columns } = pool;
  const [term] = shape.demands.at(-1)!.constraint.terms;
  for (const wanted of term!.requirements()) {
    const decided = isDecidedByOffering(compiled.catalogue, columns, wanted.key);
    const provided = pool.requirements.get(wanted.key);
    if (!decided && provided === undefined && !admitsAbsent(wanted)) {
      return reason(
        'label-not-provided',
        field,
        `nodes of pool ${pool.input.name} do not carry the label ${wanted.key}, which the pod asks for (${describeRequirement(wanted)}): add it to the pool's labels or requirements${meant(compiled, pool, wanted)}`,
      );
    }
    if (provided !== undefined && !requirementsMeet(provided, wanted)) {
      return reason(
        'requirements-not-met',
        field,
        `the pod asks for ${describeRequirement(wanted)}, pool ${pool.input.name} has ${describeRequirement(provided)}${meant(compiled, pool, wanted)}`,
      );
    }
    if (decided && isEmpty(narrowedByOne(compiled, pool, wanted))) {
      return reason(
        'requirements-not-met',
        field,
        `no instance type of pool ${pool.input.name} meets the pod's condition ${describeRequirement(wanted)}${meant(compiled, pool, wanted)}`,
      );
    }
  }
  const others =
    shape.demands.at(-1)!.constraint.terms.length > 1 ? ', nor does any meet another of its affinity terms' : '';
  const texts = term!.requirements().map(describeRequirement).join('; ');
  return reason(
    'requirements-not-met',
    field,
    `no instance type of pool ${pool.input.name} meets all of the pod's conditions at once (${texts})${others}`,
  );
}

/** What was probably meant by a requirement that nothing in the catalogue has; empty where that is not known. */
function meant(compiled: CompiledProblem, pool: CompiledPool, wanted: Requirement): string {
  const hints = compiled.hints.hints(pool.columns, wanted);
  if (hints.length === 0) return '';
  const texts = hints.map(({ key, value }) => `${key} ${value ?? wanted.values.join(', ')}`.trimEnd());
  return `; did you mean ${texts.join(', or ')}?`;
}

function narrowedByOne(compiled: CompiledProblem, pool: CompiledPool, wanted: Requirement): Uint32Array {
  const types = pool.types.slice();
  const cellAdmitted = pool.cellAdmitted.slice();
  if (!narrowByNodeClass(pool.columns, compiled.catalogue, wanted, types)) {
    compiled.catalogue.narrow(wanted, types, cellAdmitted);
  }
  return compiled.catalogue.offeringsOf(types, cellAdmitted);
}

/** Which requirement of a pool removes the last type, looked at one after the other in the order of keys. */
export function poolConflict(compiled: CompiledProblem, pool: CompiledPool): string {
  const { catalogue } = compiled;
  const types = fullBits(catalogue.typeCount);
  const cellAdmitted = new Uint8Array(catalogue.cells.length).fill(1);
  for (const requirement of pool.requirements.requirements()) {
    const alone = fullBits(catalogue.typeCount);
    const aloneCells = new Uint8Array(catalogue.cells.length).fill(1);
    if (!narrowByNodeClass(pool.columns, catalogue, requirement, alone)) {
      if (!catalogue.narrow(requirement, alone, aloneCells)) continue;
    }
    if (isEmpty(catalogue.offeringsOf(alone, aloneCells))) {
      return `${describeRequirement(requirement)} matches nothing in the catalogue${meant(compiled, pool, requirement)}`;
    }
    const before = catalogue.offeringsOf(types, cellAdmitted);
    andInto(types, alone);
    aloneCells.forEach((admitted, cell) => {
      if (admitted === 0) cellAdmitted[cell] = 0;
    });
    const after = catalogue.offeringsOf(types, cellAdmitted);
    if (!intersects(before, after)) return `${describeRequirement(requirement)} removes the last of them`;
  }
  return 'the node class can be launched on none of the types, or has no zone in common with them';
}
