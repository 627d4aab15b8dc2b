import { z } from "zod";
import { TableNotFoundError } from "../delta/errors.ts";
import type { Column, DeltaType, Snapshot } from "../delta/table.ts";
import { DataError } from "../errors.ts";
import type { Lake, TableName } from "../lake.ts";
import { identifier } from "../sql/duckdb.ts";
import { unknownTable } from "../sql/unknown-table.ts";
import type { Embedder } from "./embedders/embedder.ts";
import { ColumnNotFoundError } from "./errors.ts";
import { backends, type IndexContent, IndexDefinition, IndexName, metrics } from "./index-definition.ts";

const TextContent = z.strictObject({
  kind: z.literal("text"),
  column: z.string().min(1).describe("The column of text"),
  embedder: z
    .string()
    .min(1)
    .default("built-in")
    .describe("`built-in`, or a model that the model server has"),
  chunkSize: z.int().min(1).max(100_000).default(1_000).describe("Code points of the longest chunk"),
  overlap: z.int().min(0).default(100).describe("Code points that a chunk shares with the one before"),
  redact: z
    .boolean()
    .default(false)
    .describe("Replace what looks like a person's data before anything is embedded"),
});

/** What somebody says to make an index; the rest is found out. */
export const NewIndex = z
  .strictObject({
    name: IndexName,
    table: IndexDefinition.shape.table,
    idColumn: IndexDefinition.shape.idColumn,
    content: z
      .discriminatedUnion("kind", [
        TextContent,
        z.strictObject({
          kind: z.literal("vector"),
          column: z.string().min(1).describe("The column of vectors"),
        }),
      ])
      .describe("Text that is embedded, or vectors that are there already"),
    metric: z.enum(metrics).default("cosine").describe("How near two vectors are"),
    backend: z
      .enum(backends)
      .default("hnsw")
      .describe("A graph in memory, or `lance` for more than memory holds"),
    targetRecall: IndexDefinition.shape.targetRecall.default(0.99),
  })
  .refine(({ content }) => content.kind === "vector" || content.overlap < content.chunkSize, {
    path: ["content", "overlap"],
    message: "The overlap must be less than the size of a chunk",
  })
  .meta({ id: "NewVectorIndex" });
export type NewIndex = z.infer<typeof NewIndex>;

/** Which model made vectors that came with their rows. */
export const GIVEN = "given";

/** Holds a request against its table and its model, and says what the index will be. */
export async function defineIndex(
  lake: Lake,
  request: NewIndex,
  openEmbedder: (name: string) => Promise<Pick<Embedder, "model" | "dimensions">>,
): Promise<IndexDefinition> {
  const asked = NewIndex.parse(request);
  const snapshot = await snapshotOf(lake, asked.table);
  const id = columnOf(asked.table, snapshot, asked.idColumn);
  if (!isName(id.type))
    throw new DataError(
      `${asked.table}.${asked.idColumn} cannot name a row: it holds ${nameOf(id.type)}, and a name is a text or a whole number.`,
    );
  const column = columnOf(asked.table, snapshot, asked.content.column);
  const made =
    asked.content.kind === "text"
      ? await textModel(asked.table, column, asked.content, openEmbedder)
      : { model: GIVEN, dimensions: await firstLength(lake, asked.table, snapshot, column) };
  const { name, table, idColumn, content, metric, backend, targetRecall } = asked;
  return IndexDefinition.parse({
    name,
    table,
    idColumn,
    content,
    ...made,
    metric,
    backend,
    targetRecall,
  });
}

async function snapshotOf(lake: Lake, table: string): Promise<Snapshot> {
  try {
    return await lake.table(table as TableName).snapshot();
  } catch (error) {
    throw error instanceof TableNotFoundError ? await unknownTable(lake, table, error) : error;
  }
}

function columnOf(table: string, { columns }: Snapshot, name: string): Column {
  const found = columns.find((column) => column.name === name);
  if (found) return found;
  throw new ColumnNotFoundError(
    table,
    name,
    columns.map((column) => column.name),
  );
}

async function textModel(
  table: string,
  column: Column,
  content: Extract<IndexContent, { kind: "text" }>,
  openEmbedder: (name: string) => Promise<Pick<Embedder, "model" | "dimensions">>,
) {
  if (column.type !== "string")
    throw new DataError(
      `${table}.${column.name} holds ${nameOf(column.type)}, not text; only text is embedded.`,
    );
  const { model, dimensions } = await openEmbedder(content.embedder);
  return { model, dimensions };
}

/** The first vector of a column says how long all of them are. */
async function firstLength(lake: Lake, table: string, snapshot: Snapshot, column: Column): Promise<number> {
  const { type } = column;
  if (typeof type === "string" || type.type !== "array" || !isNumber(type.elementType))
    throw new DataError(
      `${table}.${column.name} holds ${nameOf(type)}, not vectors; a vector is an array of numbers.`,
    );
  const duckdb = await lake.duckdb();
  const name = identifier(column.name);
  const [first] = await duckdb.query(
    z.object({ length: z.coerce.number() }),
    `select len(${name}) as length from (${await snapshot.readSql({ columns: [column.name] })})
     where len(${name}) > 0 limit 1`,
  );
  if (first) return first.length;
  throw new DataError(
    `${table}.${column.name} has no vector yet, so nobody knows how long they are: load rows, then create the index.`,
  );
}

const wholeNumbers = ["long", "integer", "short", "byte"];

function isName(type: DeltaType): boolean {
  return (
    typeof type === "string" &&
    (type === "string" || wholeNumbers.includes(type) || /^decimal\(\d+,0\)$/.test(type))
  );
}

function isNumber(type: DeltaType): boolean {
  return (
    typeof type === "string" &&
    (["float", "double", ...wholeNumbers].includes(type) || type.startsWith("decimal"))
  );
}

function nameOf(type: DeltaType): string {
  return typeof type === "string" ? `values of type ${type}` : `values of type ${type.type}`;
}
