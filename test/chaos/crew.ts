import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Order } from "./worker.ts";

const program = fileURLToPath(new URL("./worker.ts", import.meta.url));

export class Hand implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly order: Order;
  serving = false;

  constructor(order: Order, nodeOptions: readonly string[] = []) {
    this.order = order;
    this.process = fork(program, [JSON.stringify(order)], {
      execArgv: ["--import", "tsx", ...nodeOptions],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
  }

  get hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Until it serves, or has died before it could. */
  async ready(): Promise<void> {
    await Promise.race([once(this.process, "message"), this.ended()]);
    this.serving = !this.hasEnded;
  }

  async ended(): Promise<void> {
    if (!this.hasEnded) await once(this.process, "exit");
  }

  signal(name: NodeJS.Signals): void {
    this.process.kill(name);
  }

  async memoryBytes(): Promise<number> {
    const told = once(this.process, "message");
    this.process.send("memory");
    const [{ bytes }] = (await told) as [{ bytes: number }];
    return bytes;
  }

  async [Symbol.asyncDispose]() {
    if (this.hasEnded) return;
    this.process.kill("SIGKILL");
    await this.ended();
  }
}

/** Keeps so many worker processes alive, as a supervisor does. */
export class Crew implements AsyncDisposable {
  readonly hands: Hand[] = [];
  readonly #make: (slot: number) => Hand;
  readonly #slots: Promise<void>[];
  deaths = 0;
  #over = false;

  constructor(count: number, make: (slot: number) => Hand) {
    this.#make = make;
    this.#slots = Array.from({ length: count }, (_, slot) => this.#keepAlive(slot));
  }

  get serving(): Hand[] {
    return this.hands.filter((hand) => hand.serving && !hand.hasEnded);
  }

  get pids(): number[] {
    return this.serving.flatMap((hand) => hand.process.pid ?? []);
  }

  /** Until all of them serve. */
  async ready(): Promise<void> {
    await Promise.all(this.hands.map((hand) => hand.ready()));
  }

  async #keepAlive(slot: number): Promise<void> {
    while (!this.#over) {
      const hand = this.#make(slot);
      this.hands.push(hand);
      hand.process.once("message", () => {
        hand.serving = true;
      });
      await hand.ended();
      this.hands.splice(this.hands.indexOf(hand), 1);
      this.deaths += 1;
    }
  }

  async [Symbol.asyncDispose]() {
    this.#over = true;
    await Promise.all([...this.hands].map((hand) => hand[Symbol.asyncDispose]()));
    await Promise.all(this.#slots);
  }
}
