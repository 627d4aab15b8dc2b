/** An outcome to tell the observer; `docs/observer.md` lists its fields. */
export type ObservedEvent = Readonly<Record<string, unknown>> & {
  readonly source: string;
  readonly event_kind: string;
  readonly success: boolean;
};

export interface ObserverOptions {
  /** Where the API is: `http://127.0.0.1:3100`. */
  readonly url: string;
  readonly apiKey?: string;
  /** How many may wait to be sent; beyond it the oldest go. */
  readonly most?: number;
  readonly limitMs?: number;
}

const AT_ONCE = 5_000;
/** At three bytes a character still less than a body may have. */
const CHARS_AT_ONCE = 4 * 1024 ** 2;
/** The observer refuses a longer line. */
const CHARS_IN_LINE = 32_768;
const MOST_CHARS = 64 * 1024 ** 2;
const GATHER_MS = 100;
const LIMIT_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Tells the observer what happened, and is never a reason for its host to wait, fail or stay alive: `tell` returns at
 * once, a request is given up after two seconds, and events that could not be sent are sent again later, under the ids
 * they were given here, so that none is counted twice.
 */
export class ObserverClient {
  readonly #options: ObserverOptions;
  readonly #waiting: string[] = [];
  #waitingChars = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sending: Promise<boolean> | undefined;
  #failures = 0;
  /** Events that were given up: too many waited, they were too large, or they could not be written as JSON. */
  dropped = 0;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  tell(event: ObservedEvent): void {
    const line = lineOf(event);
    if (line === undefined) {
      this.dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingChars += line.length;
    const { most = 50_000 } = this.#options;
    while (this.#waiting.length > most || this.#waitingChars > MOST_CHARS) {
      this.#forget(1);
      this.dropped += 1;
    }
    this.#schedule(this.#failures === 0 ? GATHER_MS : this.#pauseMs());
  }

  /** Sends what waits, and answers whether nothing waits any more. For the end of a program; takes two seconds a request at most. */
  async flush(): Promise<boolean> {
    while (this.#waiting.length > 0) {
      if (!(await this.#send())) return false;
    }
    return true;
  }

  #schedule(ms: number): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#send().then((sent) => {
        if (this.#waiting.length > 0) this.#schedule(sent ? 0 : this.#pauseMs());
      });
    }, ms);
    this.#timer.unref?.();
  }

  #send(): Promise<boolean> {
    this.#sending ??= this.#post().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  /** The first lines that wait; they leave only when the observer has them or refuses them for good. */
  async #post(): Promise<boolean> {
    const lines = this.#first();
    const [last] = lines.slice(-1);
    try {
      const { url, apiKey, limitMs = LIMIT_MS } = this.#options;
      const response = await fetch(new URL("/observer/events", url), {
        method: "POST",
        headers: { "content-type": "application/x-ndjson", ...(apiKey && { "x-api-key": apiKey }) },
        body: lines.join("\n"),
        signal: AbortSignal.timeout(limitMs),
      });
      await response.body?.cancel();
      const final = response.ok || response.status === 413 || response.status === 422;
      if (!final) throw new Error(`The observer answered ${response.status}`);
      if (!response.ok) this.dropped += lines.length;
      this.#failures = 0;
      // Some may have been dropped from the front meanwhile; what was sent ends with this line.
      const at = last === undefined ? -1 : this.#waiting.indexOf(last);
      this.#forget(at + 1);
      return true;
    } catch {
      this.#failures += 1;
      return false;
    }
  }

  #first(): string[] {
    const lines: string[] = [];
    let chars = 0;
    for (const line of this.#waiting) {
      chars += line.length;
      if (lines.length === AT_ONCE || chars > CHARS_AT_ONCE) break;
      lines.push(line);
    }
    return lines;
  }

  #forget(count: number): void {
    for (const line of this.#waiting.splice(0, count)) this.#waitingChars -= line.length;
  }

  #pauseMs(): number {
    return Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(this.#failures, 10));
  }
}

function lineOf(event: ObservedEvent): string | undefined {
  try {
    const line = JSON.stringify({ id: crypto.randomUUID(), timestamp: Date.now(), ...event });
    return line.length <= CHARS_IN_LINE ? line : undefined;
  } catch {
    return undefined;
  }
}
