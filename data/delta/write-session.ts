import { randomUUID } from "node:crypto";
import { type DuckDBConnection, LIST, listValue, VARCHAR } from "@duckdb/node-api";
import type { DuckDB } from "../sql/duckdb.ts";
import type { Storage } from "../storage/storage.ts";
import type { AddFile } from "./actions.ts";
import { readDeletionVector } from "./deletion-vector.ts";
import type { LocalFile } from "./file-scan.ts";
import { locate } from "./locate.ts";
import type { TableContext } from "./open-table.ts";
import { asDataError } from "./source-columns.ts";
import type { Source } from "./table.ts";

/** A connection with temporary tables of one write; they go when it ends. */
export interface WriteSession extends AsyncDisposable {
  readonly connection: DuckDBConnection;
  /** Keeps the rows of a SELECT, spilling to disk where memory is short, and names them. */
  keep(sql: string): Promise<string>;
  run(sql: string): Promise<void>;
  drop(table: string): Promise<void>;
  /** The numbers of each row. */
  numbers(sql: string, lists?: Lists): Promise<number[][]>;
}

/** Texts that a SELECT names as `$name`, as one list each. */
export type Lists = Readonly<Record<string, readonly string[]>>;

const LIST_OF_TEXT = LIST(VARCHAR);

export async function openSession(
  { openDuckDB }: { openDuckDB: () => Promise<DuckDB> },
  source?: Source,
): Promise<WriteSession> {
  const own = source?.connection ? undefined : await (await openDuckDB()).connect();
  const connection = source?.connection ?? own;
  if (!connection) throw new Error("A write has no connection to DuckDB.");
  const tables = new Set<string>();

  const run = async (sql: string) => {
    await asDataError(connection.run(sql));
  };
  const drop = async (table: string) => {
    tables.delete(table);
    await connection.run(`drop table if exists ${table}`);
  };

  return {
    connection,
    run,
    drop,
    async keep(sql) {
      const table = `millrace_${randomUUID().replaceAll("-", "")}`;
      tables.add(table);
      await run(`create temp table ${table} as ${sql}`);
      return table;
    },
    async numbers(sql, lists) {
      const reader = await asDataError(
        lists === undefined
          ? connection.runAndReadAll(sql)
          : connection.runAndReadAll(
              sql,
              mapped(lists, listValue),
              mapped(lists, () => LIST_OF_TEXT),
            ),
      );
      return reader.getRows().map((row) => row.map(Number));
    },
    async [Symbol.asyncDispose]() {
      if (own) own.closeSync();
      else for (const table of tables) await drop(table);
    },
  };
}

function mapped<Value>(lists: Lists, toValue: (texts: readonly string[]) => Value): Record<string, Value> {
  return Object.fromEntries(Object.entries(lists).map(([name, texts]) => [name, toValue(texts)]));
}

const LOCATED_AT_ONCE = 64;

/** Brings files to this machine, where they are not here already, and reads which of their rows are hidden. */
export async function localFiles(
  { storage, root }: Pick<TableContext, "storage" | "root">,
  adds: readonly AddFile[],
): Promise<LocalFile[]> {
  const files: LocalFile[] = [];
  for (let from = 0; from < adds.length; from += LOCATED_AT_ONCE) {
    const slice = adds.slice(from, from + LOCATED_AT_ONCE);
    files.push(...(await Promise.all(slice.map((add) => localFile(storage, root, add)))));
  }
  return files;
}

async function localFile(storage: Storage, root: string, add: AddFile): Promise<LocalFile> {
  const { deletionVector } = add;
  const localPath = await locate(storage, root, add.path);
  if (!deletionVector) return { add, localPath };
  return { add, localPath, hidden: await readDeletionVector(storage, root, deletionVector) };
}
