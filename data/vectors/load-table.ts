import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { inferColumns } from "../delta/infer-columns.ts";
import type { Snapshot, Table, Txn, WriteResult } from "../delta/table.ts";
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
  /** Names the load, which is done once however often it is asked for under this name. */
  readonly txn: Txn;
  /** Runs `convert.thread.ts` in a thread of its own. */
  convert(module: URL, input: Conversion): Promise<Converted>;
}

const LOOK_BACK = 20;

/**
 * Makes a file's rows a table's, once for each `txn`. Loading what was loaded last changes nothing, unless it is to be
 * appended: then it is the caller's word that it comes once more.
 */
export async function loadTable(
  lake: Lake,
  file: FileToLoad,
  around: LoadSurroundings,
): Promise<WriteResult> {
  const table = lake.table(file.table);
  const before = (await table.exists()) ? await table.snapshot() : undefined;
  // The table before the file, which may be gone by now.
  if (before?.txns.has(around.txn.appId)) return nothing(before.version, "already-applied");
  const loadedFile = await fingerprintOf(file.path);
  if (before && file.mode !== "append" && (await lastLoaded(table)) === loadedFile)
    return nothing(before.version, "unchanged");
  if (before && file.mode === "create" && hasHadRows(before)) throw existsAlready(file);

  const connection = await (await lake.duckdb()).connect();
  const dir = await temporaryFolder(connection);
  try {
    const source = { sql: await rowsOf(connection, file, dir, around), connection };
    const columns = () => inferColumns(connection, source.sql);
    const options = { txn: around.txn, signal: around.signal, info: { loadedFile } };
    const created = before
      ? undefined
      : await table.createFrom(source, { columns: await columns(), ...options });
    if (created) return created;
    if (file.mode === "append") return await table.append(source, options);
    if (file.mode === "replace") return await table.overwrite(source, options);
    if (!before) {
      // Who was first may have been this very load, in a worker that had only seemed dead.
      const { txns, version } = await table.snapshot();
      if (txns.has(around.txn.appId)) return nothing(version, "already-applied");
      throw existsAlready(file);
    }
    await table.ensure({ columns: await columns() });
    return await table.overwrite(source, { ...options, onto: before.version });
  } catch (error) {
    throw ofFile(error);
  } finally {
    connection.closeSync();
    await rm(dir, { recursive: true, force: true });
  }
}

function nothing(version: number, outcome: "unchanged" | "already-applied"): WriteResult {
  return {
    version,
    outcome,
    rows: { inserted: 0, updated: 0, deleted: 0 },
    files: { added: 0, removed: 0 },
  };
}

/** What the table's rows were loaded from; gathering its files changes none of them. */
async function lastLoaded(table: Table): Promise<string | undefined> {
  const last = (await table.history(LOOK_BACK)).find(({ operation }) => operation !== "OPTIMIZE");
  return last?.metrics.loadedFile;
}

/** A table that was only made, such as by a load of an older version that died, is free to be filled. */
function hasHadRows({ version, fileCount }: Snapshot): boolean {
  return version > 0 || fileCount > 0;
}

function existsAlready({ table }: FileToLoad): DataError {
  return new DataError(`${table} exists already: replace its rows, append to them, or choose another name.`);
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
