import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bitmap } from "../../../data/delta/bitmap.ts";
import { serializeVector as ourVector, vectorFile } from "../../../data/delta/deletion-vector.ts";
import { CorruptDeletionVectorError } from "../../../data/delta/errors.ts";
import { readRoaring64, writeRoaring64 } from "../../../data/delta/roaring.ts";
import { decodeZ85, encodeZ85 } from "../../../data/delta/z85.ts";
import { type ForeignTable, features, foreignTable, metaData } from "./foreign-table.ts";
import { type Container, inlineVector, serializeVector } from "./roaring-writer.ts";

const containers: Container[] = ["array", "bitmap", "runs"];

const big = Array.from({ length: 5_000 }, (_, index) => index * 13);
test.each(containers)("positions written as %s are read", (container) => {
  const sets = [[0], [1, 2, 3, 70_000, 70_001, 200_000, 300_000, 400_000]];
  if (container !== "array") sets.push(big);
  for (const positions of sets) {
    const bitmap = readRoaring64(serializeVector(positions, container).subarray(4));

    expect(bitmap.cardinality).toBe(positions.length);
    for (const position of positions) expect(bitmap.has(position)).toBe(true);
    expect(bitmap.has(4)).toBe(false);
  }
});

test("any set of positions comes back from its bytes", () => {
  const sets = fc.uniqueArray(fc.nat(500_000), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(sets, fc.constantFrom(...containers), (positions, container) => {
      const bitmap = readRoaring64(serializeVector(positions, container).subarray(4));

      expect(bitmap.cardinality).toBe(positions.length);
      expect(positions.every((position) => bitmap.has(position))).toBe(true);
    }),
    { numRuns: 50 },
  );
});

function bitmapOf(positions: readonly number[]): Bitmap {
  const bitmap = new Bitmap();
  for (const position of positions) bitmap.add(position);
  return bitmap;
}

test("what we write is what the format says, byte by byte", () => {
  const head = "d1d33964" + "0100000000000000" + "00000000";
  const containers = "3a300000" + "02000000" + "00000000" + "01000000" + "18000000" + "1a000000";

  expect(ourVector(bitmapOf([1, 65_538])).toString("hex")).toBe(`${head}${containers}01000200`);
});

test("what we write is read as what it was, however much of it there is", () => {
  const many = Array.from({ length: 20_000 }, (_, index) => index * 7);
  const sets = fc.uniqueArray(fc.nat(500_000), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(sets, fc.boolean(), (few, withMany) => {
      const written = bitmapOf(withMany ? [...few, ...many] : few);
      const read = readRoaring64(writeRoaring64(written));

      expect(read.minus(written).cardinality + written.minus(read).cardinality).toBe(0);
      expect(read.cardinality).toBe(new Set(withMany ? [...few, ...many] : few).size);
    }),
    { numRuns: 50 },
  );
});

test("base 85 comes back, and what is not base 85 is refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 40 }), (bytes) => {
      const whole = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 4)));
      expect(decodeZ85(encodeZ85(whole))).toEqual(whole);
    }),
  );
  expect(String(decodeZ85("nm=QNz.92jz/PV8"))).toHaveLength(12);
  for (const bad of ["abcd", "~~~~~", "#####"])
    expect(() => decodeZ85(bad)).toThrow(CorruptDeletionVectorError);
});

test("the name of a vector's file is its UUID after its folder", () => {
  const id = encodeZ85(Buffer.from("d2c639aa88164b8fa8d6a1ffc3b4a6f9", "hex"));

  expect(vectorFile(id)).toBe("deletion_vector_d2c639aa-8816-4b8f-a8d6-a1ffc3b4a6f9.bin");
  expect(vectorFile(`ab${id}`)).toBe("ab/deletion_vector_d2c639aa-8816-4b8f-a8d6-a1ffc3b4a6f9.bin");
});

const uuid = "d2c639aa-8816-4b8f-a8d6-a1ffc3b4a6f9";
const fileName = `deletion_vector_${uuid}.bin`;
const shortName = encodeZ85(Buffer.from(uuid.replaceAll("-", ""), "hex"));

/** The bytes of a vector file: its version, then for each vector length, data and checksum. */
function vectorBytes(...vectors: Buffer[]): Buffer {
  const parts = vectors.flatMap((data) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(data));
    return [length, data, checksum];
  });
  return Buffer.concat([Buffer.from([1]), ...parts]);
}

