import { randomUUID } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { posix } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { crashPoint } from "../crash-point.ts";
import { identifier, quote } from "../sql/duckdb.ts";
import type { Draft, Storage } from "../storage/storage.ts";
import type { AddFile, ChangeFile } from "./actions.ts";
import { partitionText } from "./partition-text.ts";
import { encodePath, partitionFolder } from "./path.ts";
import { holdsVectors } from "./schema.ts";
import { asDataError, subquery } from "./source-columns.ts";
import { type LeafStatistics, statisticsJson } from "./statistics.ts";
import type { Column } from "./table.ts";

/** A file that no one sees yet: `publish` puts it under its key, and a commit makes it part of the table. */
export interface UnseenFile {
  /** As the log will name it. */
  readonly uri: string;
  readonly draft: Draft;
}

/** New rows. */
export interface NewFile extends UnseenFile {
  readonly add: AddFile;
  readonly rows: number;
  /** Where it lies until it is published. */
  readonly localPath: string;
}

export interface FileWriting {
  readonly connection: DuckDBConnection;
  readonly storage: Storage;
  readonly root: string;
  /** A SELECT of all columns, cast already. */
  readonly sql: string;
  readonly columns: readonly Column[];
  readonly partitionBy: readonly string[];
  /** What all rows have in the partition columns, where that is known: they are not looked at then. */
  readonly partition?: Readonly<Record<string, string | null>>;
  readonly targetBytes: number;
  /** Changes of rows lie apart from the rows and have one column more. */
  readonly kind?: "data" | "changes";
}

const CHANGE_TYPE: Column = { name: "_change_type", type: "string", nullable: false };
/**
 * A page holds a column of its whole group of rows, and who reads it needs it twice in memory, packed and unpacked. Of
 * vectors the usual number of rows fills hundreds of megabytes.
 */
const VECTORS_GROUP = "4MB";
/** File systems end names at 255 bytes; longer partition folders are left out, for readers ask only the log. */
const FOLDER_BYTES = 200;

/** Writes the rows as Parquet with names of their own. Nothing is seen of them under the table until published. */
export async function writeFiles(writing: FileWriting): Promise<NewFile[]> {
  const { connection, storage, root } = writing;
  const scratch = await storage.draft(posix.join(root, "scratch"));
  await mkdir(scratch.path, { recursive: true });
  const files: NewFile[] = [];
  try {
    const written = Written.parse(
      (await asDataError(connection.runAndReadAll(copySql(writing, scratch.path)))).getRowObjectsJS(),
    );
    for (const file of written) {
      if (file.count === 0n) continue;
      files.push(await adopt(writing, file));
    }
    return files;
  } catch (error) {
    await discardFiles(files);
    throw error;
  } finally {
    await rm(scratch.path, { recursive: true, force: true });
  }
}

export async function publishFiles(files: readonly UnseenFile[]): Promise<void> {
  for (let from = 0; from < files.length; from += PUBLISHED_AT_ONCE)
    await Promise.all(files.slice(from, from + PUBLISHED_AT_ONCE).map(({ draft }) => publish(draft)));
}

const PUBLISHED_AT_ONCE = 8;

async function publish(draft: Draft): Promise<void> {
  await draft.publish();
  crashPoint("files-half-published");
}

export async function discardFiles(files: readonly UnseenFile[]): Promise<void> {
  await Promise.all(files.map(({ draft }) => draft.discard()));
}

export function toChangeFile({ add }: NewFile): ChangeFile {
  return { path: add.path, partitionValues: add.partitionValues, size: add.size, dataChange: false };
}

