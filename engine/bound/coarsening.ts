// An instance with fewer rows: similar pods taken as one kind that takes no more than any of them and may be wherever one of
// them may. What holds pods then holds the true ones, so that a bound for the coarse instance is one for the fine.
import type { BoundInstance, Offer } from './instance.ts';

/** A coarser instance, and the row that each row of the fine one has become. */
export interface CoarseInstance {
  readonly instance: BoundInstance;
  readonly rowOf: Uint32Array;
}

/** At most so many rows, which are as fine as they can be: the clusters that lose most are cut, again and again. */
export function coarsen(fine: BoundInstance, rowLimit: number): CoarseInstance {
  const clusters = new Clusters(fine).cutInto(rowLimit);
  const rowOf = new Uint32Array(fine.rows.length);
  clusters.forEach((members, cluster) => {
    for (const row of members) rowOf[row] = cluster;
  });
  const { resourceCount } = fine;
  const sizes = new Float64Array(clusters.length * resourceCount).fill(Number.POSITIVE_INFINITY);
  fine.rows.forEach((_, row) => {
    for (let resource = 0; resource < resourceCount; resource++) {
      const at = rowOf[row]! * resourceCount + resource;
      sizes[at] = Math.min(sizes[at]!, fine.sizes[row * resourceCount + resource]!);
    }
  });
  const instance: BoundInstance = {
    rows: clusters.map((members) => ({
      shapes: members.flatMap((row) => fine.rows[row]!.shapes).sort((left, right) => left - right),
      podCount: members.reduce((sum, row) => sum + fine.rows[row]!.podCount, 0),
    })),
    resourceCount,
    sizes,
    caps: fine.caps.map(({ most, rows, amounts }) => {
      const amountOf = new Map(rows.map((row, entry) => [row, amounts[entry]!]));
      // A kind is under a cap only where all of its pods are.
      const least = clusters.map((members) => Math.min(...members.map((row) => amountOf.get(row) ?? 0)));
      const under = least.flatMap((amount, cluster) => (amount > 0 ? [cluster] : []));
      return { most, rows: under, amounts: under.map((cluster) => least[cluster]!) };
    }),
    offers: fine.offers.map((offer) => {
      const rows = new Set([...offer.rows].map((row) => rowOf[row]!));
      return { ...offer, rows: Uint32Array.from(rows).sort() };
    }),
    supplies: fine.supplies,
  };
  return { instance, rowOf };
}

/**
 * At most so many kinds of nodes that exist: those of similar room taken as one kind that has as much room as any of them
 * and takes what any of them takes.
 */
export function coarsenStanding(fine: BoundInstance, kindLimit: number): BoundInstance {
  const standing = fine.offers.filter(({ supply }) => supply >= 0 && fine.supplies[supply]!.kind === 'standing');
  if (standing.length <= kindLimit) return fine;
  const largest = new Float64Array(fine.resourceCount);
  for (const { room } of standing) {
    room.forEach((amount, resource) => {
      if (Number.isFinite(amount)) largest[resource] = Math.max(largest[resource]!, amount);
    });
  }
  const sizeOf = ({ room }: Offer): number =>
    room.reduce(
      (sum, amount, at) => (Number.isFinite(amount) && largest[at]! > 0 ? sum + amount / largest[at]! : sum),
      0,
    );
  const sorted = standing.map((offer) => ({ offer, size: sizeOf(offer) }));
  sorted.sort((left, right) => left.size - right.size || left.offer.supply - right.offer.supply);
  const supplies = fine.supplies.filter(({ kind }) => kind !== 'standing');
  const numbers = new Map(supplies.map((supply, at) => [supply, at]));
  const offers = fine.offers
    .filter((offer) => !standing.includes(offer))
    .map((offer) => (offer.supply < 0 ? offer : { ...offer, supply: numbers.get(fine.supplies[offer.supply]!)! }));
  for (let kind = 0; kind < kindLimit; kind++) {
    const from = Math.floor((kind * sorted.length) / kindLimit);
    const to = Math.floor(((kind + 1) * sorted.length) / kindLimit);
    const members = sorted.slice(from, to).map(({ offer }) => offer);
    const room = new Float64Array(fine.resourceCount);
    for (const member of members) {
      for (let at = 0; at < room.length; at++) room[at] = Math.max(room[at]!, member.room[at]!);
    }
    const rows = new Set(members.flatMap((member) => [...member.rows]));
    offers.push({ room, cost: 0, rows: Uint32Array.from(rows).sort(), supply: supplies.length });
    const nodeIndices = members.flatMap(({ supply }) => fine.supplies[supply]!.nodeIndices);
    supplies.push({ kind: 'standing', reservation: -1, nodeIndices, count: nodeIndices.length });
  }
  return { ...fine, offers, supplies };
}