async function tableOfTen(
  deletionVector: object | ((foreign: ForeignTable) => object),
): Promise<ForeignTable> {
  const foreign = await foreignTable();
  const add = await foreign.parquet("part.parquet", "select range as id from range(10)");
  const vector = typeof deletionVector === "function" ? deletionVector(foreign) : deletionVector;
  await foreign.commit(0, features("deletionVectors"), metaData({ id: "long" }), {
    add: { ...add, deletionVector: vector },
  });
  return foreign;
}

const idsOf = async (foreign: ForeignTable) => (await foreign.rows()).map(({ id }) => Number(id));

describe("rows in a deletion vector are not read", () => {
  test.each(containers)("when it is inline, as %s", async (container) => {
    const foreign = await tableOfTen(inlineVector([0, 3, 4, 9], container));

    expect(await idsOf(foreign)).toEqual([1, 2, 5, 6, 7, 8]);
  });

  test("when it is one of several in a file", async () => {
    const [first, second] = [serializeVector([1], "array"), serializeVector([0, 2], "runs")];
    const foreign = await tableOfTen({
      storageType: "u",
      pathOrInlineDv: shortName,
      offset: 1 + 8 + first.length,
      sizeInBytes: second.length,
      cardinality: 2,
    });
    await foreign.write(fileName, vectorBytes(first, second));

    expect(await idsOf(foreign)).toEqual([1, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("when its file lies in a folder of its own, or is named in full", async () => {
    const data = serializeVector([5], "array");
    const rest = { offset: 1, sizeInBytes: data.length, cardinality: 1 };
    const inFolder = await tableOfTen({ storageType: "u", pathOrInlineDv: `a%b${shortName}`, ...rest });
    await inFolder.write(`a%b/${fileName}`, vectorBytes(data));
    const inFull = await tableOfTen(({ folder }) => ({
      storageType: "p",
      pathOrInlineDv: `file://${folder}/${fileName}`,
      ...rest,
    }));
    await inFull.write(fileName, vectorBytes(data));

    expect(await idsOf(inFolder)).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9]);
    expect(await idsOf(inFull)).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9]);
  });

  test("beside files without one, in partitions, and over many row groups", async () => {
    const foreign = await foreignTable();
    const big = await foreign.parquet(
      "big.parquet",
      "select range as id from range(300000)",
      ", row_group_size 2048",
    );
    const plain = await foreign.parquet("plain.parquet", "select 1000000 + range as id from range(5)");
    const hidden = Array.from({ length: 100_000 }, (_, index) => index * 3);
    await foreign.commit(
      0,
      features("deletionVectors"),
      metaData({ id: "long", p: "string" }, { partitionColumns: ["p"] }),
      { add: { ...big, partitionValues: { p: "b" }, deletionVector: inlineVector(hidden, "bitmap") } },
      { add: { ...plain, partitionValues: { p: null } } },
    );

    const sql = await (await foreign.table.snapshot()).readSql();

    expect(
      await foreign.query(`select p, count(*) as n, count(*) filter (id % 3 = 0 and p = 'b') as wrong, sum(id) as total
      from (${sql}) group by p order by n`),
    ).toEqual([
      { p: null, n: "5", wrong: "0", total: "5000010" },
      { p: "b", n: "200000", wrong: "0", total: "30000000000" },
    ]);
  });
});

describe("a deletion vector is refused", () => {
  const data = serializeVector([0, 2], "array");
  const onDisk = {
    storageType: "u",
    pathOrInlineDv: shortName,
    offset: 1,
    sizeInBytes: data.length,
    cardinality: 2,
  };
  const damaged = (at: number) => {
    const bytes = vectorBytes(data);
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    return bytes;
  };

  test.each([
    ["with a wrong checksum", damaged(10), /wrong checksum/],
    ["with a wrong length", damaged(2), /not where the log says/],
    ["that is cut short", vectorBytes(data).subarray(0, 12), /cut short/],
  ])("%s", async (_, bytes, message) => {
    const foreign = await tableOfTen(onDisk);
    await foreign.write(fileName, bytes);

    await expect(foreign.rows()).rejects.toThrow(CorruptDeletionVectorError);
    await expect(foreign.rows()).rejects.toThrow(message);
  });

  test.each([
    [
      "whose number of rows is not the log's",
      { ...inlineVector([1, 2]), cardinality: 3 },
      /2 rows where the log says 3/,
    ],
    ["of another layout", { ...inlineVector([1]), pathOrInlineDv: encodeZ85(Buffer.alloc(32)) }, /layout/],
    ["that is no base 85", { ...inlineVector([1]), pathOrInlineDv: "not base 85" }, /base-85/],
  ])("%s", async (_, vector, message) => {
    const foreign = await tableOfTen(vector);

    await expect(foreign.rows()).rejects.toThrow(message);
  });
});
