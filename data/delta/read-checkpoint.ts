import { setImmediate } from "node:timers/promises";
import type { DuckDBConnection, DuckDBType } from "@duckdb/node-api";
import { DuckDBStructType } from "@duckdb/node-api";
import { type DuckDB, identifier, quote } from "../sql/duckdb.ts";
import type { Storage } from "../storage/storage.ts";
import { type Action, type AddFile, type DeletionVector, parseCommit, type RemoveFile } from "./actions.ts";
import type { Checkpoint } from "./checkpoint-name.ts";
import { CorruptLogError } from "./errors.ts";
import { globless } from "./file-list.ts";
import { logFolder } from "./log.ts";
import { decodePath } from "./path.ts";
import { Replay } from "./replay.ts";
import { parsedStatistics } from "./statistics-json.ts";

/** The state that a checkpoint holds, with its sidecars. Columns that its writer left out are absent, not wrong. */
export async function readCheckpoint(
  storage: Storage,
  root: string,
  checkpoint: Checkpoint,
  openDuckDB: () => Promise<DuckDB>,
): Promise<Replay> {
  const replay = new Replay();
  const paths = await Promise.all(checkpoint.files.map(({ key }) => storage.localPath(key)));
  const duckdb = await openDuckDB();
  const connection = await duckdb.connect();
  try {
    const others =
      checkpoint.format === "json"
        ? parseCommit(String(await storage.get(checkpoint.files[0]?.key ?? "")), checkpoint.files[0]?.key)
        : await readParquet(connection, paths, replay);
    replay.apply(others);
    const sidecars = others.flatMap((action) => ("sidecar" in action ? [action.sidecar] : []));
    if (sidecars.length > 0) {
      const keys = sidecars.map(({ path }) => sidecarKey(root, path));
      await readParquet(connection, await Promise.all(keys.map((key) => storage.localPath(key))), replay);
    }
  } finally {
    connection.closeSync();
  }
  const { protocol, metadata } = replay.state;
  if (!protocol || !metadata)
    throw new CorruptLogError(
      `The checkpoint of version ${checkpoint.version} has no protocol or no metaData.`,
    );
  return replay;
}

/** Sidecars lie in one folder, whatever else their path says. */
function sidecarKey(root: string, path: string): string {
  const decoded = decodePath(path);
  return `${logFolder(root)}_sidecars/${decoded.slice(decoded.lastIndexOf("/") + 1)}`;
}

/** Puts the files of a checkpoint into the replay and returns its other actions. */
async function readParquet(
  connection: DuckDBConnection,
  paths: readonly string[],
  replay: Replay,
): Promise<Action[]> {
  const source = `read_parquet([${paths.map((path) => quote(globless(path))).join(", ")}], union_by_name = true, hive_partitioning = false)`;
  const shape = await connection.run(`select * from ${source} limit 0`);
  const columns = new Map(
    shape.columnNames().map((name, index): [string, DuckDBType] => [name, shape.columnType(index)]),
  );

  const add = fieldsOf(columns.get("add"));
  if (add) await eachRow(connection, addsSql(source, add), (row) => replay.add(toAdd(row)));
  const remove = fieldsOf(columns.get("remove"));
  if (remove) await eachRow(connection, removesSql(source, remove), (row) => replay.remove(toRemove(row)));
  return readOthers(connection, source, columns);
}

const otherActions = ["protocol", "metaData", "txn", "domainMetadata", "sidecar"];

async function readOthers(
  connection: DuckDBConnection,
  source: string,
  columns: ReadonlyMap<string, DuckDBType>,
): Promise<Action[]> {
  const present = otherActions.filter((name) => columns.has(name));
  if (present.length === 0) return [];
  const lines: string[] = [];
  const json = `to_json({${present.map((name) => `${name}: ${name}`).join(", ")}})`;
  const some = present.map((name) => `${name} is not null`).join(" or ");
  await eachRow(connection, `select ${json}::varchar from ${source} where ${some}`, ([line]) => {
    if (typeof line === "string") lines.push(line);
  });
  return parseCommit(lines.join("\n"), "a checkpoint");
}

