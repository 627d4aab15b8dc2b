import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { identifier, queryRows, quote } from "../sql/duckdb.ts";
import { type Model, macros, schemeSql } from "./model.ts";
import type { Settings } from "./settings.ts";
import type { SourceTable } from "./sources/tables.ts";

const sqlTypes = {
  id: "integer",
  integer: "integer",
  text: "varchar",
  timestamp: "timestamp",
  date: "date",
  double: "double",
} as const;

/** Makes a connection ready for the models: the settings as variables, the macros, and the chosen scheme. */
export async function prepare(connection: DuckDBConnection, settings: Settings): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    await connection.run(`set variable ${name} = ${typeof value === "string" ? quote(value) : value}`);
  }
  await connection.run(macros);
  await connection.run(schemeSql(settings.scheme));
  await connection.run(
    "create or replace temp table icd10_of_icd9 (kind varchar, icd9 varchar, icd10 varchar)",
  );
}

/** An empty `raw_<table>` stands for a source that a release does not have. */
export async function standInFor(connection: DuckDBConnection, table: SourceTable): Promise<void> {
  const columns = Object.entries({ ...table.columns, ...table.extra });
  await connection.run(
    `create or replace temp table raw_${table.name} (${columns.map(([name, kind]) => `${identifier(name)} ${sqlTypes[kind]}`).join(", ")})`,
  );
}

const Drop = z.object({ reason: z.string(), rows: z.coerce.number() });

/** What a model leaves out, by reason; its own rows must stand under its name. */
export async function countDrops(
  connection: DuckDBConnection,
  model: Model,
): Promise<Record<string, number>> {
  if (!model.dropsSql) return {};
  const drops = await queryRows(connection, Drop, model.dropsSql);
  return Object.fromEntries(drops.filter((drop) => drop.rows > 0).map((drop) => [drop.reason, drop.rows]));
}
