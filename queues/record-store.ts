/** Where intake records and dead letters are kept for good; the lake's storage is one. */
export interface RecordStore {
  /** Durable when it resolves. */
  put(key: string, body: string): Promise<unknown>;
  /** A missing key is an error named NotFoundError. */
  get(key: string): Promise<Buffer>;
  list(prefix: string): AsyncIterable<{ readonly key: string }>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && error.name === "NotFoundError";
}