/** Rows taken as one, with what that loses. */
interface Cluster {
  readonly rows: readonly number[];
  /** Room that the pods take and their kind does not, in shares of all that pods take; and of which resource most. */
  readonly loss: number;
  readonly resource: number;
}

class Clusters {
  readonly #fine: BoundInstance;
  /** `Float64Array[resources]`: one over all that pods take. */
  readonly #weights: Float64Array;

  constructor(fine: BoundInstance) {
    this.#fine = fine;
    const totals = new Float64Array(fine.resourceCount);
    fine.rows.forEach(({ podCount }, row) => {
      for (let resource = 0; resource < totals.length; resource++) {
        totals[resource]! += podCount * fine.sizes[row * totals.length + resource]!;
      }
    });
    this.#weights = totals.map((total) => (total > 0 ? 1 / total : 0));
  }

  cutInto(limit: number): (readonly number[])[] {
    const clusters = this.#alike(Math.max(1, Math.floor(limit / 2))).map((rows) => this.#measure(rows));
    while (clusters.length < limit) {
      let worst = 0;
      clusters.forEach(({ loss }, at) => {
        if (loss > clusters[worst]!.loss) worst = at;
      });
      const { loss, rows, resource } = clusters[worst]!;
      if (loss === 0) break;
      const { sizes, resourceCount } = this.#fine;
      const size = (row: number): number => sizes[row * resourceCount + resource]!;
      const sorted = [...rows].sort((left, right) => size(left) - size(right) || left - right);
      let middle = Math.floor(sorted.length / 2);
      // Rows of one size stay together, where there are others.
      while (middle > 1 && size(sorted[middle]!) === size(sorted[middle - 1]!)) middle--;
      clusters[worst] = this.#measure(sorted.slice(0, middle));
      clusters.push(this.#measure(sorted.slice(middle)));
    }
    return clusters.map(({ rows }) => [...rows].sort((left, right) => left - right));
  }

  /** Rows that may be on the same nodes and are under the same caps; without regard to caps, or at all, where those are too many. */
  #alike(limit: number): (readonly number[])[] {
    const { rows, offers, caps } = this.#fine;
    const places: string[][] = rows.map(() => []);
    offers.forEach((offer, at) => {
      for (const row of offer.rows) places[row]!.push(`${at}`);
    });
    const plain = places.map((list) => list.join(' '));
    caps.forEach((cap, at) => {
      for (const row of cap.rows) places[row]!.push(`cap ${at}`);
    });
    for (const names of [places.map((list) => list.join(' ')), plain]) {
      const groups = new Map<string, number[]>();
      names.forEach((name, row) => {
        const known = groups.get(name);
        if (known === undefined) groups.set(name, [row]);
        else known.push(row);
      });
      if (groups.size <= limit) return [...groups.values()];
    }
    return [rows.map((_, row) => row)];
  }

  #measure(rows: readonly number[]): Cluster {
    const { sizes, resourceCount, rows: all } = this.#fine;
    let loss = 0;
    let most = 0;
    let worst = 0;
    for (let resource = 0; resource < resourceCount; resource++) {
      let least = Number.POSITIVE_INFINITY;
      let sum = 0;
      let podCount = 0;
      for (const row of rows) {
        const size = sizes[row * resourceCount + resource]!;
        least = Math.min(least, size);
        sum += size * all[row]!.podCount;
        podCount += all[row]!.podCount;
      }
      const lost = (sum - least * podCount) * this.#weights[resource]!;
      loss += lost;
      if (lost > most) {
        most = lost;
        worst = resource;
      }
    }
    return { rows, loss: rows.length > 1 ? loss : 0, resource: worst };
  }
}
