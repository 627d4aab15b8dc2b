import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Lake } from "../lake.ts";
import { causeMacros } from "./causes.ts";

const macros = readFileSync(join(import.meta.dirname, "macros.sql"), "utf8");

/** A connection of its own, with the observer's macros. */
export async function openConnection(
  lake: Lake,
): Promise<Disposable & { readonly connection: DuckDBConnection }> {
  const connection = await (await lake.duckdb()).connect();
  await connection.run(`${macros}\n${causeMacros()}`);
  return { connection, [Symbol.dispose]: () => connection.closeSync() };
}
