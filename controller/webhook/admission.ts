// The answers to admission reviews: what is filled in, what is refused, what is warned of. Pure: nothing is read or written
// elsewhere. It only ever speaks about spec, and never against an update that leaves spec as it is.
import { isDeepStrictEqual } from 'node:util';
import { formatPath } from '../kubernetes/index.ts';
import {
  type AnyObject,
  changeViolations,
  effectiveSpec,
  isMapping,
  RESOURCES,
  type Resource,
  specViolations,
  type Violation,
} from '../resources/index.ts';
import { filledIn } from './filling.ts';
import { LIMITS } from './limits.ts';
import { patchBetween } from './patch.ts';
import { warningsOf } from './warnings.ts';

/** What the API server asks about. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly operation: string;
  readonly object: AnyObject;
  /** What is stored; absent where nothing is. */
  readonly oldObject: AnyObject | undefined;
}

/** The answer to one request, as `admission.k8s.io/v1` has it. */
export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
  readonly patchType?: 'JSONPatch';
  /** Base64. */
  readonly patch?: string;
  readonly warnings?: readonly string[];
}

/** One of the two ways in which the webhook is called. */
export type Answer = (request: AdmissionRequest) => AdmissionResponse;

/** Reads the request of an AdmissionReview. Throws an Error that says what it is not. */
export function readReview(text: string): AdmissionRequest {
  const review = JSON.parse(text) as { readonly kind?: unknown; readonly request?: Partial<AdmissionRequest> | null };
  const { request } = review;
  if (review.kind !== 'AdmissionReview' || typeof request !== 'object' || request === null) {
    throw new Error('it is no AdmissionReview with a request');
  }
  const { uid, kind, operation, object, oldObject } = request;
  if (
    typeof uid !== 'string' ||
    typeof kind?.kind !== 'string' ||
    typeof operation !== 'string' ||
    !isMapping(object)
  ) {
    throw new Error('its request has no uid, kind, operation or object');
  }
  return { uid, kind, operation, object, oldObject: isMapping(oldObject) ? oldObject : undefined };
}

/** An answer as a review. */
export function writeReview(response: AdmissionResponse): string {
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });
}

/** The mutating side: fills spec in. It refuses nothing. */
export const fillIn: Answer = (request) => {
  const { uid, object, oldObject } = request;
  const resource = resourceOf(request);
  // What is stored may have been stored by other rules, and is only judged anew where somebody changes it. An object without
  // a spec is left to the schema, which may demand one.
  if (resource === undefined || !isMapping(object.spec) || isDeepStrictEqual(oldObject?.spec, object.spec)) {
    return { uid, allowed: true };
  }
  const steps = patchBetween(object, filledIn(resource, object, oldObject));
  if (steps.length === 0) return { uid, allowed: true };
  return { uid, allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(steps)).toString('base64') };
};

/** The validating side: refuses what the schema refuses, also where another one is installed, and warns. */
export const check: Answer = (request) => {
  const { uid, object, oldObject } = request;
  const resource = resourceOf(request);
  if (resource === undefined || meansTheSame(resource, oldObject, object)) return { uid, allowed: true };
  const found =
    oldObject === undefined ? specViolations(resource, object) : changeViolations(resource, object, oldObject);
  if (found.length > 0) return { uid, allowed: false, status: refusal(found) };
  const warnings = warningsOf(resource, object);
  return { uid, allowed: true, ...(warnings.length === 0 ? {} : { warnings }) };
};

function meansTheSame(resource: Resource, old: AnyObject | undefined, object: AnyObject): boolean {
  return old !== undefined && isDeepStrictEqual(effectiveSpec(resource, old), effectiveSpec(resource, object));
}

function refusal(found: readonly Violation[]) {
  const named = found.slice(0, LIMITS.faultCount).map(({ path, message }) => `${formatPath(path)}: ${message}`);
  const rest = found.length - named.length;
  const message = [...named, ...(rest === 0 ? [] : [`and ${rest} more`])].join('; ');
  return { code: 422, reason: 'Invalid', message };
}

function resourceOf({ kind }: AdmissionRequest): Resource | undefined {
  return RESOURCES.find((one) => one.group === kind.group && one.version === kind.version && one.kind === kind.kind);
}
