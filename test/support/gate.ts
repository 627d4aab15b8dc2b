/** Holds a job at a point of its run until the test has done its part. */
export class Gate {
  readonly #reached = new Latch();
  readonly #opened = new Latch();

  /** For the job: says that it has come here, and waits. */
  async passed(signal?: AbortSignal): Promise<void> {
    this.#reached.open();
    const stopped = new Latch();
    signal?.addEventListener("abort", () => stopped.open(), { once: true });
    await Promise.race([this.#opened.wait, stopped.wait]);
    signal?.throwIfAborted();
  }

  /** For the test: resolves when the job has come here. */
  reached(): Promise<void> {
    return this.#reached.wait;
  }

  open(): void {
    this.#opened.open();
  }
}

class Latch {
  open: () => void = () => undefined;
  readonly wait = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}
