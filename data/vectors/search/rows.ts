import { z } from "zod";
import { DataError } from "../../errors.ts";
import type { Lake, TableName } from "../../lake.ts";
import { identifier, quote } from "../../sql/duckdb.ts";
import type { IndexDefinition } from "../index-definition.ts";
import { comparableSql } from "./in-engine.ts";
import type { Hit } from "./request.ts";

const TextRow = z.object({ id: z.string(), chunk: z.coerce.number(), text: z.string().nullable() });
const Row = z.object({ id: z.string(), row: z.string() });

/** Adds what a hit alone does not have: its chunk's text, and columns of its row. */
export async function fill(
  lake: Lake,
  definition: IndexDefinition,
  hits: readonly Hit[],
  { include, text }: { readonly include: readonly string[]; readonly text: boolean },
): Promise<Hit[]> {
  if (hits.length === 0) return [];
  const ids = [...new Set(hits.map(({ id }) => id))].map(quote).join(", ");
  const texts = text ? await textsOf(lake, definition, ids) : undefined;
  const rows = include.length > 0 ? await rowsOf(lake, definition, ids, include) : undefined;
  return hits.map((hit) => ({
    ...hit,
    ...(texts && { text: texts.get(`${hit.chunk} ${hit.id}`) ?? "" }),
    ...(rows && { row: rows.get(hit.id) ?? {} }),
  }));
}

async function textsOf(lake: Lake, definition: IndexDefinition, ids: string): Promise<Map<string, string>> {
  const sql = `select id, chunk::int as chunk, text from (${await comparableSql(lake, definition)}) where id in (${ids})`;
  const rows = await (await lake.duckdb()).query(TextRow, sql);
  return new Map(rows.map(({ id, chunk, text }) => [`${chunk} ${id}`, text ?? ""]));
}

async function rowsOf(
  lake: Lake,
  { table, idColumn }: IndexDefinition,
  ids: string,
  include: readonly string[],
): Promise<Map<string, Record<string, unknown>>> {
  const snapshot = await lake.table(table as TableName).snapshot();
  const known = snapshot.columns.map(({ name }) => name);
  const unknown = include.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new DataError(`${table} has no column ${unknown.join(", ")}; it has ${known.join(", ")}.`);
  const id = `${identifier(idColumn)}::varchar`;
  const fields = include.map((name) => `${identifier(name)} := ${identifier(name)}`).join(", ");
  const rows = await (await lake.duckdb()).query(
    Row,
    `select ${id} as id, to_json(struct_pack(${fields}))::varchar as row from (${await snapshot.readSql()})
     where ${id} in (${ids})`,
  );
  return new Map(rows.map(({ id, row }) => [id, JSON.parse(row) as Record<string, unknown>]));
}
