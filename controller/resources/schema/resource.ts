// What a custom resource is besides the schemas of its spec and status: names, columns, subresources. crd.ts writes the
// CustomResourceDefinition from it. Not here: any resource.
import type { Schema } from './language.ts';

/** One column of `kubectl get`; those with `wide` are shown by -o wide. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly wide?: true;
}

/** A cluster-scoped custom resource with the status subresource and one version. */
export interface Resource<Spec extends Schema<unknown, unknown> = Schema<unknown, unknown>> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly columns: readonly PrinterColumn[];
  /** Paths of the wanted and the present number of the scale subresource. */
  readonly scale?: { readonly wanted: string; readonly present: string };
  readonly specRequired: boolean;
  readonly spec: Spec;
  readonly status: Schema<unknown, unknown>;
}

/** Whether the object is ready, and how old it is: columns that every resource has. */
export const READY_COLUMN: PrinterColumn = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
};
export const AGE_COLUMN: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
