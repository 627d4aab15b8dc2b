import type { Lake } from "../../../data/lake.ts";
import { quote } from "../../../data/sql/duckdb.ts";
import type { IndexDefinition } from "../../../data/vectors/index-definition.ts";
import { createIndex } from "../../../data/vectors/indexes.ts";

/** A made-up index over made-up rows, with vectors written straight into its table. */
export const notes: IndexDefinition = {
  name: "notes",
  table: "gold.note",
  idColumn: "note_id",
  content: { kind: "vector", column: "vector" },
  model: "given",
  dimensions: 16,
  metric: "cosine",
  backend: "hnsw",
  targetRecall: 0.95,
};

const topics = ["fever", "cough", "fracture", "diabetes", "asthma", "anemia", "migraine", "rash"];

/** Vectors by the seed of the row's number: eight clusters, as notes of a kind lie near each other. */
function vectorSql(dimensions: number): string {
  const noise = (salt: string) => `((hash(i || ' ' || x || ' ${salt}') % 2000)::double / 1000 - 1)`;
  const centre = `((hash((i % 8) || ' ' || x) % 2000)::double / 1000 - 1)`;
  return `list_transform(range(${dimensions}), lambda x: (${centre} + 0.7 * ${noise("a")})::float)`;
}

export function rowsSql(from: number, to: number, definition: IndexDefinition = notes): string {
  const list = `[${topics.map(quote).join(", ")}]`;
  return `
    select 'n' || i as id, 0::int as chunk, 'note ' || i || ' tells of ' || ${list}[1 + i % 8] as text,
      ${vectorSql(definition.dimensions)} as vector, 'h' || i as content_hash, ${quote(definition.model)} as model
    from range(${from}, ${to}) t(i)`;
}

/** The index with `count` rows in its table and in the table that it is over. */
export async function makeNotes(
  lake: Lake,
  count: number,
  changes: Partial<IndexDefinition> = {},
): Promise<IndexDefinition> {
  const definition = { ...notes, ...changes };
  await createIndex(lake, definition);
  await addNotes(lake, 0, count, definition);
  return definition;
}

export async function addNotes(
  lake: Lake,
  from: number,
  to: number,
  definition: IndexDefinition = notes,
): Promise<void> {
  const source = lake.table("gold.note");
  await source.ensure({
    columns: [
      { name: "note_id", type: "string", nullable: false },
      { name: "topic", type: "string", nullable: true },
      { name: "number", type: "long", nullable: true },
    ],
  });
  const list = `[${topics.map(quote).join(", ")}]`;
  await source.append({
    sql: `select 'n' || i as note_id, ${list}[1 + i % 8] as topic, i as number from range(${from}, ${to}) t(i)`,
  });
  await lake.table(`vectors.${definition.name}`).append({ sql: rowsSql(from, to, definition) });
}

/** The vector of a row, as a question that has a known answer. */
export async function vectorOf(lake: Lake, id: string, index = "notes"): Promise<number[]> {
  const { z } = await import("zod");
  const rows = await (await lake.table(`vectors.${index}`).snapshot()).readSql();
  const [row] = await (await lake.duckdb()).query(
    z.object({ vector: z.array(z.number()) }),
    `select vector from (${rows}) where id = ${quote(id)}`,
  );
  return row?.vector ?? [];
}