function copySql(writing: FileWriting, folder: string): string {
  const { sql, columns, partitionBy, partition, targetBytes } = writing;
  const stored = storedColumns(writing).map(({ name }) => identifier(name));
  const isSplit = partitionBy.length > 0 && partition === undefined;
  const keys = isSplit ? partitionColumns(writing).map(partitionText) : [];
  const list = [...stored, ...keys.map((text, index) => `${text} as ${partitionKey(index)}`)];
  const options = [
    "format parquet, compression zstd, return_stats true",
    // DuckDB numbers its files; two writers would take the same names.
    "filename_pattern '{uuid}'",
    isSplit
      ? `partition_by (${keys.map((_, index) => partitionKey(index)).join(", ")})`
      : `file_size_bytes ${targetBytes}`,
    ...(columns.some(holdsVectors) ? [`row_group_size_bytes '${VECTORS_GROUP}'`] : []),
  ];
  const rows = list.length > 0 ? `select ${list.join(", ")} from ${subquery(sql)}` : sql;
  return `copy (${rows}) to ${quote(folder)} (${options.join(", ")})`;
}

function storedColumns({ columns, partitionBy, kind }: FileWriting): Column[] {
  const stored = columns.filter(({ name }) => !partitionBy.includes(name));
  return kind === "changes" ? [...stored, CHANGE_TYPE] : stored;
}

function partitionColumns({ columns, partitionBy }: FileWriting): Column[] {
  return partitionBy.flatMap((name) => columns.filter((column) => column.name === name));
}

function partitionKey(index: number): string {
  return `__millrace_partition_${index}`;
}

const Entries = z.object({ entries: z.array(z.object({ key: z.string(), value: z.unknown() })) });
const Texts = z.preprocess(
  entriesOf,
  z
    .array(z.object({ key: z.string(), value: z.string().nullable() }))
    .transform((entries) => new Map(entries.map(({ key, value }) => [key, value]))),
);
const Written = z.array(
  z.object({
    filename: z.string(),
    count: z.bigint(),
    file_size_bytes: z.bigint(),
    column_statistics: z.preprocess(entriesOf, z.array(z.object({ key: z.string(), value: Texts }))),
    partition_keys: Texts.nullable(),
  }),
);

/** DuckDB's maps arrive as a list of entries, or as an object that holds one. */
function entriesOf(map: unknown): unknown {
  const wrapped = Entries.safeParse(map);
  return wrapped.success ? wrapped.data.entries : map;
}

async function adopt(writing: FileWriting, file: z.infer<typeof Written>[number]): Promise<NewFile> {
  const { storage, root, partitionBy, kind } = writing;
  const partitionValues = Object.fromEntries(
    partitionBy.map((name, index) => [name, partitionValue(writing, file, name, index)]),
  );
  const folders = partitionBy.map((name) => partitionFolder(name, partitionValues[name] ?? null));
  const isLong = folders.some((folder) => Buffer.byteLength(folder) > FOLDER_BYTES);
  const path = [
    ...(kind === "changes" ? ["_change_data"] : []),
    ...(isLong ? [] : folders),
    `${kind === "changes" ? "cdc" : "part"}-${randomUUID()}.zstd.parquet`,
  ].join("/");
  const draft = await storage.draft(posix.join(root, path));
  await rename(file.filename, draft.path);
  const leaves = new Map(file.column_statistics.map(({ key, value }) => [key, leafOf(value)]));
  const uri = encodePath(path);
  return {
    uri,
    draft,
    localPath: draft.path,
    rows: Number(file.count),
    add: {
      path: uri,
      partitionValues,
      size: Number(file.file_size_bytes),
      modificationTime: Date.now(),
      dataChange: true,
      stats: statisticsJson(file.count, storedColumns(writing), leaves),
    },
  };
}

function partitionValue(
  { partition }: FileWriting,
  file: z.infer<typeof Written>[number],
  name: string,
  index: number,
): string | null {
  return partition === undefined
    ? (file.partition_keys?.get(partitionKey(index)) ?? null)
    : (partition[name] ?? null);
}

function leafOf(texts: ReadonlyMap<string, string | null>): LeafStatistics {
  const [min, max, nullCount] = [texts.get("min"), texts.get("max"), texts.get("null_count")];
  return {
    ...(typeof min === "string" && { min }),
    ...(typeof max === "string" && { max }),
    ...(typeof nullCount === "string" && { nullCount }),
    hasNan: texts.get("has_nan") === "true",
  };
}
