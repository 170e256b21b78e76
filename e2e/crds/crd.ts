// A CustomResourceDefinition as far as these tests look into it.

/** An OpenAPI schema. */
export interface OpenApi {
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, OpenApi>>;
  readonly items?: OpenApi;
  readonly additionalProperties?: OpenApi;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
  readonly [other: string]: unknown;
}

/** The whole object. */
export interface CustomResourceDefinition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames?: readonly string[];
      readonly categories?: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly additionalPrinterColumns: readonly { readonly name: string; readonly description?: string }[];
      readonly subresources: unknown;
      readonly schema: { readonly openAPIV3Schema: OpenApi };
    }[];
  };
}

/** The schema of the only version. */
export function schemaOf(crd: CustomResourceDefinition): OpenApi {
  const [version, ...others] = crd.spec.versions;
  if (version === undefined || others.length > 0) throw new Error(`read ${crd.metadata.name}: not exactly one version`);
  return version.schema.openAPIV3Schema;
}

/** Every schema in a schema, with its path: `[]` after a list, `{}` after a mapping of the user's keys. */
export function* walk(schema: OpenApi, path = ''): Generator<[path: string, schema: OpenApi]> {
  yield [path, schema];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    yield* walk(field, path === '' ? name : `${path}.${name}`);
  }
  if (schema.items !== undefined) yield* walk(schema.items, `${path}[]`);
  if (schema.additionalProperties !== undefined) yield* walk(schema.additionalProperties, `${path}{}`);
}
