import { z } from "zod";
import type { CreateOptions, Table, VersionAt } from "../../../data/delta/table.ts";
import type { Lake } from "../../../data/lake.ts";

export const people = [
  { name: "id", type: "long", nullable: true },
  { name: "name", type: "string", nullable: true },
  { name: "seen", type: "string", nullable: true },
] as const;

export async function createTable(lake: Lake, options: Partial<CreateOptions> = {}): Promise<Table> {
  const table = lake.table("test.people");
  await table.ensure({ columns: people, ...options });
  return table;
}

/** A SELECT of rows given as SQL tuples, with the columns of `people`. */
export function rows(...tuples: string[]) {
  return {
    sql: `select * from (values ${tuples.map((tuple) => `(${tuple})`).join(", ")}) v(id, name, seen)`,
  };
}

/** The rows of a SELECT as text, sorted. */
export async function texts(lake: Lake, sql: string): Promise<string[]> {
  const duckdb = await lake.duckdb();
  const found = await duckdb.query(
    z.object({ row: z.string() }),
    `select "the row"::varchar as row from (${sql}) "the row"`,
  );
  return found.map(({ row }) => row).sort();
}

export async function content(lake: Lake, table: Table, at?: VersionAt): Promise<string[]> {
  return texts(lake, await (await table.snapshot(at)).readSql());
}

export async function changes(lake: Lake, table: Table, from: number, to?: number): Promise<string[]> {
  const range = to === undefined ? { from } : { from, to };
  return texts(lake, `select * exclude (_commit_timestamp) from (${await table.changesSql(range)})`);
}

export async function objects(lake: Lake, prefix = "test/people/"): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of lake.storage.list(prefix)) keys.push(key.slice(prefix.length));
  return keys;
}

export async function logText(lake: Lake, version: number): Promise<string> {
  return String(await lake.storage.get(`test/people/_delta_log/${String(version).padStart(20, "0")}.json`));
}
