// What the nodes of a pool have together, for the pool's status and its limits. Pure.
import { parseQuantity } from '../kubernetes/index.ts';
import { isDeleting, type NodeClaimView, type NodeView, type Quantities } from '../objects/index.ts';

/** A claim with its node, as far as it has come. */
export interface PoolMember {
  readonly claim: NodeClaimView;
  readonly node: NodeView | undefined;
}

/** Sums over a pool. */
export interface PoolCount {
  readonly nodes: number;
  readonly resources: Readonly<Record<string, string>>;
}

/** Resources that a pool without nodes shows as 0. */
const ALWAYS_SHOWN = ['cpu', 'ephemeral-storage', 'memory', 'pods'] as const;

const NANO = 1_000_000_000n;
const NANO_PER_MILLI = 1_000_000n;

/** Counts members that stay. A node that has not said what it has counts with what its claim expects. */
export function countPool(members: readonly PoolMember[]): PoolCount {
  const sums = new Map<string, bigint>(ALWAYS_SHOWN.map((name) => [name, 0n]));
  let nodes = 0;
  for (const { claim, node } of members) {
    if (isDeleting(claim) || (node !== undefined && isDeleting(node))) continue;
    const capacity = capacityOf(claim, node);
    if (capacity === undefined) continue;
    nodes += 1;
    for (const [name, quantity] of Object.entries(capacity)) {
      sums.set(name, (sums.get(name) ?? 0n) + (parseQuantity(quantity) ?? 0n));
    }
  }
  const resources = Object.fromEntries([...sums].map(([name, amount]) => [name, amountText(name, amount)]));
  return { nodes, resources: { ...resources, nodes: String(nodes) } };
}

function capacityOf(claim: NodeClaimView, node: NodeView | undefined): Quantities | undefined {
  const expected = claim.status?.capacity;
  if (node?.status?.capacity === undefined) return expected;
  return { ...expected, ...node.status.capacity };
}

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'] as const;

/** An amount in billionths as Kubernetes writes it: thousandths of CPU, binary units for bytes. */
function amountText(name: string, nano: bigint): string {
  if (name === 'cpu') return nano % NANO === 0n ? String(nano / NANO) : `${nano / NANO_PER_MILLI}m`;
  let rest = nano / NANO;
  if (name !== 'memory' && name !== 'ephemeral-storage' && !name.startsWith('hugepages-')) return String(rest);
  let unit = 0;
  while (rest > 0n && rest % 1024n === 0n && unit < BINARY.length - 1) {
    rest /= 1024n;
    unit += 1;
  }
  return `${rest}${BINARY[unit]}`;
}
