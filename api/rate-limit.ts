const MOST_CALLERS = 10_000;

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** A token bucket a caller. Its memory is bounded: the caller not heard of for longest is forgotten first. */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #perMs: number;
  readonly #size: number;
  readonly #now: () => number;

  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMs = perMinute / 60_000;
    this.#size = perMinute;
    this.#now = now;
  }

  /** Takes one request from the caller's allowance; else the seconds to wait for the next. */
  take(caller: string): { readonly retryAfterS: number } | undefined {
    const now = this.#now();
    const bucket = this.#buckets.get(caller) ?? { tokens: this.#size, filledAt: now };
    bucket.tokens = Math.min(this.#size, bucket.tokens + (now - bucket.filledAt) * this.#perMs);
    bucket.filledAt = now;
    this.#remember(caller, bucket);
    if (bucket.tokens < 1) return { retryAfterS: Math.ceil((1 - bucket.tokens) / this.#perMs / 1_000) };
    bucket.tokens -= 1;
    return undefined;
  }

  get callers(): number {
    return this.#buckets.size;
  }

  /** A map keeps the order of insertion, so the first key is the one not heard of for longest. */
  #remember(caller: string, bucket: Bucket) {
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size <= MOST_CALLERS) return;
    const oldest = this.#buckets.keys().next();
    if (!oldest.done) this.#buckets.delete(oldest.value);
  }
}
