// The rules of the API server over the storage: what a create, a replace, a patch, a deletion do and refuse. It answers at
// once; who calls from outside gets promises (simulated-cluster.ts), the controllers of the cluster call it as it is.
import type { ApiObject, Clock, DeleteOptions, Kind, ObjectName, ObjectWriter } from '../ports/index.ts';
import { apiVersionOf, KINDS } from '../ports/index.ts';
import type { Chance } from '../random/index.ts';
import { admit } from './admission.ts';
import { AppliedFields } from './apply-patch.ts';
import { deletionOf } from './deletion.ts';
import * as errors from './errors.ts';
import { allowEviction } from './eviction.ts';
import { copyJson, type Fields, isFields, isSameJson } from './json.ts';
import { type KindRules, rulesOf } from './kind-rules.ts';
import { LIMITS } from './limits.ts';
import { jsonPatch, mergePatch, UnfitPatch } from './plain-patches.ts';
import { formatTime, newUid, randomSuffix } from './stamps.ts';
import { nameOf, Storage } from './storage.ts';
import { strategicPatch } from './strategic-patch.ts';
import { checkChange, checkName } from './validation.ts';

type Patch = Parameters<ObjectWriter['patch']>[2];

/** What the API server stands on. */
export interface ApiServerOptions {
  readonly clock: Clock;
  readonly chance: Chance;
  /** What webhooks and schema defaults would do to an object that is made or changed; it may throw a ClusterError. */
  readonly admission: ((kind: Kind, object: ApiObject) => ApiObject) | undefined;
  readonly historyLength: number;
}

/** The API server. */
export class ApiServer {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly #chance: Chance;
  readonly #admission: ApiServerOptions['admission'];
  readonly #applied = new AppliedFields();

  constructor(options: ApiServerOptions) {
    this.clock = options.clock;
    this.#chance = options.chance;
    this.#admission = options.admission;
    this.storage = new Storage(options.historyLength);
  }

  create(of: Kind, given: ApiObject): ApiObject {
    const rules = requiredRules(of);
    const { kind } = rules;
    const object = copyJson(given) as Fields & { metadata: Fields };
    if (!isFields(object.metadata)) throw errors.badRequest('metadata is missing');
    checkTypeAndNamespace(kind, object);
    const { metadata } = object;
    if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '') {
      throw errors.badRequest('resourceVersion should not be set on objects to be created');
    }
    metadata.name = this.#nameFor(kind, metadata);
    this.#stampNew(rules, metadata);
    if (rules.hasStatus && !rules.keepsStatusAtCreation) delete object.status;
    admit(this.storage, kind, object);
    const admitted = this.#admission?.(kind, object as ApiObject) ?? (object as ApiObject);
    const name = nameOf(admitted);
    if (this.storage.get(kind, name) !== undefined) throw errors.alreadyExists(kind, name.name);
    return this.storage.put(kind, this.#admission === undefined ? admitted : copyJson(admitted));
  }

  replace(of: Kind, given: ApiObject, subresource?: 'status'): ApiObject {
    const rules = requiredRules(of, subresource);
    const { kind } = rules;
    const object = copyJson(given) as Fields & { metadata: Fields };
    checkTypeAndNamespace(kind, object);
    const name = nameOf(object as ApiObject);
    const stored = this.#required(kind, name);
    const version = object.metadata.resourceVersion;
    if (version === undefined || version === '') {
      if (!rules.allowsUnconditionalReplace) {
        throw errors.invalid(
          kind,
          name.name,
          'metadata.resourceVersion',
          'Invalid value: 0x0: must be specified for an update',
        );
      }
    } else if (version !== stored.metadata.resourceVersion) throw errors.versionConflict(kind, name.name);
    if (object.metadata.uid !== undefined && object.metadata.uid !== stored.metadata.uid) {
      throw errors.conflict(
        kind,
        name.name,
        `Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: ${stored.metadata.uid}`,
      );
    }
    return this.#change(rules, stored, object as ApiObject, subresource);
  }

  patch(of: Kind, name: ObjectName, patch: Patch): ApiObject {
    const rules = requiredRules(of, patch.subresource);
    const { kind } = rules;
    if (patch.type === 'apply') return this.#apply(rules, name, patch);
    const stored = this.#required(kind, name);
    const patched = patchedObject(rules, stored, patch);
    if (!isFields(patched) || !isFields(patched.metadata)) throw errors.badRequest('the patch leaves no object');
    if (patched.metadata.name !== name.name || patched.metadata.namespace !== name.namespace) {
      throw errors.badRequest(
        `the name of the object (${patched.metadata.name}) does not match the name on the URL (${name.name})`,
      );
    }
    if (patched.metadata.resourceVersion !== stored.metadata.resourceVersion)
      throw errors.versionConflict(kind, name.name);
    if (patched.metadata.uid !== stored.metadata.uid) {
      throw errors.invalid(
        kind,
        name.name,
        'metadata.uid',
        `Invalid value: "${patched.metadata.uid}": field is immutable`,
      );
    }
    return this.#change(rules, stored, copyJson(patched) as unknown as ApiObject, patch.subresource);
  }

