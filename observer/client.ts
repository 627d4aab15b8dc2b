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
  /** What may wait to be sent; beyond it the oldest go. */
  readonly most?: number;
  readonly limitMs?: number;
}

const AT_ONCE = 5_000;
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
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sending: Promise<boolean> | undefined;
  #failures = 0;
  /** Events that were given up: too many waited, or they could not be written as JSON. */
  dropped = 0;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  tell(event: ObservedEvent): void {
    try {
      const line = JSON.stringify({ id: crypto.randomUUID(), timestamp: Date.now(), ...event });
      this.#waiting.push(line);
    } catch {
      this.dropped += 1;
      return;
    }
    const { most = 50_000 } = this.#options;
    if (this.#waiting.length > most)
      this.dropped += this.#waiting.splice(0, this.#waiting.length - most).length;
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
    const lines = this.#waiting.slice(0, AT_ONCE);
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
      this.#waiting.splice(0, at + 1);
      return true;
    } catch {
      this.#failures += 1;
      return false;
    }
  }

  #pauseMs(): number {
    return Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(this.#failures, 10));
  }
}
