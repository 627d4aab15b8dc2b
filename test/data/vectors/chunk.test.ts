import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chunkText } from "../../../data/vectors/chunk.ts";

const texts = (text: string, size: number, overlap: number) =>
  chunkText(text, { size, overlap }).map((c) => c.text);

describe("chunkText", () => {
  test("never cuts a character of several bytes or units", () => {
    expect(texts("😀é漢".repeat(20), 7, 2).join("")).not.toContain("\uFFFD");
    for (const chunk of texts("👩‍⚕️".repeat(30), 5, 1)) expect(Buffer.from(chunk).toString()).toBe(chunk);
  });

  test("ends for a text without a blank", () => {
    expect(texts("abcdef", 2, 1)).toEqual(["ab", "bc", "cd", "de", "ef"]);
  });

  test("ends for an overlap one less than the size, and refuses one that is not less", () => {
    expect(texts("a b c d", 2, 1).at(-1)).toBe("d");
    expect(() => texts("a b c d", 2, 2)).toThrow(/overlap of chunks of 2/);
    expect(() => texts("a b c d", 0, 0)).toThrow(/size is a whole number/);
  });

  test("ends a chunk where a sentence does, else where a word does", () => {
    expect(texts("One. Two three. Four five six seven.", 16, 0)).toEqual([
      "One. Two three.",
      "Four five six",
      "seven.",
    ]);
  });

  test("makes nothing of an empty or blank text and one chunk of a short one", () => {
    expect(texts("", 10, 2)).toEqual([]);
    expect(texts(" \n\t ", 10, 2)).toEqual([]);
    expect(texts("short", 10, 2)).toEqual(["short"]);
  });

  test("ends for every text, keeps every word and never exceeds the size", () => {
    const sizes = fc
      .integer({ min: 1, max: 30 })
      .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 })));
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), sizes, (text, [size, overlap]) => {
        const points = Array.from(text);
        const covered = new Set<number>();
        for (const chunk of chunkText(text, { size, overlap })) {
          const length = Array.from(chunk.text).length;
          expect(length).toBeLessThanOrEqual(size);
          for (let i = 0; i < length; i++) covered.add(chunk.start + i);
        }
        points.forEach((point, i) => {
          if (!/\s/u.test(point)) expect(covered.has(i)).toBe(true);
        });
      }),
    );
  });
});
