import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { type DuckDBLimits, quote } from "./duckdb.ts";

/** An engine of its own for one query of a stranger. */
export interface Sandbox extends AsyncDisposable {
  readonly connection: DuckDBConnection;
  /** Private to this sandbox and deleted with it; the engine spills here. */
  readonly folder: string;
  /** From now on the engine reads `files` and its own folder, nothing else, and keeps its settings. */
  lock(files: readonly string[]): Promise<void>;
}

/** What a query may spill to disk, as a multiple of what it may hold in memory. */
const SPILL_FACTOR = 10;

export async function openSandbox({ memoryBytes, threads, tempDir }: DuckDBLimits): Promise<Sandbox> {
  await mkdir(tempDir, { recursive: true });
  const folder = await mkdtemp(join(tempDir, "query-"));
  const mebibytes = Math.max(16, Math.floor(memoryBytes / 1024 ** 2));
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${mebibytes}MiB`,
    threads: String(threads),
    temp_directory: folder,
    max_temp_directory_size: `${mebibytes * SPILL_FACTOR}MiB`,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
    errors_as_json: "true",
  });
  const connection = await instance.connect();
  await connection.run("set timezone = 'UTC'");

  return {
    connection,
    folder,
    async lock(files) {
      // Copies beside the originals could not be told from them, so nothing but the exact paths is named.
      await connection.run(`set allowed_paths = ${pathSet(files)}`);
      await connection.run("set enable_external_access = false");
      await connection.run("set lock_configuration = true");
    },
    async [Symbol.asyncDispose]() {
      // Freeing a large table takes long, and closing does it on the event loop.
      await connection.run("drop table if exists temp.result").catch(() => undefined);
      connection.closeSync();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One text that the engine splits costs it less to read than as many literals. */
function pathSet(files: readonly string[]): string {
  return files.length === 0 ? "[]" : `string_split(${quote(files.join("\n"))}, chr(10))`;
}
