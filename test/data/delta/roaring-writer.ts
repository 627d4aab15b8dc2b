import { encodeZ85 } from "../../../data/delta/z85.ts";

/** How the positions of one block of 65,536 are written. The format keeps up to 4,096 as an array where asked for a bitmap. */
export type Container = "array" | "bitmap" | "runs";

/** Serialises positions as the protocol's deletion vectors are: a magic number and a 64-bit roaring bitmap. */
export function serializeVector(positions: readonly number[], container: Container): Buffer {
  const buckets = groupBy(positions, (position) => Math.floor(position / 2 ** 32));
  const head = Buffer.alloc(12);
  head.writeUInt32LE(1_681_511_377, 0);
  head.writeBigUInt64LE(BigInt(buckets.size), 4);
  const parts = [...buckets].map(([high, values]) => {
    const key = Buffer.alloc(4);
    key.writeUInt32LE(high);
    return Buffer.concat([
      key,
      serialize32(
        values.map((value) => value % 2 ** 32),
        container,
      ),
    ]);
  });
  return Buffer.concat([head, ...parts]);
}

function serialize32(values: readonly number[], container: Container): Buffer {
  const blocks = [...groupBy(values, (value) => Math.floor(value / 65_536))];
  const headers = blocks.map(([key, inside]) => u16(key, inside.length - 1));
  const bodies = blocks.map(([, inside]) =>
    body(
      inside.map((value) => value % 65_536),
      container,
    ),
  );
  if (container === "runs") {
    const cookie = u16(12_347, blocks.length - 1);
    const flags = Buffer.alloc(Math.ceil(blocks.length / 8), 0xff);
    const offsets = blocks.length < 4 ? [] : bodies.map(() => Buffer.alloc(4));
    return Buffer.concat([cookie, flags, ...headers, ...offsets, ...bodies]);
  }
  const cookie = Buffer.alloc(8);
  cookie.writeUInt32LE(12_346, 0);
  cookie.writeUInt32LE(blocks.length, 4);
  return Buffer.concat([cookie, ...headers, ...bodies.map(() => Buffer.alloc(4)), ...bodies]);
}

function body(values: readonly number[], container: Container): Buffer {
  if (container === "array" || (container === "bitmap" && values.length <= 4096)) return u16(...values);
  if (container === "bitmap") {
    const bits = Buffer.alloc(8192);
    for (const value of values) bits[value >> 3] = (bits[value >> 3] ?? 0) | (1 << (value & 7));
    return bits;
  }
  const runs: [start: number, length: number][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last && last[0] + last[1] + 1 === value) last[1] += 1;
    else runs.push([value, 0]);
  }
  return u16(runs.length, ...runs.flat());
}

function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16LE(value, index * 2);
  return bytes;
}

function groupBy(values: readonly number[], keyOf: (value: number) => number): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const value of [...values].sort((a, b) => a - b)) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}

/** What an `add` says of a vector that stands in the log. */
export function inlineVector(positions: readonly number[], container: Container = "array") {
  const bytes = serializeVector(positions, container);
  const padded = Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  return {
    storageType: "i",
    pathOrInlineDv: encodeZ85(padded),
    sizeInBytes: bytes.length,
    cardinality: positions.length,
  };
}
