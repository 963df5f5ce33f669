/**
 * A map for things that come and go many times a second. A plain Map leaves its entries behind in the tables it outgrew or cleaned up;
 * once one of those is old, all later ones and what they hold are copied by each small garbage collection until a large one comes.
 * Here the tables hold keys and numbers only, and a value that was taken out is free at once.
 */
export class BriefMap<T extends object> {
  private readonly places = new Map<string, number>();
  private readonly held: (T | undefined)[] = [];
  private readonly free: number[] = [];

  get size(): number {
    return this.places.size;
  }

  get(key: string): T | undefined {
    const place = this.places.get(key);
    return place === undefined ? undefined : this.held[place];
  }

  has(key: string): boolean {
    return this.places.has(key);
  }

  /** Keeps a value under a key, in place of what was there. */
  set(key: string, value: T): void {
    const known = this.places.get(key);
    const place = known ?? this.free.pop() ?? this.held.length;
    this.held[place] = value;
    if (known === undefined) this.places.set(key, place);
  }

  delete(key: string): void {
    const place = this.places.get(key);
    if (place === undefined) return;
    this.places.delete(key);
    this.held[place] = undefined;
    this.free.push(place);
  }

  clear(): void {
    this.places.clear();
    this.held.length = 0;
    this.free.length = 0;
  }

  /** All values; entries may be taken out meanwhile. */
  *values(): IterableIterator<T> {
    for (const place of this.places.values()) {
      const value = this.held[place];
      if (value !== undefined) yield value;
    }
  }
}
