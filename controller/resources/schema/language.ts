// The language in which resources are described once: a schema gives the TypeScript types of what may be written and of
// what it means once defaults are filled in, the OpenAPI schema of the CRD (crd.ts), defaulting (defaults.ts) and the
// check (violations.ts). Only what the resources need of OpenAPI is here. Not here: any resource.

/**
 * A rule over a value and its parts, which a plain schema can't say: in CEL for the API server and as a function for
 * everybody else. Both must say the same; `npm run e2e:crds` holds them against each other. Rules see filled-in values,
 * and only values whose shape is right.
 */
export interface Rule<Value> {
  readonly cel: string;
  /** What has to be so, for the user: the API server puts the field's path before it. */
  readonly message: string;
  /** The field to name, below the one that the rule stands on. */
  readonly field?: string;
  readonly holds: (self: Value) => boolean;
}

/** A rule over a change: not looked at when an object is created, or a field appears or goes. */
export interface ChangeRule<Value> extends Omit<Rule<Value>, 'holds'> {
  readonly holdsOnChange: (self: Value, old: Value) => boolean;
}

/** A rule as a node keeps it: who evaluates it has checked the shape of the value. */
export type AnyRule = Rule<never> | ChangeRule<never>;

interface NodeBase {
  readonly description: string;
  readonly rules: readonly AnyRule[];
}

/** Text, with bounds on its length in characters. */
export interface TextNode extends NodeBase {
  readonly type: 'text';
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly oneOf?: readonly string[];
  readonly format?: 'date-time';
}

/** A whole number. */
export interface WholeNode extends NodeBase {
  readonly type: 'whole';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: 'int32' | 'int64';
  /** One of the numbers of the scale subresource: the API server wants 0 to 2³¹ − 1 there, whatever the schema says. */
  readonly asScale?: true;
}

/** True or false. */
export interface FlagNode extends NodeBase {
  readonly type: 'flag';
}

/** An amount of a resource: a whole number, or text such as 500m or 16Gi. */
export interface QuantityNode extends NodeBase {
  readonly type: 'quantity';
  readonly pattern: string;
}

/** How server-side apply merges a list: whole, as a set, or by a key of its entries. Undefined leaves it unsaid. */
export type ListMerge = 'atomic' | 'set' | { readonly byKey: string };

/** A list. */
export interface ListNode extends NodeBase {
  readonly type: 'list';
  readonly items: SchemaNode;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly merge?: ListMerge;
}

/** A mapping with keys of the user's choice. */
export interface MapNode extends NodeBase {
  readonly type: 'map';
  readonly values: SchemaNode;
  readonly maxProperties?: number;
  readonly merge?: 'atomic' | 'granular';
}

/** A mapping with named fields. Other fields are dropped by the API server. */
export interface RecordNode extends NodeBase {
  readonly type: 'record';
  readonly fields: Readonly<Record<string, FieldNode>>;
}

/** A field of a record. A field with a default is never missing once defaults are filled in. */
export interface FieldNode {
  readonly schema: SchemaNode;
  readonly required: boolean;
  /** JSON; undefined where there is none. */
  readonly fallback: unknown;
}

export type SchemaNode = TextNode | WholeNode | FlagNode | QuantityNode | ListNode | MapNode | RecordNode;

/** A node with the types it stands for: what may be written, and what that means once defaults are filled in. */
export interface Schema<Written, Effective = Written> {
  readonly node: SchemaNode;
  /** Types only: never set. */
  readonly types?: { readonly written: Written; readonly effective: Effective };
}

/** What a manifest may write. */
export type WrittenOf<Part> = Part extends Schema<infer Written, unknown> ? Written : never;

/** What it means, with nothing of the schema's defaults left out. */
export type EffectiveOf<Part> = Part extends Schema<infer _Written, infer Effective> ? Effective : never;

/** A field in the description of a record. */
export interface Field<Part, Need extends 'required' | 'optional' | 'defaulted'> {
  readonly part: Part;
  readonly need: Need;
  readonly fallback?: unknown;
}

type AnyField = Field<Schema<unknown, unknown>, 'required' | 'optional' | 'defaulted'>;
type Fields = Readonly<Record<string, AnyField>>;

