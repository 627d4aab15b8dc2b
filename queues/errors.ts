import type { PoolName } from "./pools.ts";

/** Redis does not answer: nothing was accepted, and the same request may be sent again. */
export class RedisUnavailableError extends Error {
  override readonly name = "RedisUnavailableError";

  constructor(address: string, options?: ErrorOptions) {
    super(`Redis at ${address} does not answer; start it or correct REDIS_URL, then ask again`, options);
  }
}

/** Inputs are ids and paths; bulk belongs in storage. */
export class InputTooLargeError extends Error {
  override readonly name = "InputTooLargeError";

  constructor(kind: string, sizeBytes: number, limitBytes: number) {
    super(
      `The input of ${kind} has ${sizeBytes} bytes and may have ${limitBytes}; put the bulk into storage and pass its key`,
    );
  }
}

export class JobNotFoundError extends Error {
  override readonly name = "JobNotFoundError";

  constructor(id: string) {
    super(`There is no job ${id}; it was never asked for, or it ended long ago and is no longer kept`);
  }
}

/** What was asked is not possible in the state that the job is in. */
export class JobStateError extends Error {
  override readonly name = "JobStateError";
}

export class DeadLetterNotFoundError extends Error {
  override readonly name = "DeadLetterNotFoundError";

  constructor(id: string) {
    super(`There is no dead letter ${id}; it was replayed or purged, or the job never failed for good`);
  }
}

/** The processes that serve a pool on this machine must end: the pool's fetching no longer works. */
export class WedgedError extends Error {
  override readonly name = "WedgedError";

  constructor(pool: PoolName, idleMs: number) {
    super(`Work waits in ${pool} and this process, with room for it, has taken none for ${idleMs} ms`);
  }
}
