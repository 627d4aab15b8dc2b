import { describe, expect, test } from "vitest";
import { chunked, inTheirPlaces } from "../../../data/clinical/refresh-plan.ts";

const MIB = 1024 ** 2;

function bundles(sizes: readonly number[]) {
  return inTheirPlaces(
    sizes.map((size, number) => ({
      cohort: "A",
      name: `${number}`,
      version: 1,
      key: `${number}`,
      sha256: "",
      size_bytes: size,
      source_modified_at: null,
      landed_at: new Date(0),
      withdrawn_at: null,
    })),
  );
}

const bytesOf = (chunks: ReturnType<typeof chunked>) =>
  chunks.map((chunk) => chunk.reduce((sum, { size_bytes }) => sum + size_bytes, 0));

describe("the chunks of a refresh", () => {
  test.for([
    ["one when there is little", Array(10).fill(4 * MIB), 1],
    ["eight of middling data", Array(200).fill(4 * MIB), 8],
    ["as many as their greatest size asks for, four at a time", Array(600).fill(4 * MIB), 12],
  ] as const)("are %s, of much the same size", ([, sizes, count]) => {
    const chunks = chunked(bundles(sizes));

    expect(chunks).toHaveLength(count);
    const bytes = bytesOf(chunks);
    expect(Math.max(...bytes) - Math.min(...bytes)).toBeLessThanOrEqual(4 * MIB);
    expect(chunks.flat().map(({ number }) => number)).toEqual(sizes.map((_, number) => number));
  });

  test("hold no more than so many files, and a bundle larger than a chunk is one", () => {
    expect(chunked(bundles(Array(4_500).fill(10))).map((chunk) => chunk.length)).toEqual([2_000, 2_000, 500]);
    expect(chunked(bundles([MIB, 900 * MIB, MIB])).map((chunk) => chunk.length)).toEqual([1, 1, 1]);
    expect(chunked([])).toEqual([]);
  });
});