type KeysWith<All extends Fields, Need> = {
  [Key in keyof All]: All[Key]['need'] extends Need ? Key : never;
}[keyof All];

type Flat<Value> = { readonly [Key in keyof Value]: Value[Key] };

export type WrittenRecord<All extends Fields> = Flat<
  { [Key in KeysWith<All, 'required'>]: WrittenOf<All[Key]['part']> } & {
    [Key in KeysWith<All, 'optional' | 'defaulted'>]?: WrittenOf<All[Key]['part']>;
  }
>;

export type EffectiveRecord<All extends Fields> = Flat<
  { [Key in KeysWith<All, 'required' | 'defaulted'>]: EffectiveOf<All[Key]['part']> } & {
    [Key in KeysWith<All, 'optional'>]?: EffectiveOf<All[Key]['part']>;
  }
>;

/** A field that has to be written. */
export function required<Part>(part: Part): Field<Part, 'required'> {
  return { part, need: 'required' };
}

/** A field that may be left out, and means nothing then. */
export function optional<Part>(part: Part): Field<Part, 'optional'> {
  return { part, need: 'optional' };
}

/** A field that may be left out and has a value then. The defaults of its own fields are filled in after that. */
export function defaulted<Part extends Schema<unknown, unknown>>(
  part: Part,
  fallback: WrittenOf<Part>,
): Field<Part, 'defaulted'> {
  return { part, need: 'defaulted', fallback };
}

type Options<Node extends SchemaNode> = Omit<Node, 'type' | 'description' | 'rules'>;

export function text(description: string, options: Options<TextNode> = {}): Schema<string> {
  return { node: { type: 'text', description, rules: [], ...options } };
}

export function oneOf<const Value extends string>(
  values: readonly Value[],
  description: string,
  options: Options<TextNode> = {},
): Schema<Value> {
  return { node: { type: 'text', description, rules: [], oneOf: values, ...options } };
}

/** A moment as RFC 3339 writes it. */
export function moment(description: string): Schema<string> {
  return text(description, { format: 'date-time' });
}

export function whole(description: string, options: Options<WholeNode> = {}): Schema<number> {
  return { node: { type: 'whole', description, rules: [], ...options } };
}

export function flag(description: string): Schema<boolean> {
  return { node: { type: 'flag', description, rules: [] } };
}

export function quantity(description: string, pattern: string): Schema<string | number> {
  return { node: { type: 'quantity', description, rules: [], pattern } };
}

export function list<Written, Effective>(
  items: Schema<Written, Effective>,
  description: string,
  options: Omit<Options<ListNode>, 'items'> = {},
): Schema<readonly Written[], readonly Effective[]> {
  return { node: { type: 'list', description, rules: [], items: items.node, ...options } };
}

export function map<Written, Effective>(
  values: Schema<Written, Effective>,
  description: string,
  options: Omit<Options<MapNode>, 'values'> = {},
): Schema<Readonly<Record<string, Written>>, Readonly<Record<string, Effective>>> {
  return { node: { type: 'map', description, rules: [], values: values.node, ...options } };
}

export function record<All extends Fields>(
  description: string,
  fields: All,
): Schema<WrittenRecord<All>, EffectiveRecord<All>> {
  const nodes = Object.entries(fields).map(([name, { part, need, fallback }]): [string, FieldNode] => [
    name,
    { schema: part.node, required: need === 'required', fallback },
  ]);
  return { node: { type: 'record', description, rules: [], fields: Object.fromEntries(nodes) } };
}

/** The same schema with rules over its value. */
export function withRules<Written, Effective>(
  schema: Schema<Written, Effective>,
  ...rules: readonly (Rule<Effective> | ChangeRule<Effective>)[]
): Schema<Written, Effective> {
  const { node } = schema;
  return { node: { ...node, rules: [...node.rules, ...rules] } };
}

/** The field of a record, by its name. Throws for one that is not there: a programmer's error. */
export function fieldNode(node: SchemaNode, name: string): FieldNode {
  const field = node.type === 'record' ? node.fields[name] : undefined;
  if (field === undefined) throw new Error(`read schema: it has no field ${name}`);
  return field;
}
