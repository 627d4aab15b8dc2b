import { randomBytes } from "node:crypto";
import type { Storage, StoredObject } from "../storage/storage.ts";
import type { EventLine } from "./event.ts";

export const INBOX = "_observer/inbox/";

/** What may wait for the disk in memory, and what may wait in the inbox for the table, before senders are told to wait. */
export const inboxLimits = {
  pendingBytes: 64 * 1024 ** 2,
  files: 20_000,
  bytes: 1024 ** 3,
} as const;

const FILE_LINES = 20_000;
const FILE_BYTES = 8 * 1024 ** 2;
/** An event's place in its file counts as microseconds after the file's name. */
const PLACES_A_MS = 1_000;
const LOOK_EVERY_MS = 2_000;

interface Waiting {
  readonly lines: readonly EventLine[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Where events wait, durable, until they are in the table: files of lines in the lake, whose names sort by when they
 * came. Nothing here needs Redis, so while it is away the inbox grows, and drains in order when it is back. Events that
 * come while a file is being written go into the next one together, so that many senders share one wait for the disk.
 */
export class Inbox {
  readonly #storage: Storage;
  readonly #writer = randomBytes(4).toString("hex");
  #waiting: Waiting[] = [];
  #pendingBytes = 0;
  #writing = false;
  #nextMs = 0;
  #looked: { at: number; backlog: Promise<Backlog> } | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Resolves when the lines are durable. */
  store(lines: readonly EventLine[]): Promise<void> {
    if (lines.length === 0) return Promise.resolve();
    const bytes = lines.reduce((sum, { text }) => sum + text.length + 1, 0);
    this.#pendingBytes += bytes;
    const stored = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ lines, bytes, resolve, reject });
    });
    void this.#writeWaiting();
    return stored;
  }

  /** Why no more can be taken now; undefined while there is room. */
  async full(): Promise<string | undefined> {
    if (this.#pendingBytes > inboxLimits.pendingBytes)
      return `${this.#pendingBytes} bytes of events wait for the disk`;
    const { files, bytes } = await this.#backlog();
    if (files > inboxLimits.files || bytes > inboxLimits.bytes)
      return `${files} batches of events with ${bytes} bytes wait for a worker of the pool observer`;
    return undefined;
  }

  #backlog(): Promise<Backlog> {
    const now = Date.now();
    if (!this.#looked || now - this.#looked.at > LOOK_EVERY_MS)
      this.#looked = { at: now, backlog: backlogOf(this.#storage) };
    return this.#looked.backlog;
  }

  async #writeWaiting(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    // Requests of one turn of the event loop share the first file.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const { senders, text, places } = this.#nextFile();
      const bytes = senders.reduce((sum, sender) => sum + sender.bytes, 0);
      try {
        await this.#storage.put(this.#nextKey(places), text);
        for (const { resolve } of senders) resolve();
      } catch (error) {
        for (const { reject } of senders) reject(error);
      }
      this.#pendingBytes -= bytes;
    }
    this.#writing = false;
  }

  /**
   * An id stands once in a file: a sender who repeats one waits for the next, where the table tells which came first. Every
   * line is given its place, for the engine reads them in any order.
   */
  #nextFile(): { senders: Waiting[]; text: string; places: number } {
    const ids = new Set<string>();
    const [senders, later, texts]: [Waiting[], Waiting[], string[]] = [[], [], []];
    let bytes = 0;
    for (const sender of this.#waiting) {
      const fits = senders.length === 0 || (bytes + sender.bytes <= FILE_BYTES && texts.length < FILE_LINES);
      // In the order they came: once one waits, so do all after it.
      if (later.length > 0 || !fits || sender.lines.some(({ id }) => ids.has(id))) {
        later.push(sender);
        continue;
      }
      senders.push(sender);
      bytes += sender.bytes;
      for (const { id, text } of sender.lines) {
        ids.add(id);
        texts.push(`${text.slice(0, -1)},"place":${texts.length}}`);
      }
    }
    this.#waiting = later;
    return { senders, text: `${texts.join("\n")}\n`, places: texts.length };
  }

  /** The name lies after every place in the file before it, so that what is sent later is later. */
  #nextKey(places: number): string {
    const ms = Math.max(Date.now(), this.#nextMs);
    this.#nextMs = ms + Math.ceil(places / PLACES_A_MS);
    return `${INBOX}${String(ms).padStart(14, "0")}-${this.#writer}.ndjson`;
  }
}

export interface Backlog {
  readonly files: number;
  readonly bytes: number;
  /** When the oldest came. */
  readonly oldestAt: Date | undefined;
}

export async function backlogOf(storage: Storage): Promise<Backlog> {
  let [files, bytes] = [0, 0];
  let oldestAt: Date | undefined;
  for await (const { key, sizeBytes } of storage.list(INBOX)) {
    files += 1;
    bytes += sizeBytes;
    oldestAt ??= receivedAt(key);
  }
  return { files, bytes, oldestAt };
}

/** The oldest batches, as many as are taken into the table at once. */
export async function oldestBatches(
  storage: Storage,
  { files, bytes }: { readonly files: number; readonly bytes: number },
): Promise<StoredObject[]> {
  const batches: StoredObject[] = [];
  let sum = 0;
  for await (const object of storage.list(INBOX)) {
    if (batches.length > 0 && sum + object.sizeBytes > bytes) break;
    batches.push(object);
    sum += object.sizeBytes;
    if (batches.length === files) break;
  }
  return batches;
}

/** The name of a batch, which stands beside every event that came in it. */
export function batchName(key: string): string {
  return key.slice(INBOX.length).replace(/\.ndjson$/, "");
}

function receivedAt(key: string): Date {
  return new Date(Number(batchName(key).slice(0, 14)));
}

const inboxes = new WeakMap<Storage, Inbox>();

/** The one inbox of a process for a lake, so that all who send share its writes and its bound. */
export function inboxOf(storage: Storage): Inbox {
  const known = inboxes.get(storage);
  if (known) return known;
  const inbox = new Inbox(storage);
  inboxes.set(storage, inbox);
  return inbox;
}
