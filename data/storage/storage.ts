import type { Readable } from "node:stream";

export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/** A file being written: nothing is seen under its key until `publish`. */
export interface Draft {
  /** Where to write it, on this machine. */
  readonly path: string;
  /** Makes it durable and puts it under its key. */
  publish(): Promise<StoredObject>;
  discard(): Promise<void>;
}

/** A file that grows at its end, written by one process. */
export interface LogFile {
  /** Durable when it answers true; false: the file was sealed meanwhile, and what was added may or may not be in it. */
  append(text: string): Promise<boolean>;
  close(): Promise<void>;
}

export interface LogFiles {
  create(key: string): Promise<LogFile>;
  /**
   * Gives the file another key, where it never changes: every append that answered true is in it, and none will answer so
   * after. False: it is not there, so somebody else has sealed it.
   */
  seal(key: string, sealedKey: string): Promise<boolean>;
}

/**
 * Bytes under keys. Keys are relative, `/`-separated and checked (`checkKey`). A missing key is a NotFoundError;
 * a full disk or a refused write is an error that leaves nothing under the key.
 */
export interface Storage extends AsyncDisposable {
  /** Names the place in messages: a folder's path or `s3://bucket/prefix`, without credentials. */
  readonly url: string;
  /** What the local cache behind `localPath` may hold; undefined where objects lie on this machine anyway. */
  readonly cacheBytes?: number;
  get(key: string): Promise<Buffer>;
  /** Bytes `start` to `end`, exclusive; a negative start counts from the end. */
  getRange(key: string, start: number, end?: number): Promise<Buffer>;
  read(key: string): Promise<Readable>;
  put(key: string, body: Uint8Array | string | Readable): Promise<StoredObject>;
  /** Creates the object, durable and whole, or answers false because the key is taken: the one atomic decision. */
  putIfAbsent(key: string, body: Uint8Array | string): Promise<boolean>;
  draft(key: string): Promise<Draft>;
  /** Objects whose keys begin with `prefix`, ordered by the bytes of their keys; those after `startAfter`. */
  list(prefix: string, options?: { startAfter?: string }): AsyncIterable<StoredObject>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  stat(key: string): Promise<StoredObject | undefined>;
  /** Unset where an object is written as a whole or not at all, as on S3. */
  readonly logs?: LogFiles;
  /** A path on this machine with the object's content; for objects that never change. */
  localPath(key: string): Promise<string>;
}
