import { type ChildProcess, fork } from "node:child_process";
import { on, once } from "node:events";
import { Socket } from "node:net";
import { FrameReader } from "./frames.ts";
import type { FromProcess, ToProcess } from "./messages.ts";

const entry = new URL("./process-entry.js", import.meta.url);
const ROWS_PIPE = 3;

/** A process of ours that runs queries; it can be ended at any moment without harm to this one. */
export class QueryProcess {
  readonly #child: ChildProcess;
  readonly #rows: Socket;
  readonly #frames: FrameReader;

  constructor() {
    // No environment: a query has no use for keys, whatever gap it finds.
    this.#child = fork(entry, {
      execArgv: [],
      env: {},
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "pipe", "ipc"],
    });
    const rows = this.#child.stdio[ROWS_PIPE];
    if (!(rows instanceof Socket)) throw new Error("The process for queries has no pipe for rows.");
    this.#rows = rows;
    this.#frames = new FrameReader(rows);
    this.#child.on("error", () => this.kill());
  }

  get isAlive(): boolean {
    return this.#child.connected;
  }

  /** Where this process may end while the other waits for work. */
  rest(): void {
    this.#child.unref();
    this.#child.channel?.unref();
    this.#rows.unref();
  }

  wake(): void {
    this.#child.ref();
    this.#child.channel?.ref();
    this.#rows.ref();
  }

  tell(message: ToProcess): void {
    // One that has just ended is heard of by `hear`.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** What it tells, until it ends. */
  async *hear(): AsyncGenerator<FromProcess> {
    if (!this.#child.connected) return;
    for await (const [message] of on(this.#child, "message", { close: ["disconnect"] }))
      yield message as FromProcess;
  }

  /** The pieces that it writes next. */
  reply(): AsyncGenerator<Uint8Array> {
    return this.#frames.reply();
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Waits until it holds nothing any more. Answers the signal that ended it, if one did. */
  async ended(): Promise<NodeJS.Signals | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "exit");
    return this.#child.signalCode;
  }

  async end(): Promise<void> {
    this.kill();
    await this.ended();
  }
}
