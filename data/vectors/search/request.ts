import { z } from "zod";

export const K_MAX = 1_000;
export const FILTER_MAX = 4_000;

/** What a search asks. Exactly one of `text` and `vector`, but for hybrid, where the vector may stand beside its words. */
export const SearchRequest = z
  .strictObject({
    text: z.string().trim().min(1).max(20_000).optional().describe("What to look for, in words"),
    vector: z.array(z.number()).min(1).max(16_000).optional().describe("What to look for, as numbers"),
    k: z.int().min(1).max(K_MAX).default(10).describe("How many hits to give"),
    filter: z
      .string()
      .trim()
      .min(1)
      .max(FILTER_MAX)
      .optional()
      .describe("One SQL condition over the columns of the index's table; only rows that meet it are hits"),
    hybrid: z.boolean().default(false).describe("Also by the words themselves, both ranks fused"),
    exact: z.boolean().default(false).describe("Compare with every row: slow, and the truth"),
    include: z
      .array(z.string().min(1))
      .max(50)
      .default([])
      .describe("Columns of the row to give with each hit"),
    text_of_chunk: z.boolean().default(false).describe("Give the chunk's text with each hit"),
  })
  .refine(({ text, vector }) => text !== undefined || vector !== undefined, {
    path: ["text"],
    message: "Give a text or a vector to look for",
  })
  .refine(({ text, vector, hybrid }) => text === undefined || vector === undefined || hybrid, {
    path: ["vector"],
    message: "Give a text or a vector, not both; both only with hybrid",
  })
  .refine(({ text, hybrid }) => !hybrid || text !== undefined, {
    path: ["text"],
    message: "A hybrid search needs words to look for: give a text",
  })
  .meta({ id: "VectorSearch" });
export type SearchRequest = z.infer<typeof SearchRequest>;

/** How the hits were found. */
export const methods = ["hnsw", "lance", "exact", "exact-filtered", "over-fetch"] as const;
export type Method = (typeof methods)[number];

export const Hit = z
  .strictObject({
    id: z.string(),
    chunk: z.int(),
    score: z
      .number()
      .describe("Cosine or product, larger is nearer; with l2 the distance; with hybrid the fused rank"),
    distance: z.number().nullable().describe("Null for a hit that only its words found"),
    text: z.string().optional(),
    row: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: "VectorHit" });
export type Hit = z.infer<typeof Hit>;

export const SearchReply = z
  .strictObject({
    index: z.string(),
    hits: z.array(Hit),
    method: z.enum(methods),
    why: z.string().describe("Why this method was taken"),
    index_generation: z.int().nullable().describe("Null when no generation took part"),
    unindexed_rows: z
      .int()
      .nullable()
      .describe("Chunks newer than the generation, compared exactly; null: all were"),
    sql_matches: z.int().nullable().describe("Rows that meet the filter; null without one"),
  })
  .meta({ id: "VectorSearchReply" });
export type SearchReply = z.infer<typeof SearchReply>;
