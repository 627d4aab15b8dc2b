import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { queryRows } from "../sql/duckdb.ts";

/** A new folder beside what DuckDB itself lays aside: the place that the settings name for it. */
export async function temporaryFolder(connection: DuckDBConnection): Promise<string> {
  const [row] = await queryRows(
    connection,
    z.object({ dir: z.string() }),
    "select current_setting('temp_directory') as dir",
  );
  const parent = row?.dir ?? "";
  await mkdir(parent, { recursive: true });
  return mkdtemp(join(parent, "millrace-"));
}
