import { CorruptDeletionVectorError } from "./errors.ts";

const NO_RUNS = 12_346;
const WITH_RUNS = 12_347;
/** Below so many containers a bitmap with runs has no offsets. */
const NO_OFFSETS_BELOW = 4;
const BITMAP_ABOVE = 4096;
const CONTAINER_BITS = 65_536;

/** Positions of rows in a file. Bit 0 is the highest of the first byte, as in DuckDB's BIT. */
export class Bitmap {
  #bytes = new Uint8Array(0);
  #length = 0;

  /** How many bits it has up to the last position. */
  get length(): number {
    return this.#length;
  }

  add(position: number): void {
    this.addRange(position, position);
  }

  /** Adds all positions from `first` to `last`. */
  addRange(first: number, last: number): void {
    this.#grow(last + 1);
    for (let position = first; position <= last; ) {
      const isWholeByte = (position & 7) === 0 && position + 7 <= last;
      const byte = Math.floor(position / 8);
      this.#bytes[byte] = isWholeByte ? 0xff : (this.#bytes[byte] ?? 0) | (0x80 >> (position & 7));
      position += isWholeByte ? 8 : 1;
    }
  }

  has(position: number): boolean {
    return ((this.#bytes[Math.floor(position / 8)] ?? 0) & (0x80 >> (position & 7))) !== 0;
  }

  /** The positions that are in this one and not in `other`. */
  minus(other: Bitmap): Bitmap {
    const result = new Bitmap();
    result.#grow(this.#length);
    for (let byte = 0; byte < result.#bytes.length; byte += 1)
      result.#bytes[byte] = (this.#bytes[byte] ?? 0) & ~(other.#bytes[byte] ?? 0);
    return result;
  }

  get cardinality(): number {
    let count = 0;
    for (let byte of this.#bytes) for (; byte !== 0; byte &= byte - 1) count += 1;
    return count;
  }

  toBase64(): string {
    return Buffer.from(this.#bytes.subarray(0, Math.ceil(this.#length / 8))).toString("base64");
  }

  #grow(length: number): void {
    if (length <= this.#length) return;
    this.#length = length;
    if (length <= this.#bytes.length * 8) return;
    const bytes = new Uint8Array(Math.max(Math.ceil(length / 8), this.#bytes.length * 2));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}

/** Reads a 64-bit roaring bitmap in the portable format: 32-bit ones under the high halves of the positions. */
export function readRoaring64(bytes: Buffer): Bitmap {
  const bitmap = new Bitmap();
  try {
    const count = Number(bytes.readBigUInt64LE(0));
    let at = 8;
    for (let bucket = 0; bucket < count; bucket += 1) {
      const high = bytes.readUInt32LE(at);
      at = readRoaring32(bytes, at + 4, high * 2 ** 32, bitmap);
    }
  } catch (error) {
    if (error instanceof RangeError) throw corrupt("is cut short");
    throw error;
  }
  return bitmap;
}

/** Reads a 32-bit bitmap that begins at `start` and returns where it ends. */
function readRoaring32(bytes: Buffer, start: number, base: number, into: Bitmap): number {
  const cookie = bytes.readUInt32LE(start);
  const hasRuns = (cookie & 0xffff) === WITH_RUNS;
  if (!hasRuns && cookie !== NO_RUNS) throw corrupt(`has an unknown bitmap layout (${cookie})`);

  const count = hasRuns ? (cookie >>> 16) + 1 : bytes.readUInt32LE(start + 4);
  let at = start + (hasRuns ? 4 : 8);
  const runFlags = hasRuns ? bytes.subarray(at, at + Math.ceil(count / 8)) : undefined;
  at += runFlags?.length ?? 0;

  const headers = at;
  at += count * 4;
  if (!hasRuns || count >= NO_OFFSETS_BELOW) at += count * 4;
  for (let container = 0; container < count; container += 1) {
    const first = base + bytes.readUInt16LE(headers + container * 4) * CONTAINER_BITS;
    const cardinality = bytes.readUInt16LE(headers + container * 4 + 2) + 1;
    const isRun = (((runFlags?.[container >> 3] ?? 0) >> (container & 7)) & 1) === 1;
    if (isRun) at = readRuns(bytes, at, first, into);
    else if (cardinality > BITMAP_ABOVE) at = readBits(bytes, at, first, into);
    else at = readArray(bytes, at, first, cardinality, into);
  }
  return at;
}

function readRuns(bytes: Buffer, at: number, first: number, into: Bitmap): number {
  const runs = bytes.readUInt16LE(at);
  for (let run = 0; run < runs; run += 1) {
    const start = first + bytes.readUInt16LE(at + 2 + run * 4);
    into.addRange(start, start + bytes.readUInt16LE(at + 4 + run * 4));
  }
  return at + 2 + runs * 4;
}

function readArray(bytes: Buffer, at: number, first: number, count: number, into: Bitmap): number {
  for (let index = 0; index < count; index += 1) into.add(first + bytes.readUInt16LE(at + index * 2));
  return at + count * 2;
}

function readBits(bytes: Buffer, at: number, first: number, into: Bitmap): number {
  const size = CONTAINER_BITS / 8;
  if (at + size > bytes.length) throw corrupt("is cut short");
  for (let byte = 0; byte < size; byte += 1) {
    const bits = bytes[at + byte] ?? 0;
    for (let bit = 0; bit < 8; bit += 1) if ((bits >> bit) & 1) into.add(first + byte * 8 + bit);
  }
  return at + size;
}

function corrupt(what: string): CorruptDeletionVectorError {
  return new CorruptDeletionVectorError(
    `A deletion vector ${what}; without it deleted rows would come back, so the table cannot be read.`,
  );
}
