// Advice on objects that are well-formed and probably not what was meant: values that no node can have, a pool that takes
// everything, limits on nothing. Told by names and forms alone: whether a label or value is on sale is the catalogue's to
// say (Explain does).
import { isDeepStrictEqual } from 'node:util';
import { type EffectiveNodePoolSpec, effectiveNodePoolSpec } from '../resources/index.ts';
import { at, type FieldPath, type KubernetesObject, list, mapping, pathOf } from './fields.ts';

/** What somebody should look at. */
export interface Advice {
  readonly path: FieldPath | undefined;
  readonly message: string;
}

const SPEC = pathOf('spec') as FieldPath;
const POOL_REQUIREMENTS = pathOf('spec', 'template', 'spec', 'requirements') as FieldPath;

/** Whose labels are written about: those of EC2 have forms that others need not have. */
export type Labels = 'of EC2' | 'of any catalogue';

/** What in a pool is accepted but probably a mistake. */
export function nodePoolAdvice(
  pool: KubernetesObject,
  spec: EffectiveNodePoolSpec,
  labels: Labels = 'of any catalogue',
): Advice[] {
  const advice: Advice[] = [];
  const written = mapping(pool.spec, SPEC);
  if (saysNothing(written?.template)) {
    advice.push({
      path: SPEC,
      message:
        'its template says nothing: the pool uses the node class "default" and every instance type; ' +
        'write spec.template.spec.requirements to choose',
    });
  }
  advice.push(...requirementAdvice(spec.template.spec.requirements, POOL_REQUIREMENTS, labels));
  advice.push(...limitAdvice(written?.limits, at(SPEC, 'limits')));
  return advice;
}

/** True for no template, and for what the API server makes of none. */
function saysNothing(template: unknown): boolean {
  return template === undefined || template === null || isDeepStrictEqual(template, effectiveNodePoolSpec({}).template);
}

/** Values of a label, and what to say of one that is none of them; undefined where the value may be right. */
type Judge = (value: string) => string | undefined;

/** One of a few words. Words that people write instead are led to the right one. */
function words(known: readonly string[], meant: Readonly<Record<string, string>> = {}): Judge {
  return (value) => {
    if (known.includes(value)) return undefined;
    const right = meant[value.toLowerCase()] ?? known.find((word) => word === value.toLowerCase());
    return right === undefined ? `is none of the values ${known.join(', ')}` : `has to be written "${right}"`;
  };
}

const FAMILY_KEY = 'karpenter.k8s.aws/instance-family';
const TYPE_KEY = 'node.kubernetes.io/instance-type';

/** c, m, r; hpc, inf and the like. */
const category: Judge = (value) => {
  const [, letters] = /^([a-z]+)[0-9]/.exec(value) ?? [];
  if (letters === undefined) return undefined;
  return `is an instance family, not a category: write "${letters}" here, or use the key ${FAMILY_KEY}`;
};

/** m7i, u-6tb1: whatever stands before the dot. */
const family: Judge = (value) =>
  value.includes('.') ? `is an instance type, not a family: use the key ${TYPE_KEY}` : undefined;

/** m7i.large, u-6tb1.metal. */
const instanceType: Judge = (value) =>
  value.includes('.') ? undefined : `is no instance type, which has a dot: for families use the key ${FAMILY_KEY}`;

/** us-west-2a, us-east-1-bos-1a: a letter at the end. */
const zone: Judge = (value) =>
  /^[a-z]+(-[a-z]+)+-[0-9]+$/.test(value) ? `is a region: zones have a letter after it, such as ${value}a` : undefined;

const number: Judge = (value) => (/^[0-9]+$/.test(value) ? undefined : 'is no whole number');

const arch = words(['amd64', 'arm64'], { x86_64: 'amd64', x64: 'amd64', aarch64: 'arm64' });
const os = words(['linux', 'windows']);
const capacityType = words(['spot', 'on-demand', 'reserved'], {
  ondemand: 'on-demand',
  on_demand: 'on-demand',
  'spot-instance': 'spot',
});

const CATEGORY_KEY = 'karpenter.k8s.aws/instance-category';

/** By key, old spellings of Kubernetes included. */
const EC2_JUDGES: Readonly<Record<string, Judge>> = {
  'karpenter.sh/capacity-type': capacityType,
  'kubernetes.io/arch': arch,
  'beta.kubernetes.io/arch': arch,
  'kubernetes.io/os': os,
  'beta.kubernetes.io/os': os,
  'topology.kubernetes.io/zone': zone,
  'failure-domain.beta.kubernetes.io/zone': zone,
  [TYPE_KEY]: instanceType,
  'beta.kubernetes.io/instance-type': instanceType,
  [FAMILY_KEY]: family,
  [CATEGORY_KEY]: category,
  'karpenter.k8s.aws/instance-generation': number,
  'karpenter.k8s.aws/instance-cpu': number,
  'karpenter.k8s.aws/instance-memory': number,
  'karpenter.k8s.aws/instance-gpu-count': number,
};

/** Values of requirements that match nothing, whatever is on sale. */
export function requirementAdvice(requirements: unknown, path: FieldPath, labels: Labels): Advice[] {
  return list(requirements, path).flatMap((entry, index) => {
    const { key, operator, values } = mapping(entry, at(path, index)) ?? {};
    if (typeof key !== 'string' || !Object.hasOwn(EC2_JUDGES, key)) return [];
    const judge = labels === 'of EC2' || key === CATEGORY_KEY ? EC2_JUDGES[key] : undefined;
    if (judge === undefined || !Array.isArray(values)) return [];
    return values.flatMap((value): Advice[] => {
      const wrong = typeof value === 'string' ? judge(value) : undefined;
      if (wrong === undefined) return [];
      const effect = operator === 'NotIn' ? 'excludes' : 'matches';
      return [{ path: at(at(path, index), 'values'), message: `"${value}" ${wrong} (it ${effect} nothing)` }];
    });
  });
}

/** Resources without a domain that nodes have. */
const PLAIN_RESOURCES: readonly string[] = ['cpu', 'memory', 'ephemeral-storage', 'pods', 'nodes'];

/** Limits on resources that no node has. */
function limitAdvice(limits: unknown, path: FieldPath): Advice[] {
  return Object.keys(mapping(limits, path) ?? {})
    .filter((name) => !name.includes('/') && !name.startsWith('hugepages-') && !PLAIN_RESOURCES.includes(name))
    .map((name) => ({
      path: at(path, name),
      message: `limits nothing: no node has such a resource; the plain ones are ${PLAIN_RESOURCES.join(', ')}`,
    }));
}