type Fields = ReadonlyMap<string, DuckDBType>;
type Row = readonly unknown[];

function fieldsOf(type: DuckDBType | undefined): Fields | undefined {
  if (!(type instanceof DuckDBStructType)) return undefined;
  return new Map(type.entryNames.map((name, index) => [name, type.entryTypes[index] ?? type]));
}

function addsSql(source: string, fields: Fields): string {
  const stats = [
    ...(fields.has("stats") ? ["add.stats"] : []),
    ...(fields.has("stats_parsed") ? [parsedStatistics("add.stats_parsed", fields.get("stats_parsed"))] : []),
  ];
  const list = [
    "add.path",
    json("add", "partitionValues", fields),
    whole("add", "size", fields),
    whole("add", "modificationTime", fields),
    stats.length > 0 ? `coalesce(${stats.join(", ")})` : "null",
    json("add", "tags", fields),
    json("add", "deletionVector", fields),
    whole("add", "baseRowId", fields),
    whole("add", "defaultRowCommitVersion", fields),
    fields.has("clusteringProvider") ? "add.clusteringProvider" : "null",
  ];
  return `select ${list.join(", ")} from ${source} where add.path is not null`;
}

function removesSql(source: string, fields: Fields): string {
  const list = [
    "remove.path",
    whole("remove", "deletionTimestamp", fields),
    json("remove", "partitionValues", fields),
    whole("remove", "size", fields),
    json("remove", "deletionVector", fields),
    fields.has("dataChange") ? "remove.dataChange" : "null",
  ];
  return `select ${list.join(", ")} from ${source} where remove.path is not null`;
}

function json(parent: string, field: string, fields: Fields): string {
  return fields.has(field) ? `to_json(${parent}.${identifier(field)})::varchar` : "null";
}

function whole(parent: string, field: string, fields: Fields): string {
  return fields.has(field) ? `${parent}.${identifier(field)}::double` : "null";
}

function toAdd(row: Row): AddFile {
  const [path, partitionValues, size, modificationTime, stats, tags, vector, baseRowId, commit, provider] =
    row;
  return {
    path: String(path),
    partitionValues: toValues(partitionValues) ?? {},
    size: Number(size ?? 0),
    modificationTime: Number(modificationTime ?? 0),
    dataChange: false,
    ...(typeof stats === "string" && { stats }),
    ...optional("tags", toValues(tags)),
    ...optional("deletionVector", toVector(vector)),
    ...(baseRowId !== null && { baseRowId: Number(baseRowId) }),
    ...(commit !== null && { defaultRowCommitVersion: Number(commit) }),
    ...(typeof provider === "string" && { clusteringProvider: provider }),
  };
}

function toRemove([path, deletionTimestamp, partitionValues, size, vector, dataChange]: Row): RemoveFile {
  return {
    path: String(path),
    dataChange: dataChange === true,
    ...(deletionTimestamp !== null && { deletionTimestamp: Number(deletionTimestamp) }),
    ...optional("partitionValues", toValues(partitionValues)),
    ...(size !== null && { size: Number(size) }),
    ...optional("deletionVector", toVector(vector)),
  };
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value };
}

const noValues = Object.freeze({});

function toValues(text: unknown): Record<string, string | null> | undefined {
  if (typeof text !== "string") return undefined;
  return text === "{}" ? noValues : JSON.parse(text);
}

function toVector(text: unknown): DeletionVector | undefined {
  if (typeof text !== "string") return undefined;
  const { storageType, pathOrInlineDv, offset, sizeInBytes, cardinality } = JSON.parse(text);
  if (storageType === null) return undefined;
  return {
    storageType,
    pathOrInlineDv,
    ...(offset !== null && offset !== undefined && { offset }),
    sizeInBytes,
    cardinality,
  };
}

/** Rows come in chunks of DuckDB's; between two of them the event loop has its turn. */
async function eachRow(connection: DuckDBConnection, sql: string, take: (row: Row) => void): Promise<void> {
  const result = await connection.stream(sql);
  for await (const chunk of result) {
    for (const row of chunk.getRows()) take(row);
    await setImmediate();
  }
}
