// Amounts and lists in words, as messages have them. Amounts that are asked for are rounded up and what there is down, so
// that no sentence says that something fits which does not.

const KIBIBYTE = 1024;

/** Values that a list writes out before it counts the rest. */
const LISTED_VALUES = 4;

/** Whether an amount is in bytes. */
function isBytes(resource: string): boolean {
  return resource === 'memory' || resource === 'ephemeral-storage' || resource.startsWith('hugepages-');
}

/** An amount of a resource with its unit: "1.5 cpu", "12.3Gi memory", "3 nvidia.com/gpu". */
export function amountText(resource: string, amount: number, rounding: 'up' | 'down' = 'down'): string {
  return `${bareAmount(resource, amount, rounding)} ${resource}`;
}

/** The same without the resource's name. */
export function bareAmount(resource: string, amount: number, rounding: 'up' | 'down' = 'down'): string {
  if (!Number.isFinite(amount)) return 'any number';
  if (resource === 'cpu') return Math.abs(amount) < 1000 && amount !== 0 ? `${amount}m` : String(amount / 1000);
  if (!isBytes(resource) || amount === 0) return String(amount);
  if (amount % KIBIBYTE !== 0 && Math.abs(amount) < KIBIBYTE) return String(amount);
  const [size, unit] =
    Math.abs(amount) >= KIBIBYTE ** 3
      ? [KIBIBYTE ** 3, 'Gi']
      : Math.abs(amount) >= KIBIBYTE ** 2
        ? [KIBIBYTE ** 2, 'Mi']
        : [KIBIBYTE, 'Ki'];
  const tenths = (amount / size) * 10;
  return `${(rounding === 'up' ? Math.ceil(tenths) : Math.floor(tenths)) / 10}${unit}`;
}

/** "a, b and c", cut where there are many. */
export function listText(values: readonly string[], listed = LISTED_VALUES): string {
  if (values.length <= 1) return values[0] ?? 'nothing';
  if (values.length > listed) return `${values.slice(0, listed).join(', ')} and ${values.length - listed} more`;
  return `${values.slice(0, -1).join(', ')} and ${values.at(-1)}`;
}

/** "1 type", "2 types", "1,200 types". */
export function counted(count: number, noun: string): string {
  return `${String(count).replace(/\B(?=(\d{3})+$)/g, ',')} ${noun}${count === 1 ? '' : 's'}`;
}
