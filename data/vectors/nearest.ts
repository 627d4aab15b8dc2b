/** Keeps the nearest few of many, the nearest first; of equals the one that came first. */
export class Nearest<Item> {
  readonly #k: number;
  readonly #kept: { readonly item: Item; readonly distance: number }[] = [];

  constructor(k: number) {
    this.#k = k;
  }

  /** Farther than this is not kept. */
  get limit(): number {
    return this.#kept.length < this.#k ? Number.POSITIVE_INFINITY : (this.#kept.at(-1)?.distance ?? 0);
  }

  offer(item: Item, distance: number): void {
    if (!(distance < this.limit)) return;
    let low = 0;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#kept[middle]?.distance ?? 0) <= distance) low = middle + 1;
      else high = middle;
    }
    this.#kept.splice(low, 0, { item, distance });
    if (this.#kept.length > this.#k) this.#kept.pop();
  }

  items(): readonly { readonly item: Item; readonly distance: number }[] {
    return this.#kept;
  }
}