  /** Deletes an object, or marks it for deletion where something has to happen first. */
  delete(of: Kind, name: ObjectName, options: DeleteOptions = {}): void {
    const { kind } = requiredRules(of);
    const stored = this.#required(kind, name);
    checkPreconditions(kind, stored, options);
    const marked = deletionOf(kind, stored, options, this.clock.nowMs());
    if (marked === undefined) this.#remove(kind, stored, stored);
    else if (marked !== stored) this.storage.put(kind, marked);
  }

  /** The Eviction API. */
  evict(name: ObjectName, options: Pick<DeleteOptions, 'uid' | 'gracePeriodSeconds'> = {}): void {
    const pod = this.#required(KINDS.pods, name);
    checkPreconditions(KINDS.pods, pod, options);
    const budget = allowEviction(this.storage, pod, this.clock.nowMs());
    if (budget !== undefined) this.storage.put(KINDS.podDisruptionBudgets, budget);
    this.delete(KINDS.pods, name, options);
  }

  /** The Binding API: gives a pod its node. */
  bind(name: ObjectName, nodeName: string): ApiObject {
    const pod = this.#required(KINDS.pods, name);
    const spec = pod.spec as Fields;
    if (pod.metadata.deletionTimestamp !== undefined) {
      throw errors.conflict(KINDS.pods, name.name, `pod ${name.name} is being deleted, cannot be assigned to a host`);
    }
    if ((spec.nodeName ?? '') !== '') {
      throw errors.conflict(KINDS.pods, name.name, `pod ${name.name} is already assigned to node "${spec.nodeName}"`);
    }
    const status = isFields(pod.status) ? pod.status : {};
    const conditions = (Array.isArray(status.conditions) ? status.conditions : []).filter(
      (condition: Fields) => condition.type !== 'PodScheduled',
    );
    const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: formatTime(this.clock.nowMs()) };
    return this.storage.put(KINDS.pods, {
      ...pod,
      spec: { ...spec, nodeName },
      status: { ...status, conditions: [...conditions, scheduled] },
    });
  }

  #apply(rules: KindRules, name: ObjectName, patch: Patch): ApiObject {
    const { kind } = rules;
    const { body, fieldManager } = patch;
    if (fieldManager === undefined) throw errors.badRequest('fieldManager is required for apply patch');
    if (!isFields(body) || body.apiVersion !== apiVersionOf(kind) || body.kind !== kind.kind) {
      throw errors.badRequest(`an applied object names its type: ${apiVersionOf(kind)} ${kind.kind}`);
    }
    const stored = this.storage.get(kind, name);
    let result: ApiObject;
    if (stored === undefined) {
      if (patch.subresource !== undefined) throw errors.notFound(kind, name);
      result = this.create(kind, { ...body, metadata: { ...(body.metadata as Fields), ...name } });
    } else {
      const merged = this.#applied.apply(stored, body, fieldManager);
      if ((merged.metadata as Fields).resourceVersion !== stored.metadata.resourceVersion) {
        throw errors.versionConflict(kind, name.name);
      }
      result = this.#change(rules, stored, copyJson(merged) as ApiObject, patch.subresource);
    }
    this.#applied.note(String(result.metadata.uid), body, fieldManager);
    return result;
  }

  #required(kind: Kind, name: ObjectName): ApiObject {
    const stored = this.storage.get(kind, name);
    if (stored === undefined) throw errors.notFound(kind, name);
    return stored;
  }

  #nameFor(kind: Kind, metadata: Fields): string {
    const { name, generateName } = metadata;
    if (typeof name === 'string' && name !== '') {
      checkName(kind, name);
      return name;
    }
    if (typeof generateName !== 'string' || generateName === '') {
      throw errors.invalid(kind, '', 'metadata.name', 'Required value: name or generateName is required');
    }
    const namespace = metadata.namespace as string | undefined;
    for (let tries = 0; tries < LIMITS.generatedNameTries; tries += 1) {
      const generated = generateName + randomSuffix(this.#chance);
      checkName(kind, generated);
      const taken = this.storage.get(
        kind,
        namespace === undefined ? { name: generated } : { namespace, name: generated },
      );
      if (taken === undefined) return generated;
    }
    throw errors.alreadyExists(kind, generateName);
  }

  #stampNew(rules: KindRules, metadata: Fields): void {
    for (const field of [
      'deletionTimestamp',
      'deletionGracePeriodSeconds',
      'generation',
      'resourceVersion',
      'managedFields',
    ]) {
      delete metadata[field];
    }
    metadata.uid = newUid(this.#chance);
    metadata.creationTimestamp = formatTime(this.clock.nowMs());
    if (rules.countsGenerations) metadata.generation = 1;
  }

  /**
   * Stores a changed object: system fields stay, the generation counts, and the last finalizer's end is the object's.
   * @param given taken over; what it shares with `stored` stays shared
   */
  #change(rules: KindRules, stored: ApiObject, given: ApiObject, subresource: 'status' | undefined): ApiObject {
    const { kind } = rules;
    const proposed = withinReach(rules, stored, given, subresource);
    const isAdmitted = subresource === undefined && this.#admission !== undefined;
    const object = isAdmitted ? copyJson(this.#admission?.(kind, proposed) ?? proposed) : proposed;
    const metadata: Fields = { ...object.metadata };
    for (const field of SYSTEM_FIELDS) {
      if (stored.metadata[field] === undefined) delete metadata[field];
      else metadata[field] = stored.metadata[field];
    }
    if (Array.isArray(metadata.finalizers) && metadata.finalizers.length === 0) delete metadata.finalizers;
    if (rules.countsGenerations && !isSameJson(wantedPart(rules, stored), wantedPart(rules, object))) {
      metadata.generation = (stored.metadata.generation ?? 0) + 1;
    }
    const next = { ...object, metadata } as ApiObject;
    checkChange(kind, stored, next);
    if (isSameJson(next, stored)) return stored;
    const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = next.metadata;
    if (deletionTimestamp === undefined || deletionGracePeriodSeconds > 0 || finalizers.length > 0) {
      return this.storage.put(kind, next);
    }
    if (kind.kind === 'Namespace' && namespaceFinalizers(next).length > 0) return this.storage.put(kind, next);
    this.#remove(kind, stored, next);
    return next;
  }

  #remove(kind: Kind, stored: ApiObject, last: ApiObject): void {
    this.#applied.forget(String(stored.metadata.uid));
    this.storage.remove(kind, nameOf(stored), last);
  }
}

