import { mkdir } from "node:fs/promises";
import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { z } from "zod";
import { singleThread } from "./single-thread.ts";
import { spareMemory } from "./spare-memory.ts";

export type Parameters = Record<string, DuckDBValue>;

export interface DuckDBLimits {
  readonly memoryBytes: number;
  readonly threads: number;
  readonly tempDir: string;
}

/** The one engine of a process. Work that uses temporary tables takes a connection of its own. */
export interface DuckDB extends Disposable {
  connect(): Promise<DuckDBConnection>;
  /** Runs `sql` and returns its rows, checked against `row`: a query's result is input like any other. */
  query<Row>(row: z.ZodType<Row>, sql: string, parameters?: Parameters): Promise<Row[]>;
  run(sql: string, parameters?: Parameters): Promise<void>;
  /** To be held by work on so many stored bytes, which may be more than the engine has room for. */
  spare(bytes: number): Promise<AsyncDisposable>;
  /** To be held by work that goes on beside its like: on no more stored bytes than one thread can do, where they are told. */
  singleThread(bytes?: number): Promise<AsyncDisposable>;
}

export async function openDuckDB({ memoryBytes, threads, tempDir }: DuckDBLimits): Promise<DuckDB> {
  // Loaded here, because many who import this file only quote names and never open an engine.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  await mkdir(tempDir, { recursive: true });
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${Math.floor(memoryBytes / 1024 ** 2)}MiB`,
    threads: String(threads),
    temp_directory: tempDir,
    // Rows keep no order that was not asked for, which lets imports and exports of any size run in little memory.
    preserve_insertion_order: "false",
    // What the engine frees it keeps beside its limit; given back at once, the process stays near the limit.
    allocator_background_threads: "true",
    allocator_flush_threshold: "16MiB",
    // The system caches the files that it reads; once more in here it would fill the whole limit and stay there.
    enable_external_file_cache: "false",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connect = async () => {
    const connection = await instance.connect();
    // Casts and strftime follow the session's zone; the lake's times are UTC wherever the process runs.
    await connection.run("set timezone = 'UTC'");
    return connection;
  };
  const shared = await connect();
  // Of its own, for a setting must not wait for somebody's question.
  const settings = await connect();

  return {
    spare: spareMemory(memoryBytes, settings),
    singleThread: singleThread(threads, settings),
    connect,
    query: (row, sql, parameters) => queryRows(shared, row, sql, parameters),
    async run(sql, parameters) {
      await shared.run(sql, parameters);
    },
    [Symbol.dispose]() {
      settings.closeSync();
      shared.closeSync();
      instance.closeSync();
    },
  };
}

export async function queryRows<Row>(
  connection: DuckDBConnection,
  row: z.ZodType<Row>,
  sql: string,
  parameters: Parameters = {},
): Promise<Row[]> {
  const reader = await connection.runAndReadAll(sql, parameters);
  return z.array(row).parse(reader.getRowObjectsJS());
}

/** A SQL string literal. DuckDB takes no parameter where a file name stands. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
