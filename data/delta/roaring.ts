import { Bitmap, BLOCK_BITS } from "./bitmap.ts";
import { CorruptDeletionVectorError } from "./errors.ts";

const NO_RUNS = 12_346;
const WITH_RUNS = 12_347;
/** Below so many containers a bitmap with runs has no offsets. */
const NO_OFFSETS_BELOW = 4;
const BITMAP_ABOVE = 4096;

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
    const first = base + bytes.readUInt16LE(headers + container * 4) * BLOCK_BITS;
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
  const size = BLOCK_BITS / 8;
  if (at + size > bytes.length) throw corrupt("is cut short");
  for (let byte = 0; byte < size; byte += 1) {
    const bits = bytes[at + byte] ?? 0;
    for (let bit = 0; bit < 8; bit += 1) if ((bits >> bit) & 1) into.add(first + byte * 8 + bit);
  }
  return at + size;
}

/** The same format, without runs: they would save little of what few changed rows take. */
export function writeRoaring64(bitmap: Bitmap): Buffer {
  const buckets = new Map<number, Container[]>();
  for (const { number, positions } of bitmap.blocks()) {
    const high = Math.floor(number / BLOCK_BITS);
    const bucket = buckets.get(high) ?? [];
    buckets.set(high, bucket);
    bucket.push({ key: number % BLOCK_BITS, positions });
  }
  const count = Buffer.alloc(8);
  count.writeBigUInt64LE(BigInt(buckets.size));
  return Buffer.concat([
    count,
    ...[...buckets].flatMap(([high, containers]) => [wholes(high), writeRoaring32(containers)]),
  ]);
}

interface Container {
  readonly key: number;
  readonly positions: Uint16Array;
}

function writeRoaring32(containers: readonly Container[]): Buffer {
  const bodies = containers.map(({ positions }) => containerBytes(positions));
  const headers = containers.flatMap(({ key, positions }) => [key, positions.length - 1]);
  const offsets: number[] = [];
  let at = 8 + containers.length * 8;
  for (const { length } of bodies) {
    offsets.push(at);
    at += length;
  }
  const head = [wholes(NO_RUNS, containers.length), halves(Uint16Array.from(headers)), wholes(...offsets)];
  return Buffer.concat([...head, ...bodies]);
}

function containerBytes(positions: Uint16Array): Buffer {
  if (positions.length <= BITMAP_ABOVE) return halves(positions);
  const bits = Buffer.alloc(BLOCK_BITS / 8);
  for (const position of positions) {
    const byte = position >> 3;
    bits[byte] = (bits[byte] ?? 0) | (1 << (position & 7));
  }
  return bits;
}

function wholes(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

function halves(values: Uint16Array): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16LE(value, index * 2);
  return bytes;
}

function corrupt(what: string): CorruptDeletionVectorError {
  return new CorruptDeletionVectorError(
    `A deletion vector ${what}; without it deleted rows would come back, so the table cannot be read.`,
  );
}
