import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { encodePath } from "../../../data/delta/path.ts";
import type { Snapshot, Table, VersionAt } from "../../../data/delta/table.ts";
import { openTableAt } from "../../../data/open-lake.ts";
import { type DuckDB, openDuckDB, quote } from "../../../data/sql/duckdb.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import type { Storage } from "../../../data/storage/storage.ts";
import { temporaryFolder } from "../../support/folder.ts";

/** A table written by hand, action by action, as writers other than Millrace would. */
export interface ForeignTable {
  readonly folder: string;
  readonly storage: Storage;
  readonly duckdb: DuckDB;
  readonly table: Table;
  /** Writes a Parquet file and returns the content of its `add`. */
  parquet(path: string, select: string, copyOptions?: string): Promise<Add>;
  /** Writes `_delta_log/<version>.json`, a line for each action. */
  commit(version: number, ...actions: readonly object[]): Promise<void>;
  write(path: string, content: string | Uint8Array): Promise<void>;
  /** The table as a process that has never read it sees it. */
  fresh(): Table;
  rows(at?: VersionAt): Promise<Json[]>;
  query(sql: string): Promise<Json[]>;
}

export type Json = Record<string, unknown>;
export interface Add {
  readonly path: string;
  readonly partitionValues: Record<string, string | null>;
  readonly size: number;
  readonly modificationTime: number;
  readonly dataChange: boolean;
}

export async function foreignTable(): Promise<ForeignTable> {
  const folder = join(await temporaryFolder(), "table");
  const duckdb = await openDuckDB({ memoryBytes: 512 * 1024 ** 2, threads: 2, tempDir: `${folder}-tmp` });
  onTestFinished(() => duckdb[Symbol.dispose]());
  const connection = await duckdb.connect();
  const storage = openFolder(folder);
  const table = openTableAt(storage, async () => duckdb);

  const write = async (path: string, content: string | Uint8Array) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  };
  const query = async (sql: string): Promise<Json[]> =>
    (await connection.runAndReadAll(sql)).getRowObjectsJson() as Json[];
  const rowsOf = async (snapshot: Snapshot) => query(`from (${await snapshot.readSql()}) order by all`);

  return {
    folder,
    storage,
    duckdb,
    table,
    write,
    query,
    async parquet(path, select, copyOptions = "") {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await connection.run(`copy (${select}) to ${quote(join(folder, path))} (format parquet${copyOptions})`);
      const size = (await storage.stat(path))?.sizeBytes ?? 0;
      return { path: encodePath(path), partitionValues: {}, size, modificationTime: 0, dataChange: true };
    },
    commit: (version, ...actions) =>
      write(
        `_delta_log/${String(version).padStart(20, "0")}.json`,
        actions.map((action) => `${JSON.stringify(action)}\n`).join(""),
      ),
    fresh: () => openTableAt(openFolder(folder), async () => duckdb),
    rows: async (at) => rowsOf(await table.snapshot(at)),
  };
}

export const protocol = { protocol: { minReaderVersion: 1, minWriterVersion: 2 } };

export function features(...readerFeatures: string[]): object {
  const writerFeatures = readerFeatures;
  return { protocol: { minReaderVersion: 3, minWriterVersion: 7, readerFeatures, writerFeatures } };
}

interface MetaOptions {
  readonly partitionColumns?: readonly string[];
  readonly configuration?: Readonly<Record<string, string>>;
}

/** `fields`: type by name, or the fields in full. */
export function metaData(fields: Record<string, unknown> | object[], options: MetaOptions = {}): object {
  const list = Array.isArray(fields)
    ? fields
    : Object.entries(fields).map(([name, type]) => ({ name, type, nullable: true, metadata: {} }));
  return {
    metaData: {
      id: "a-table",
      format: { provider: "parquet", options: {} },
      schemaString: JSON.stringify({ type: "struct", fields: list }),
      partitionColumns: options.partitionColumns ?? [],
      configuration: options.configuration ?? {},
      createdTime: 1,
    },
  };
}
