import type { z } from "zod";
import type { PoolName } from "./pools.ts";

/** What a producer must know of a kind of work: everything but how it is done. */
export interface JobContract<Input> {
  readonly kind: string;
  readonly pool: PoolName;
  /** One sentence for lists, help and the OpenAPI document. */
  readonly summary: string;
  /** Strict, so that a job written by an older version fails with the field's name or still parses. */
  readonly input: z.ZodType<Input>;
  readonly attempts: number;
  /** The first pause before a retry; it doubles each time and is jittered by half. */
  readonly backoffMs: number;
  /** A run that takes longer is aborted and counts as a failed attempt. */
  readonly timeoutMs: number;
  /**
   * Two inputs with one key are one piece of work. While the first waits, the second is dropped; when the first has
   * begun, the second is kept to run after it, for it may have missed what that is about.
   */
  key(input: Input): string;
  /** What only one job of the cluster may work on at a time, such as a table, as far as Redis remembers who it is. */
  exclusive?(input: Input): string;
}

/** A job that is now in its queue. */
export interface EnqueuedJob {
  readonly id: string;
  readonly kind: string;
  readonly pool: PoolName;
  /** False when the same work was already waiting or running, and that job is the one named. */
  readonly added: boolean;
}
