import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { posix } from "node:path";
import { crc32 } from "node:zlib";
import type { DeletionVector } from "./actions.ts";
import type { Bitmap } from "./bitmap.ts";
import type { UnseenFile } from "./data-files.ts";
import { serializeVector, vectorFile } from "./deletion-vector.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { encodeZ85 } from "./z85.ts";

/** A vector of at most so many bytes lies in the log, and costs no file of its own. */
const INLINE_BYTES = 512;
const FORMAT = Buffer.from([1]);

/** The vectors of one commit: one file for all that do not fit into the log. */
export class VectorFile {
  readonly #snapshot: TableSnapshot;
  readonly #uuid = randomUUID();
  readonly #parts: Buffer[] = [FORMAT];
  #length = FORMAT.length;

  constructor(snapshot: TableSnapshot) {
    this.#snapshot = snapshot;
  }

  take(hidden: Bitmap): DeletionVector {
    const data = serializeVector(hidden);
    const known = { sizeInBytes: data.length, cardinality: hidden.cardinality };
    if (data.length <= INLINE_BYTES) {
      const padded = Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
      return { storageType: "i", pathOrInlineDv: encodeZ85(padded), ...known };
    }
    const offset = this.#append(data);
    return { storageType: "u", pathOrInlineDv: this.#name, offset, ...known };
  }

  async write(): Promise<UnseenFile[]> {
    if (this.#parts.length === 1) return [];
    const { storage, root } = this.#snapshot;
    const uri = vectorFile(this.#name);
    const draft = await storage.draft(posix.join(root, uri));
    await writeFile(draft.path, Buffer.concat(this.#parts));
    return [{ uri, draft }];
  }

  get #name(): string {
    return encodeZ85(Buffer.from(this.#uuid.replaceAll("-", ""), "hex"));
  }

  #append(data: Buffer): number {
    const offset = this.#length;
    const size = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(data));
    this.#parts.push(size, data, checksum);
    this.#length += size.length + data.length + checksum.length;
    return offset;
  }
}
