// Which subnet of a zone a launch gets: the one with the most free addresses, launches under way counted. EC2's own figures
// are minutes old, and a node takes an address for each of its pods.

interface Known {
  freeCount: number;
}

/** Free addresses, as EC2 last told them less what launches since then will take. */
export class SubnetRoom {
  readonly #known = new Map<string, Known>();

  /** What EC2 says now: everything before is in it. */
  tell(subnets: readonly { readonly id: string; readonly freeAddressCount: number }[]): void {
    for (const { id, freeAddressCount } of subnets) this.#known.set(id, { freeCount: freeAddressCount });
  }

  /** EC2 has refused it: it has no room until EC2 says otherwise. */
  exhaust(subnetId: string): void {
    this.#known.set(subnetId, { freeCount: 0 });
  }

  /** True where no subnet of a zone is known to have room. */
  isFull(subnets: readonly { readonly id: string; readonly zone: string }[], zone: string): boolean {
    return subnets.every(({ id, zone: own }) => own !== zone || this.#known.get(id)?.freeCount === 0);
  }

  /**
   * The subnet of each zone. What is not known of a subnet does not count against it: those of the status are in the order
   * of their room.
   *
   * @param addressCount what the launch may take in one zone
   * @returns by zone, and how to give back what was not taken
   */
  take(
    subnets: readonly { readonly id: string; readonly zone: string }[],
    addressCount: number,
  ): { readonly byZone: ReadonlyMap<string, string>; readonly giveBack: (usedSubnetIds: ReadonlySet<string>) => void } {
    const byZone = new Map<string, string>();
    for (const { id, zone } of subnets) {
      const present = byZone.get(zone);
      if (present === undefined || this.#freeCount(id) > this.#freeCount(present)) byZone.set(zone, id);
    }
    for (const id of byZone.values()) this.#add(id, -addressCount);
    return {
      byZone,
      giveBack: (used) => {
        for (const id of byZone.values()) if (!used.has(id)) this.#add(id, addressCount);
      },
    };
  }

  #freeCount(id: string): number {
    return this.#known.get(id)?.freeCount ?? 0;
  }

  #add(id: string, count: number): void {
    const known = this.#known.get(id);
    if (known !== undefined) known.freeCount = Math.max(0, known.freeCount + count);
  }
}
