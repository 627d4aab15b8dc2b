import { describe, expect, test } from "vitest";
import { DIMENSIONS, embedText } from "../../../data/vectors/embedders/hashed-grams.ts";

function cosine(a: string, b: string): number {
  const [x, y] = [embedText(a), embedText(b)];
  if (!x || !y) throw new Error("a text has no vector");
  return x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
}

describe("the built-in embedder", () => {
  test("gives vectors of length 1 that are the same each time", () => {
    const vector = embedText("acute bronchitis");
    expect(vector?.length).toBe(DIMENSIONS);
    expect(cosine("acute bronchitis", "acute bronchitis")).toBeCloseTo(1, 5);
    expect(embedText("acute bronchitis")).toEqual(vector);
  });

  test("gives no vector for a text without a letter or a digit", () => {
    expect(embedText("")).toBeUndefined();
    expect(embedText(" …!? ")).toBeUndefined();
  });

  test("puts texts with shared words closer than others", () => {
    const note = "The patient presents with acute bronchitis and a persistent cough";
    expect(cosine(note, "persistent cough, acute bronchitis")).toBeGreaterThan(
      cosine(note, "fracture of the left wrist") + 0.3,
    );
  });

  test("sees through spelling, case and width", () => {
    expect(cosine("hypertensive", "hypertension")).toBeGreaterThan(0.2);
    expect(cosine("COUGH", "cough")).toBeCloseTo(1, 5);
    expect(cosine("ＣＯＵＧＨ", "cough")).toBeCloseTo(1, 5);
  });
});
