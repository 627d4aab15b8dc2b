/** Writes the newest of many values: the first at once, later ones at most every `everyMs`, the last with `flush`. */
export class Throttle<Value> {
  readonly #write: (value: Value) => Promise<unknown>;
  readonly #everyMs: number;
  #waiting: { readonly value: Value } | undefined;
  #nextAt = 0;
  #writing: Promise<unknown> | undefined;

  constructor(everyMs: number, write: (value: Value) => Promise<unknown>) {
    this.#everyMs = everyMs;
    this.#write = write;
  }

  async put(value: Value): Promise<void> {
    this.#waiting = { value };
    if (Date.now() >= this.#nextAt) await this.flush();
  }

  /** One write at a time, so that an older value never lands after a newer one. */
  async flush(): Promise<void> {
    await this.#writing?.catch(() => undefined);
    const next = this.#waiting;
    if (!next) return;
    this.#waiting = undefined;
    this.#nextAt = Date.now() + this.#everyMs;
    this.#writing = this.#write(next.value);
    await this.#writing;
  }
}
