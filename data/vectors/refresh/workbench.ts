import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Lake } from "../../lake.ts";
import { identifier, queryRows } from "../../sql/duckdb.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** Runs the `work` of a module in a thread of its own. */
export type InThread = <Input, Output>(module: URL, input: Input) => Promise<Output>;

/** Where one refresh does its work: a connection with its temporary tables, and a folder for the files of threads. */
export interface Workbench extends AsyncDisposable {
  readonly lake: Lake;
  readonly connection: DuckDBConnection;
  readonly signal: AbortSignal;
  readonly inThread: InThread;
  run(sql: string): Promise<void>;
  /** Makes a temporary table of a SELECT's rows, or makes it anew, and says how many they are. */
  keep(table: string, sql: string): Promise<number>;
  /** The numbers of the one row of a SELECT. */
  numbers(sql: string): Promise<number[]>;
  /** A path for a file that goes with the workbench. */
  file(name: string): Promise<string>;
}

export async function openWorkbench(
  lake: Lake,
  { signal, inThread }: Pick<Workbench, "signal" | "inThread">,
): Promise<Workbench> {
  const connection = await (await lake.duckdb()).connect();
  let dir: Promise<string> | undefined;
  return {
    lake,
    connection,
    signal,
    inThread,
    async run(sql) {
      signal.throwIfAborted();
      await connection.run(sql);
    },
    async keep(table, sql) {
      signal.throwIfAborted();
      const kept = await connection.runAndReadAll(
        `create or replace temp table ${identifier(table)} as ${sql}`,
      );
      return Number(kept.getRows()[0]?.[0]);
    },
    async numbers(sql) {
      const [row = {}] = await queryRows(connection, z.record(z.string(), z.coerce.number()), sql);
      return Object.values(row);
    },
    async file(name) {
      dir ??= temporaryFolder(connection);
      return join(await dir, name);
    },
    async [Symbol.asyncDispose]() {
      connection.closeSync();
      const made = await dir?.catch(() => undefined);
      if (made) await rm(made, { recursive: true, force: true });
    },
  };
}
