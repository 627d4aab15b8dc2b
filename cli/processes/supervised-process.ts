import { setTimeout as pause } from "node:timers/promises";
import type { Ending, MillraceProcess, Serving } from "./millrace-process.ts";

export interface Watching {
  readonly name: string;
  start(): MillraceProcess;
  onServing(serving: Serving): void;
  /** It ended without being asked to; the next start is `pauseMs` away. */
  onCrash(ending: Ending, crash: Crash): void;
}

export interface Crash {
  /** Ends in a row, each soon after its start. */
  readonly inARow: number;
  readonly pauseMs: number;
  /** It has never served: something in its surroundings is wrong, and starting it again will not mend that. */
  readonly hopeless: boolean;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** Who has served this long has not crashed at its start. */
const STEADY_MS = 60_000;
const HOPELESS_AFTER = 3;

/** Keeps one process running until it is stopped: starts it again when it dies, with growing pauses. */
export class SupervisedProcess {
  readonly #watching: Watching;
  readonly #stopping = new AbortController();
  #current: MillraceProcess | undefined;
  #everServed = false;
  #loop: Promise<void> | undefined;

  constructor(watching: Watching) {
    this.#watching = watching;
  }

  get name(): string {
    return this.#watching.name;
  }

  get pid(): number | undefined {
    return this.#current?.child.pid;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends it for good; resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    await this.#current?.stop(graceMs);
    await this.#loop;
  }

  killNow(): void {
    this.#stopping.abort();
    this.#current?.child.kill("SIGKILL");
  }

  async #run(): Promise<void> {
    for (let inARow = 0; !this.#stopping.signal.aborted; ) {
      const current = this.#watching.start();
      this.#current = current;
      current.ready.then(
        (serving) => {
          this.#everServed = true;
          this.#watching.onServing(serving);
        },
        () => undefined,
      );
      const ending = await current.ended;
      if (this.#stopping.signal.aborted) return;

      inARow = ending.uptimeMs >= STEADY_MS ? 1 : inARow + 1;
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (inARow - 1), LONGEST_PAUSE_MS);
      const hopeless = !this.#everServed && inARow >= HOPELESS_AFTER;
      this.#watching.onCrash(ending, { inARow, pauseMs, hopeless });
      await pause(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }
}
