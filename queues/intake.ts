import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { type IntakeRecord, writeLine } from "./intake-line.ts";
import type { RecordLog, RecordStore } from "./record-store.ts";

export const INTAKE_PREFIX = "_intake/";
/** Where lines go that nobody of ours has written. */
export const UNREADABLE_PREFIX = "_intake-unreadable/";
const SEGMENT_LINES = 5_000;
const GROWN_BYTES = 4 * 1024 ** 2;
const GROWING = ".growing.ndjson";
const DONE_MARKS_WAIT_MS = 2_000;

/**
 * Writes down what was accepted before it is queued. Records that arrive while others are being written are written
 * together after them, so that many callers share one wait for the disk. Where files can grow they go to the end of a
 * segment of this process, otherwise into a segment of their own.
 */
export class Intake {
  readonly store: RecordStore;
  #waiting: string[] = [];
  #marks: string[] = [];
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #marksTimer: NodeJS.Timeout | undefined;
  #log: RecordLog | undefined;
  #logBytes = 0;

  constructor(store: RecordStore) {
    this.store = store;
  }

  /** Resolves when all the records are durable. */
  async record(records: readonly IntakeRecord[]): Promise<void> {
    for (const accepted of records) this.#waiting.push(writeLine({ accepted }));
    await this.#write();
  }

  /**
   * Settles what was recorded of the job until then. Written within seconds, without anybody waiting: what a lost mark
   * costs is one more harmless run.
   */
  ended(id: string, at = Date.now()): void {
    this.#marks.push(writeLine({ ended: id, at }));
    if (this.#marks.length >= SEGMENT_LINES) this.#flushQuietly();
    this.#marksTimer ??= setTimeout(() => this.#flushQuietly(), DONE_MARKS_WAIT_MS).unref();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#marksTimer);
    this.#marksTimer = undefined;
    if (this.#marks.length > 0 || this.#waiting.length > 0) await this.#write();
    // Whoever asked for that write hears of its failure.
    await this.#writing?.catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#leaveLog();
  }

  #flushQuietly(): void {
    this.flush().catch(() => undefined);
  }

  /** Whoever comes while a write is on its way waits for the one after it, which takes all that has come by then. */
  #write(): Promise<void> {
    this.#next ??= (async () => {
      await this.#writing?.catch(() => undefined);
      this.#next = undefined;
      this.#writing = this.#writeAll();
      await this.#writing;
    })();
    return this.#next;
  }

  /** Marks always make segments of their own: those are younger than the records they settle, and go after them. */
  async #writeAll(): Promise<void> {
    const { logs } = this.store;
    const [records, marks] = [this.#waiting, this.#marks];
    this.#waiting = [];
    this.#marks = [];
    const whole = logs ? marks : [...records, ...marks];
    const writes: Promise<unknown>[] = [];
    for (let from = 0; from < whole.length; from += SEGMENT_LINES) {
      writes.push(writeSegment(this.store, whole.slice(from, from + SEGMENT_LINES)));
    }
    if (logs && records.length > 0) writes.push(this.#append(logs, `${records.join("\n")}\n`));
    await Promise.all(writes);
  }

  /** Somebody who makes the record smaller may seal the segment at any time; then all of it is written once more. */
  async #append(logs: NonNullable<RecordStore["logs"]>, text: string): Promise<void> {
    for (let written = false; !written; ) {
      this.#log ??= await logs.create(newSegmentKey(GROWING));
      try {
        written = await this.#log.append(text);
        this.#logBytes += text.length;
      } catch (error) {
        await this.#leaveLog();
        throw error;
      }
      if (!written || this.#logBytes > GROWN_BYTES) await this.#leaveLog();
    }
  }

  async #leaveLog(): Promise<void> {
    const log = this.#log;
    this.#log = undefined;
    this.#logBytes = 0;
    await log?.close();
  }
}

/** Segments sort by the time they were written. */
export async function writeSegment(
  store: RecordStore,
  lines: readonly string[],
  prefix = INTAKE_PREFIX,
): Promise<void> {
  await store.put(newSegmentKey(".ndjson", prefix), `${lines.join("\n")}\n`);
}

function newSegmentKey(ending: string, prefix = INTAKE_PREFIX): string {
  const time = String(Date.now()).padStart(14, "0");
  return `${prefix}${time}-${writerId}-${randomBytes(4).toString("hex")}${ending}`;
}

/** The key of a growing segment once it grows no more; undefined for one that does not grow. */
export function sealedKeyOf(key: string): string | undefined {
  return key.endsWith(GROWING) ? `${key.slice(0, -GROWING.length)}.ndjson` : undefined;
}

const writerId = `${hostname()
  .replaceAll(/[^A-Za-z0-9]/g, "")
  .slice(0, 16)}${process.pid}`;
