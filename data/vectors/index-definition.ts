import { z } from "zod";

/** `cache` is the table of vectors that all indexes share, `trials` the one of what was tried on them. */
export const IndexName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/)
  .refine(
    (name) => !["cache", "trials"].includes(name),
    "`cache` and `trials` name tables that all indexes share",
  )
  .describe("The index's name");

export const metrics = ["cosine", "ip", "l2"] as const;
export type Metric = (typeof metrics)[number];
export const backends = ["hnsw", "lance"] as const;
export type Backend = (typeof backends)[number];

/** Where an index's vectors come from: text that is embedded, or a column that holds vectors already. */
export const IndexContent = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("text"),
    column: z.string().min(1),
    /** `built-in`, or the name of a model that the model server has. */
    embedder: z.string().min(1),
    chunkSize: z.int().positive(),
    overlap: z.int().nonnegative(),
    /** Replaces what looks like a person's data before anything is embedded. */
    redact: z.boolean(),
  }),
  z.strictObject({ kind: z.literal("vector"), column: z.string().min(1) }),
]);
export type IndexContent = z.infer<typeof IndexContent>;

/** What a person says of an index once; kept as `_vectors/<name>/index.json`. */
export const IndexDefinition = z
  .strictObject({
    name: IndexName,
    table: z
      .string()
      .regex(/^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/)
      .describe("The table whose rows are searched, as `gold.encounter_summary`"),
    idColumn: z.string().min(1).describe("The column that names a row"),
    content: IndexContent,
    /** Which model made the vectors; vectors of two models are never compared. */
    model: z.string(),
    dimensions: z.int().min(1).max(16_000),
    metric: z.enum(metrics),
    backend: z.enum(backends),
    targetRecall: z
      .number()
      .gt(0)
      .max(1)
      .describe("The share of true neighbours that a promoted setting must find"),
  })
  .meta({ id: "VectorIndex" });
export type IndexDefinition = z.infer<typeof IndexDefinition>;

/** The table of an index's chunks and vectors: id, chunk, text, vector, content_hash, model. */
export function vectorsTable(index: Pick<IndexDefinition, "name">) {
  return `vectors.${index.name}` as const;
}

/** The folder of an index in the lake's storage: its definition, its generations, its pointers and trials. */
export function indexFolder(index: string): string {
  return `_vectors/${index}`;
}
