// CustomResourceDefinitions from the descriptions of resources, as plain objects. Nothing is decided here.

import type { AnyRule, SchemaNode } from './language.ts';
import type { Resource } from './resource.ts';

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** The CustomResourceDefinition (apiextensions.k8s.io/v1) of a resource. */
export function customResourceDefinition(resource: Resource): Json {
  const { group, kind, plural, scale } = resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        categories: ['karpenter'],
        kind,
        listKind: `${kind}List`,
        plural,
        ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
        singular: kind.toLowerCase(),
      },
      scope: 'Cluster',
      versions: [
        {
          name: resource.version,
          served: true,
          storage: true,
          additionalPrinterColumns: resource.columns.map(({ name, type, jsonPath, wide }) => ({
            name,
            type,
            jsonPath,
            ...(wide === true ? { priority: 1 } : {}),
          })),
          subresources: {
            status: {},
            ...(scale === undefined
              ? {}
              : { scale: { specReplicasPath: scale.wanted, statusReplicasPath: scale.present } }),
          },
          schema: { openAPIV3Schema: rootSchema(resource) },
        },
      ],
    },
  };
}

function rootSchema(resource: Resource): Json {
  return {
    type: 'object',
    description: resource.description,
    ...(resource.specRequired ? { required: ['spec'] } : {}),
    properties: {
      apiVersion: { type: 'string', description: `${resource.group}/${resource.version}.` },
      kind: { type: 'string', description: `${resource.kind}.` },
      metadata: { type: 'object' },
      spec: openApi(resource.spec.node),
      status: openApi(resource.status.node),
    },
  };
}

/** The OpenAPI schema of a node. */
function openApi(node: SchemaNode): Json {
  return { ...shape(node), ...rulesOf(node.rules) };
}

function shape(node: SchemaNode): Json {
  const { description } = node;
  switch (node.type) {
    case 'text': {
      const { format, pattern, minLength, maxLength, oneOf } = node;
      return given({ type: 'string', description, format, minLength, maxLength, pattern, enum: oneOf });
    }
    case 'whole': {
      const { format, minimum, maximum } = node;
      return given({ type: 'integer', description, format, minimum, maximum });
    }
    case 'flag':
      return { type: 'boolean', description };
    case 'quantity':
      return {
        description,
        anyOf: [{ type: 'integer' }, { type: 'string' }],
        pattern: node.pattern,
        'x-kubernetes-int-or-string': true,
      };
    case 'list': {
      const { minItems, maxItems, merge, items } = node;
      return given({
        type: 'array',
        description,
        minItems,
        maxItems,
        'x-kubernetes-list-type': typeof merge === 'object' ? 'map' : merge,
        'x-kubernetes-list-map-keys': typeof merge === 'object' ? [merge.byKey] : undefined,
        items: openApi(items),
      });
    }
    case 'map': {
      const { maxProperties, merge, values } = node;
      return given({
        type: 'object',
        description,
        maxProperties,
        'x-kubernetes-map-type': merge,
        additionalProperties: openApi(values),
      });
    }
    case 'record': {
      const required = Object.keys(node.fields).filter((name) => node.fields[name]?.required === true);
      return given({
        type: 'object',
        description,
        required: required.length === 0 ? undefined : required.sort(),
        properties: Object.fromEntries(
          Object.entries(node.fields).map(([name, { schema, fallback }]) => [
            name,
            given({ ...openApi(schema), default: fallback }),
          ]),
        ),
      });
    }
  }
}

function rulesOf(rules: readonly AnyRule[]): Json {
  if (rules.length === 0) return {};
  return {
    'x-kubernetes-validations': rules.map(({ cel, message, field }) => given({ rule: cel, message, fieldPath: field })),
  };
}

/** The entries that have a value. */
function given(entries: Json): Json {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}
