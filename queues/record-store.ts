/** Where intake records and dead letters are kept for good; the lake's storage is one. */
export interface RecordStore {
  /** Durable when it resolves. */
  put(key: string, body: string): Promise<unknown>;
  /** A missing key is an error named NotFoundError. */
  get(key: string): Promise<Buffer>;
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly modifiedAt: Date }>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Files that grow; unset where every record is an object of its own. */
  readonly logs?: {
    create(key: string): Promise<RecordLog>;
    /** Afterwards the file never changes, and has everything whose append answered true. False: it is not there. */
    seal(key: string, sealedKey: string): Promise<boolean>;
  };
}

export interface RecordLog {
  /** Durable when it answers true; false: it was sealed, and what was added does not count. */
  append(text: string): Promise<boolean>;
  close(): Promise<void>;
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && error.name === "NotFoundError";
}
