/** Why a run is told to stop before it is done. */
export type StopReason = "shutdown" | "cancelled" | "timeout" | "lock-lost";

const wordsOf: Record<StopReason, string> = {
  shutdown: "The worker is stopping; the job goes on elsewhere from its checkpoint",
  cancelled: "The job was cancelled",
  timeout: "The job took longer than its kind allows",
  "lock-lost": "The worker lost its claim on the job, which may run elsewhere now",
};

/** What `signal.reason` is, so that whatever throws it says why. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(wordsOf[reason]);
    this.reason = reason;
  }
}

/** One run of one job in this process. */
export class RunState {
  readonly id: string;
  stopped: StopReason | undefined;
  /** The job has left for its children's sake, whatever the run makes of the error that told it so. */
  parked = false;
  /** Told once, when the run is told to stop. */
  onStop: ((error: StoppedError) => void) | undefined;
  #abort: AbortController | undefined;
  #error: StoppedError | undefined;

  constructor(id: string) {
    this.id = id;
  }

  /** Made when first asked for: it would cost a small job more than all the rest of its run. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#error) this.#abort.abort(this.#error);
    }
    return this.#abort.signal;
  }

  throwIfStopped(): void {
    if (this.#error) throw this.#error;
  }

  /** The first reason stands. */
  stop(reason: StopReason): void {
    if (this.#error) return;
    this.stopped = reason;
    this.#error = new StoppedError(reason);
    this.#abort?.abort(this.#error);
    this.onStop?.(this.#error);
  }
}