const SYSTEM_FIELDS = [
  'uid',
  'name',
  'namespace',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

function requiredRules(kind: Kind, subresource?: 'status'): KindRules {
  const rules = rulesOf(kind);
  if (rules === undefined || (subresource !== undefined && !rules.hasStatus)) {
    throw errors.notFound(kind, { name: subresource ?? '' });
  }
  return rules;
}

/** apiVersion and kind are filled in and must not be another kind's; there is a namespace exactly where there must be. */
function checkTypeAndNamespace(kind: Kind, object: Fields & { metadata: Fields }): void {
  object.apiVersion ??= apiVersionOf(kind);
  object.kind ??= kind.kind;
  if (object.apiVersion !== apiVersionOf(kind) || object.kind !== kind.kind) {
    throw errors.badRequest(
      `${object.apiVersion}, Kind=${object.kind} does not match the resource ${errors.resourceOf(kind)}`,
    );
  }
  const hasNamespace = typeof object.metadata.namespace === 'string' && object.metadata.namespace !== '';
  if (hasNamespace !== kind.namespaced) {
    throw errors.badRequest(hasNamespace ? `${kind.kind} has no namespace` : 'an empty namespace may not be set');
  }
}

function checkPreconditions(kind: Kind, stored: ApiObject, options: DeleteOptions): void {
  const { uid, resourceVersion, name } = stored.metadata;
  if (options.uid !== undefined && options.uid !== uid) {
    throw errors.conflict(
      kind,
      String(name),
      `Precondition failed: UID in precondition: ${options.uid}, UID in object meta: ${uid}`,
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    throw errors.conflict(
      kind,
      String(name),
      `Precondition failed: ResourceVersion in precondition: ${options.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`,
    );
  }
}

function patchedObject(rules: KindRules, stored: ApiObject, patch: Patch): unknown {
  if (patch.type === 'merge') return mergePatch(stored, patch.body);
  if (patch.type === 'strategic') {
    if (rules.isCustom)
      throw errors.badRequest('the body of the request was in an unknown format: strategic merge patch');
    return strategicPatch(stored, patch.body);
  }
  try {
    return jsonPatch(stored, patch.body);
  } catch (error) {
    if (!(error instanceof UnfitPatch)) throw error;
    throw errors.invalid(rules.kind, String(stored.metadata.name), 'patch', error.message);
  }
}

/** What a call may change: `/status` the status, the object itself all the rest. */
function withinReach(
  rules: KindRules,
  stored: ApiObject,
  given: ApiObject,
  subresource: 'status' | undefined,
): ApiObject {
  if (!rules.hasStatus) return given;
  if (subresource === undefined) return withField(given, 'status', stored.status);
  if (rules.isCustom) return withField(stored, 'status', given.status);
  return withField(given, 'spec', stored.spec);
}

function withField(object: ApiObject, field: 'spec' | 'status', value: unknown): ApiObject {
  const { [field]: _, ...rest } = object;
  return (value === undefined ? rest : { ...rest, [field]: value }) as ApiObject;
}

/** What a generation is of: the spec; of custom resources everything but metadata and status. */
function wantedPart(rules: KindRules, object: ApiObject): unknown {
  if (!rules.isCustom) return rules.kind.kind === 'PriorityClass' ? object.value : object.spec;
  const { metadata: _metadata, status: _status, ...wanted } = object;
  return wanted;
}

function namespaceFinalizers(namespace: ApiObject): readonly unknown[] {
  const spec = isFields(namespace.spec) ? namespace.spec : {};
  return Array.isArray(spec.finalizers) ? spec.finalizers : [];
}
