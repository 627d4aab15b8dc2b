import { z } from "zod";

/** How a graph is built and searched. `efSearch` can be changed without building again. */
export const HnswSetting = z.strictObject({
  m: z.int().min(2).max(128).describe("Links of a vector: more find better and take more memory"),
  efConstruction: z.int().min(4).max(2_000).describe("How widely a build looks for a vector's links"),
  efSearch: z.int().min(1).max(2_000).describe("How widely a search looks"),
  seed: z.int().describe("The same rows, setting and seed make the same graph"),
});
export type HnswSetting = z.infer<typeof HnswSetting>;

/** One built index: an immutable file, what it was built from, and how well it finds. */
export const Generation = z.strictObject({
  number: z.int().positive(),
  backend: z.enum(["hnsw", "lance"]),
  /** Key of the file, or of the folder for Lance, in the lake's storage. */
  key: z.string(),
  sha256: z.string(),
  sizeBytes: z.int(),
  /** The version of the vectors' table that it holds; later rows are searched exactly. */
  tableVersion: z.int(),
  rows: z.int(),
  model: z.string(),
  dimensions: z.int(),
  setting: HnswSetting,
  buildSeconds: z.number(),
  recall: z.number().nullable(),
  p50Ms: z.number().nullable(),
  /** What it found of the evaluation set at each width, measured before the set's own rows joined it. */
  widths: z.array(z.strictObject({ efSearch: z.int(), recall: z.number() })).default([]),
  builtAt: z.iso.datetime(),
});
export type Generation = z.infer<typeof Generation>;

/**
 * Which generation serves, kept as a log like a table's: `pointers/<20 digits>.json`, each entry created only if
 * it does not exist, so that of two who flip at once one loses and looks again. Rolling back is one more entry.
 */
export const Pointer = z
  .strictObject({
    sequence: z.int().nonnegative(),
    generation: Generation,
    /** Why it serves: built, promoted by a trial, rolled back by hand, or by a drop of live recall. */
    reason: z.string(),
    at: z.iso.datetime(),
  })
  .meta({ id: "VectorPointer" });
export type Pointer = z.infer<typeof Pointer>;
