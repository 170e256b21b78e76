// One condition on a label, of a selector or of node affinity, as the Kubernetes documentation has it.

/** A condition on a label. */
export interface Condition {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/**
 * Whether a condition holds of a label's value; undefined is absent, which meets NotIn. Gt and Lt are met by
 * whole numbers only. Throws for an operator that Kubernetes does not know.
 */
export function holds({ operator, values = [] }: Condition, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && /^\d+$/.test(value) && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && /^\d+$/.test(value) && Number(value) < Number(values[0]);
    default:
      throw new Error(`read a condition: ${operator} is no operator of Kubernetes`);
  }
}
