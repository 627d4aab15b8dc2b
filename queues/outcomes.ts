import type { Queues } from "./queues.ts";
import { reach } from "./reach.ts";

export const outcomes = ["completed", "failed", "retried", "cancelled"] as const;
export type Outcome = (typeof outcomes)[number];

/** Upper bounds of the run times that are counted apart. */
export const outcomeBucketsS = [0.1, 0.5, 2, 10, 60, 300, 1_800, 7_200] as const;

const TELL_EVERY_MS = 1_000;

/** How the runs of one kind have ended, summed over every worker process since Redis was last empty. */
export interface OutcomeSum {
  readonly kind: string;
  readonly outcome: Outcome;
  readonly count: number;
  readonly seconds: number;
  /** As Prometheus has it: how many took no longer than each of `outcomeBucketsS`. */
  readonly within: readonly number[];
}

interface Counts {
  count: number;
  seconds: number;
  /** How many ended in each bucket; -1 is beyond the last. */
  readonly buckets: Map<number, number>;
}

/**
 * Counts how the runs of this process end. Processes come and go, so the sums are kept in Redis, to which each tells
 * its own once a second; one that is killed takes that second's counts with it.
 */
export class OutcomeTally implements AsyncDisposable {
  readonly #queues: Queues;
  /** By kind, then by outcome. */
  #untold = new Map<string, Map<Outcome, Counts>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(queues: Queues) {
    this.#queues = queues;
  }

  count(run: { readonly kind: string; readonly outcome: Outcome; readonly seconds: number }): void {
    const counts = this.#countsOf(run.kind, run.outcome);
    const bucket = outcomeBucketsS.findIndex((bound) => run.seconds <= bound);
    counts.count += 1;
    counts.seconds += run.seconds;
    counts.buckets.set(bucket, (counts.buckets.get(bucket) ?? 0) + 1);
    this.#timer ??= setTimeout(() => void this.tell().catch(() => undefined), TELL_EVERY_MS).unref();
  }

  async tell(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const told = this.#untold;
    if (told.size === 0) return;
    this.#untold = new Map();
    const pipeline = this.#queues.redis.pipeline();
    const add = (field: string, by: number) => pipeline.hincrbyfloat(keyOf(this.#queues), field, by);
    for (const [kind, outcomesOf] of told) {
      for (const [outcome, { count, seconds, buckets }] of outcomesOf) {
        add(`${kind} ${outcome} count`, count);
        add(`${kind} ${outcome} seconds`, seconds);
        for (const [bucket, by] of buckets) add(`${kind} ${outcome} bucket${bucket}`, by);
      }
    }
    await pipeline.exec();
  }

  /** Found without making a name of the two, for this is done at the end of every job. */
  #countsOf(kind: string, outcome: Outcome): Counts {
    const ofKind = this.#untold.get(kind) ?? new Map<Outcome, Counts>();
    if (ofKind.size === 0) this.#untold.set(kind, ofKind);
    const counts = ofKind.get(outcome) ?? { count: 0, seconds: 0, buckets: new Map<number, number>() };
    if (counts.count === 0) ofKind.set(outcome, counts);
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tell().catch(() => undefined);
  }
}

export async function readOutcomes(queues: Queues): Promise<OutcomeSum[]> {
  const fields = await reach(queues, () => queues.redis.hgetall(keyOf(queues)));
  const read = (field: string) => Number(fields[field] ?? 0);
  return Object.keys(fields)
    .filter((field) => field.endsWith(" count"))
    .sort()
    .map((field) => {
      const [kind = "", outcome = ""] = field.split(" ");
      const name = `${kind} ${outcome}`;
      let sum = 0;
      const within = outcomeBucketsS.map((_bound, at) => {
        sum += read(`${name} bucket${at}`);
        return sum;
      });
      return {
        kind,
        outcome: outcome as Outcome,
        count: read(field),
        seconds: read(`${name} seconds`),
        within,
      };
    });
}

function keyOf({ address }: Queues): string {
  return `${address.prefix}:outcomes`;
}
