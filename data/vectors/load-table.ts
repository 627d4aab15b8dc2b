import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { inferColumns } from "../delta/infer-columns.ts";
import type { WriteResult } from "../delta/table.ts";
import { DataError } from "../errors.ts";
import type { Lake, TableName } from "../lake.ts";
import { quote } from "../sql/duckdb.ts";
import type { FileFormat } from "./file-formats.ts";
import type { Conversion, Converted } from "./files/convert.thread.ts";
import { VectorFileError } from "./files/vector-file.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface FileToLoad {
  readonly path: string;
  readonly table: TableName;
  readonly format: FileFormat;
  /** What to do when the table has rows already. */
  readonly mode: "create" | "replace" | "append";
}

/** What a load needs of the process around it. */
export interface LoadSurroundings {
  readonly signal: AbortSignal;
  /** Runs `convert.thread.ts` in a thread of its own. */
  convert(module: URL, input: Conversion): Promise<Converted>;
}

/** Makes a file's rows a table's. Loading what was loaded last changes nothing. */
export async function loadTable(
  lake: Lake,
  file: FileToLoad,
  around: LoadSurroundings,
): Promise<WriteResult> {
  const table = lake.table(file.table);
  const fingerprint = await fingerprintOf(file.path);
  const exists = await table.exists();
  if (exists) {
    const [last] = await table.history(1);
    if (last?.metrics.loadedFile === fingerprint)
      return {
        version: last.version,
        outcome: "unchanged",
        rows: { inserted: 0, updated: 0, deleted: 0 },
        files: { added: 0, removed: 0 },
      };
    if (file.mode === "create")
      throw new DataError(
        `${file.table} exists already: replace its rows, append to them, or choose another name.`,
      );
  }
  const connection = await (await lake.duckdb()).connect();
  const dir = await temporaryFolder(connection);
  try {
    const sql = await rowsOf(connection, file, dir, around);
    if (!exists) await table.ensure({ columns: await inferColumns(connection, sql) });
    const options = { signal: around.signal, info: { loadedFile: fingerprint } };
    const source = { sql, connection };
    return await (file.mode === "append" ? table.append(source, options) : table.overwrite(source, options));
  } catch (error) {
    throw ofFile(error);
  } finally {
    connection.closeSync();
    await rm(dir, { recursive: true, force: true });
  }
}

async function rowsOf(
  connection: DuckDBConnection,
  { path, format }: FileToLoad,
  dir: string,
  { convert }: LoadSurroundings,
): Promise<string> {
  if (format === "npy" || format === "fvecs") {
    const { files, dimensions } = await convert(new URL("./files/convert.thread.ts", import.meta.url), {
      path,
      format,
      dir,
    });
    if (files.length === 0)
      throw new VectorFileError(`The file holds no vector of its ${dimensions} numbers.`);
    return `select id, vector from read_parquet([${files.map(quote).join(", ")}])`;
  }
  const read = { parquet: "read_parquet", csv: "read_csv", ndjson: "read_ndjson" }[format];
  const sql = `select * from ${read}(${quote(path)})`;
  // What the file has is looked at before any table is made for it.
  await connection.run(`select * from (${sql}) limit 0`);
  return sql;
}

/** A file that cannot be read as what it is said to be; DuckDB names the file, and a name may be a person's. */
function ofFile(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DataError) return error;
  if (!/^(IO|Invalid Input|Serialization|Conversion) Error/.test(error.message)) return error;
  if (/No space|Could not write|write file/i.test(error.message)) return error;
  return new VectorFileError(
    "The file cannot be read as what its name says: it is damaged, cut short, or another form.",
  );
}

async function fingerprintOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile())
    throw new VectorFileError("There is no such file here: give the path as the workers see it.");
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1024 ** 2 }))
    hash.update(piece as Buffer);
  return hash.digest("hex");
}
