import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

const HEAD_BYTES = 4;

/** Writes pieces so that their end can be told in a pipe that stays open: each behind its length, a zero at the end. */
export async function writeFrames(pipe: Writable, pieces: AsyncIterable<string | Uint8Array>): Promise<void> {
  for await (const piece of pieces) {
    const bytes = Buffer.from(piece);
    if (bytes.length === 0) continue;
    pipe.write(head(bytes.length));
    if (!pipe.write(bytes)) await once(pipe, "drain");
  }
  pipe.write(head(0));
}

function head(length: number): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES);
  bytes.writeUInt32LE(length);
  return bytes;
}

/** The pieces of one reply after another, from the other end of the pipe. */
export class FrameReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(pipe: Readable) {
    this.#chunks = pipe[Symbol.asyncIterator]();
  }

  async *reply(): AsyncGenerator<Uint8Array> {
    for (;;) {
      let left = (await this.#exactly(HEAD_BYTES)).readUInt32LE();
      if (left === 0) return;
      while (left > 0) {
        const part = await this.#some(left);
        left -= part.length;
        yield part;
      }
    }
  }

  async #exactly(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = bytes; left > 0; ) {
      const part = await this.#some(left);
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  async #some(most: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) throw new Error("The process that ran the query ended in the middle of its reply.");
      this.#rest = next.value;
    }
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(most);
    return part;
  }
}
