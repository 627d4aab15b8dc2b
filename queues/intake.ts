import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { PoolName } from "./pools.ts";
import type { RecordStore } from "./record-store.ts";

export const INTAKE_PREFIX = "_intake/";
const SEGMENT_LINES = 5_000;
const DONE_MARKS_WAIT_MS = 2_000;

/** A root job that was accepted: all it takes to queue it again. */
export interface IntakeRecord {
  readonly id: string;
  readonly kind: string;
  readonly pool: PoolName;
  readonly input: unknown;
  readonly attempts: number;
  readonly backoffMs: number;
  readonly at: number;
}

/** One line of a segment: a job was accepted, or a job has ended. */
export type IntakeLine =
  | { readonly accepted: IntakeRecord }
  | { readonly ended: string; readonly at: number };

/**
 * Writes down what was accepted before it is queued. Records that arrive while a segment is being written go into the
 * next one together, so that many callers share one wait for the disk.
 */
export class Intake {
  readonly store: RecordStore;
  #waiting: string[] = [];
  #marks: string[] = [];
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #marksTimer: NodeJS.Timeout | undefined;

  constructor(store: RecordStore) {
    this.store = store;
  }

  /** Resolves when all the records are durable. */
  async record(records: readonly IntakeRecord[]): Promise<void> {
    for (const accepted of records) this.#waiting.push(JSON.stringify({ accepted } satisfies IntakeLine));
    await this.#write();
  }

  /** Written within seconds, without anybody waiting: what a lost mark costs is one more harmless run. */
  ended(id: string): void {
    this.#marks.push(JSON.stringify({ ended: id, at: Date.now() } satisfies IntakeLine));
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

  async #writeAll(): Promise<void> {
    const lines = [...this.#waiting, ...this.#marks];
    this.#waiting = [];
    this.#marks = [];
    const segments: Promise<unknown>[] = [];
    for (let from = 0; from < lines.length; from += SEGMENT_LINES) {
      segments.push(writeSegment(this.store, lines.slice(from, from + SEGMENT_LINES)));
    }
    await Promise.all(segments);
  }
}

/** Segments sort by the time they were written. */
export async function writeSegment(store: RecordStore, lines: readonly string[]): Promise<void> {
  const time = String(Date.now()).padStart(14, "0");
  const key = `${INTAKE_PREFIX}${time}-${writerId}-${randomBytes(4).toString("hex")}.ndjson`;
  await store.put(key, `${lines.join("\n")}\n`);
}

const writerId = `${hostname()
  .replaceAll(/[^A-Za-z0-9]/g, "")
  .slice(0, 16)}${process.pid}`;
