/**
 * Something is wrong with the data or the request itself. Trying again reads the same and fails the same way,
 * so a worker fails such a job at once; all other errors are taken for trouble that can pass.
 */
export class DataError extends Error {
  override readonly name: string = "DataError";
}

/** What was asked for is not there. */
export class NotFoundError extends DataError {
  override readonly name: string = "NotFoundError";
}

/** What the lake itself holds is broken: nobody who asks can mend it by asking otherwise. */
export class DamageError extends DataError {
  override readonly name: string = "DamageError";
}

/**
 * What went wrong before what was open could not be closed either, often for the same reason: it says what to do, and
 * whether trying again can help.
 */
export function firstError(thrown: unknown): unknown {
  let first = thrown;
  while (first instanceof Error && first.name === "SuppressedError" && "suppressed" in first) {
    first = first.suppressed;
  }
  return first;
}
