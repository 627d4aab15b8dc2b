import { write, writeSync } from "node:fs";
import type { DestinationStream } from "pino";

const GATHERED_BYTES = 64 * 1024;
const GATHERED_MS = 100;
const RETRY_MS = 100;
/** What a reader that has stopped reading may cost us in memory; past it lines are dropped, and counted. */
const MOST_WAITING = 4 * 1024 * 1024;

/**
 * Writes lines to a file descriptor, many in one write and none of them in the way of a request. When nobody can read them
 * any more it falls silent: a log has no say in whether and how this process ends. What waits is written at exit, once.
 */
export class GatheredOutput implements DestinationStream {
  readonly #fd: number;
  #waiting: string[] = [];
  #size = 0;
  #dropped = 0;
  #writing: Buffer | undefined;
  #full = false;
  #timer: NodeJS.Timeout | undefined;
  #broken = false;

  constructor(fd: number) {
    this.#fd = fd;
    process.once("exit", () => this.#writeLast());
  }

  write(line: string): void {
    if (this.#broken) return;
    if (this.#size > MOST_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#size += line.length;
    if (this.#size >= GATHERED_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), GATHERED_MS).unref();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing || this.#broken || this.#size === 0) return;
    this.#writing = this.#take();
    this.#writeOn();
  }

  #take(): Buffer {
    if (this.#dropped > 0) {
      const record = { level: 40, time: Date.now(), dropped: this.#dropped, msg: "The log was not read" };
      this.#waiting.push(`${JSON.stringify(record)}\n`);
    }
    const taken = Buffer.from(this.#waiting.join(""));
    this.#waiting = [];
    this.#size = 0;
    this.#dropped = 0;
    return taken;
  }

  #writeOn(): void {
    write(this.#fd, this.#writing ?? Buffer.alloc(0), (error, written) => {
      this.#full = error?.code === "EAGAIN";
      if (this.#full) {
        setTimeout(() => this.#writeOn(), RETRY_MS).unref();
      } else if (error) {
        this.#break();
      } else {
        const rest = this.#writing?.subarray(written);
        this.#writing = rest?.length ? rest : undefined;
        if (this.#writing) this.#writeOn();
        else this.#flush();
      }
    });
  }

  #break(): void {
    this.#broken = true;
    this.#writing = undefined;
    this.#waiting = [];
    this.#size = 0;
  }

  #writeLast(): void {
    if (this.#broken) return;
    // A write under way is the system's already and is finished by it; one that waits for room is not.
    const left = this.#full && this.#writing ? [this.#writing] : [];
    const last = Buffer.concat([...left, this.#take()]);
    try {
      for (let at = 0; at < last.length; ) at += writeSync(this.#fd, last, at);
    } catch {
      this.#break(); // The reader is gone or full, and we are on our way out.
    }
  }
}
