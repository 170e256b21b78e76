// What the webhook writes into objects: their effective spec, and which fields it had to work out from others, so that it can
// do so anew when those change. Pure.
import { isDeepStrictEqual } from 'node:util';
import {
  type AnyObject,
  EC2_NODE_CLASS,
  effectiveSpec,
  IMAGE_FIELDS,
  isMapping,
  type Resource,
} from '../resources/index.ts';

/** Names the fields of a spec that were worked out from others, separated by commas. */
export const FILLED_IN = 'dovetail/filled-in';

/**
 * The object with all of its spec filled in. A field that was worked out before and that nobody has touched since follows
 * what it was worked out from: who changes amiFamily means the images of the new one.
 *
 * @param old what is stored; absent for an object that is created
 */
export function filledIn(resource: Resource, object: AnyObject, old?: AnyObject): AnyObject {
  const written = withoutFollowers(resource, object, old);
  const spec = effectiveSpec(resource, { spec: written });
  if (resource.kind !== EC2_NODE_CLASS.kind) return { ...object, spec };
  const names = IMAGE_FIELDS.filter((name) => !isSet(written, name) && isSet(spec, name));
  return withAnnotation({ ...object, spec }, names.join(','));
}

/** The spec without the fields that follow others. */
function withoutFollowers(resource: Resource, object: AnyObject, old: AnyObject | undefined): unknown {
  const { spec } = object;
  if (resource.kind !== EC2_NODE_CLASS.kind || !isMapping(spec) || !isMapping(old?.spec)) return spec;
  const before = old.spec;
  const followers = annotationOf(old).split(',');
  const follows = (name: string): boolean =>
    followers.includes(name) &&
    IMAGE_FIELDS.some((field) => field === name) &&
    isDeepStrictEqual(spec[name], before[name]);
  return Object.fromEntries(Object.entries(spec).filter(([name]) => !follows(name)));
}

function annotationOf({ metadata }: AnyObject): string {
  const annotations = isMapping(metadata) ? metadata.annotations : undefined;
  const value = isMapping(annotations) ? annotations[FILLED_IN] : undefined;
  return typeof value === 'string' ? value : '';
}

/** The object with the annotation, or without it where there is nothing to say. */
function withAnnotation(object: AnyObject, names: string): AnyObject {
  if (annotationOf(object) === names) return object;
  const metadata = isMapping(object.metadata) ? object.metadata : {};
  const annotations: Record<string, unknown> = { ...(isMapping(metadata.annotations) ? metadata.annotations : {}) };
  if (names === '') delete annotations[FILLED_IN];
  else annotations[FILLED_IN] = names;
  return { ...object, metadata: { ...metadata, annotations } };
}

function isSet(spec: unknown, name: string): boolean {
  return isMapping(spec) && spec[name] !== undefined && spec[name] !== null;
}
