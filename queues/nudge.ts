import type { JobContract } from "./contract.ts";
import { enqueue } from "./enqueue.ts";
import type { Queues } from "./queues.ts";

const GATHER_MS = 150;
const AGAIN_MS = 1_000;

/**
 * Asks for work whose cause is recorded elsewhere, so that one request stands for many causes and needs no record of its
 * own: soon after the first, and until Redis has taken it.
 */
export class Nudge<Input> {
  readonly #queues: Queues;
  readonly #contract: JobContract<Input>;
  readonly #input: Input;
  #timer: NodeJS.Timeout | undefined;

  constructor(queues: Queues, contract: JobContract<Input>, input: Input) {
    this.#queues = { ...queues, intake: undefined };
    this.#contract = contract;
    this.#input = input;
  }

  /** Returns at once; a cause that comes while a request is on its way has another after it. */
  soon(): void {
    this.#after(GATHER_MS);
  }

  async now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await enqueue(this.#queues, this.#contract, this.#input);
  }

  #after(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.now().catch(() => this.#after(AGAIN_MS));
    }, ms).unref();
  }
}
