/**
 * What lies in Redis under a job. `input` never changes; `checkpoint` is rewritten as the work goes on, and is a hint: a
 * worker that lost the job may still write it.
 */
export interface StoredJob {
  readonly input: unknown;
  readonly checkpoint?: unknown;
  /** Raised when an operator runs a failed job again, so that its failed parts are made anew. */
  readonly generation?: number;
}
