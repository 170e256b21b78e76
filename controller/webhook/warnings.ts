// What users are told about an object that is accepted: fields that nothing carries out yet, values that are probably
// misspelt, and why a pool would take no part. Pure.
import {
  checkTaintsUnique,
  type FieldPath,
  formatPath,
  InputError,
  nodeClassName,
  nodeClassSpec,
  nodePoolAdvice,
  nodePoolMessage,
  nodePoolSpec,
  pathKeys,
  pathOf,
  requirementAdvice,
  unusableNodePool,
} from '../kubernetes/index.ts';
import {
  type AnyObject,
  EC2_NODE_CLASS,
  effectiveNodeClaimSpec,
  NODE_CLAIM,
  NODE_POOL,
  notBuiltWarnings,
  notBuiltYet,
  type Resource,
} from '../resources/index.ts';
import { LIMITS } from './limits.ts';

/** A sentence for each thing, the most telling first. Of an object without violations. */
export function warningsOf(resource: Resource, object: AnyObject): string[] {
  const advice = ADVICE[resource.kind]?.(object) ?? [];
  return [...advice, ...notBuiltWarnings(notBuiltYet(resource, object))].slice(0, LIMITS.warningCount);
}

const ADVICE: Readonly<Record<string, (object: AnyObject) => string[]>> = {
  [NODE_POOL.kind]: poolAdvice,
  [NODE_CLAIM.kind]: (claim) => {
    const { requirements } = effectiveNodeClaimSpec(claim);
    return texts(requirementAdvice(requirements, pathOf('spec', 'requirements') as FieldPath, 'of EC2'));
  },
  [EC2_NODE_CLASS.kind]: (nodeClass) => unreadable(() => nodeClassSpec(nodeClass), 'nothing is launched with it'),
};

function poolAdvice(pool: AnyObject): string[] {
  const advice: string[] = [];
  const faults = unreadable(() => {
    const spec = nodePoolSpec(pool);
    advice.push(...texts(nodePoolAdvice(pool, spec, 'of EC2')));
    const reason = unusableNodePool(pool, spec);
    if (reason !== undefined) advice.push(`spec: the pool takes no part in planning: ${reason}`);
    checkTaintsUnique(spec);
    nodePoolMessage(pool, spec, nodeClassName(spec));
  }, 'the pool takes no part in planning');
  return [...faults, ...advice];
}

/** What keeps the planner from reading an object that the API server takes. */
function unreadable(read: () => void, consequence: string): string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [`${formatPath(error.path)}: ${error.message} (${consequence})`];
  }
}

function texts(advice: readonly { readonly path: FieldPath | undefined; readonly message: string }[]): string[] {
  return advice.map(({ path, message }) => `${formatPath(pathKeys(path))}: ${message}`);
}
