import type { Embedder } from "./embedder.ts";
import { DIMENSIONS, embedText, MODEL } from "./hashed-grams.ts";

export const BUILT_IN = "built-in";

/** What a slice of so many texts takes stays far below what the event loop may be held for. */
const SLICE = 32;

/** Runs where it is called, a slice at a time: for queries and small batches. A text without a word becomes zeros. */
export const builtIn: Embedder = {
  model: MODEL,
  dimensions: DIMENSIONS,
  async embed(texts, signal) {
    const vectors: Float32Array[] = [];
    for (let from = 0; from < texts.length; from += SLICE) {
      if (from > 0) await new Promise(setImmediate);
      signal?.throwIfAborted();
      for (const text of texts.slice(from, from + SLICE))
        vectors.push(embedText(text) ?? new Float32Array(DIMENSIONS));
    }
    return vectors;
  },
};
