import type { DuckDBConnection } from "@duckdb/node-api";

/** A column as a table declares it; `type` is a Delta type name or a nested type, as in the protocol's schema JSON. */
export interface Column {
  readonly name: string;
  readonly type: DeltaType;
  readonly nullable: boolean;
  readonly comment?: string;
  /** Everything else that the schema says of the column (`delta.columnMapping.id`, …), kept for the next writer. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export type DeltaType = PrimitiveType | StructType | ArrayType | MapType;
export type PrimitiveType =
  | "string"
  | "long"
  | "integer"
  | "short"
  | "byte"
  | "float"
  | "double"
  | "boolean"
  | "binary"
  | "date"
  | "timestamp"
  | "timestamp_ntz"
  | `decimal(${number},${number})`;
export interface StructType {
  readonly type: "struct";
  readonly fields: readonly Column[];
}
export interface ArrayType {
  readonly type: "array";
  readonly elementType: DeltaType;
  readonly containsNull: boolean;
}
export interface MapType {
  readonly type: "map";
  readonly keyType: DeltaType;
  readonly valueType: DeltaType;
  readonly valueContainsNull: boolean;
}

/** Names a write, so that doing it again changes nothing: the table remembers the last version of each application. */
export interface Txn {
  readonly appId: string;
  readonly version: number;
}

/** Rows to write: a SELECT, run on `connection` when it names temporary tables, otherwise on one of the lake's own. */
export interface Source {
  readonly sql: string;
  readonly connection?: DuckDBConnection;
  /** The columns to take, where they are known; else the SELECT is described first, which plans it once more. */
  readonly columns?: readonly string[];
}

/** Rows in files that no version has yet; plain JSON, so that one process can write them and another commit them. */
export interface StagedRows {
  readonly files: readonly object[];
  readonly rows: number;
}

export interface WriteOptions {
  readonly txn?: Txn;
  /** Checked before the commit: an aborted write leaves nothing behind but files that vacuum removes. */
  readonly signal?: AbortSignal;
  /** Done only while the table has this version, for what was found out of that one; else a ConflictError. */
  readonly onto?: number;
  /** Stored in the commit's information beside the operation's own counts; never a person's data. */
  readonly info?: Readonly<Record<string, string | number | boolean>>;
}

/** What a write did. */
export interface WriteResult {
  /** The version it made; the current one when it made none. */
  readonly version: number;
  readonly outcome: "committed" | "unchanged" | "already-applied";
  readonly rows: { readonly inserted: number; readonly updated: number; readonly deleted: number };
  readonly files: { readonly added: number; readonly removed: number };
}

export interface MergeOptions extends WriteOptions {
  /** The columns that name a row. */
  readonly key: readonly string[];
  /** Columns that do not make a row different: provenance such as `ingest_timestamp` and `source_file`. */
  readonly provenance?: readonly string[];
  /** Each row replaces the one of its key and nothing is compared: for who has found out already that they differ. */
  readonly replaces?: boolean;
  /** Where the rows of these keys lie, as far as the table has them: it is not searched for them if nobody wrote it since. */
  readonly places?: Places;
  /** Of several source rows with one key the last by this ordering wins (a SQL ORDER BY list). Default: source order is not defined, all columns decide. */
  readonly orderBy?: string;
  /** Rows of the table within this SQL condition that the source does not have are deleted. */
  readonly deleteMissing?: string;
}

/** Rows of a snapshot that were looked up, a SELECT from what its `placesSql` tells. */
export interface Places {
  readonly at: Snapshot;
  readonly sql: string;
}

export interface VersionAt {
  readonly version?: number;
  readonly timestamp?: Date;
}

export interface CreateOptions {
  readonly columns: readonly Column[];
  readonly partitionBy?: readonly string[];
  readonly properties?: Readonly<Record<string, string>>;
  readonly description?: string;
}

/** One table of the lake. The methods that write are each one commit, or none when nothing changed. */
export interface Table {
  readonly name: string;
  /** The key of the table's folder in its storage. */
  readonly root: string;
  exists(): Promise<boolean>;
  snapshot(at?: VersionAt): Promise<Snapshot>;
  /** Creates the table unless it is there with the same columns; other columns are an error that names them. */
  ensure(options: CreateOptions): Promise<void>;
  /** Creates the table with these rows in it, in one commit; undefined when there is one of this name. */
  createFrom(
    source: Source,
    options: CreateOptions & Omit<WriteOptions, "onto">,
  ): Promise<WriteResult | undefined>;
  append(source: Source, options?: WriteOptions): Promise<WriteResult>;
  /** Replaces all rows, or those within `where`. */
  overwrite(source: Source, options?: WriteOptions & { readonly where?: string }): Promise<WriteResult>;
  delete(where: string, options?: WriteOptions): Promise<WriteResult>;
  merge(source: Source, options: MergeOptions): Promise<WriteResult>;
  /** Writes rows that `replaceWithStaged` can make the table's; left alone, vacuum removes them. */
  stage(source: Source): Promise<StagedRows>;
  replaceWithStaged(staged: readonly StagedRows[], options?: WriteOptions): Promise<WriteResult>;
  addColumn(column: Column): Promise<WriteResult>;
  restore(at: VersionAt): Promise<WriteResult>;
  optimize(options?: OptimizeOptions): Promise<WriteResult>;
  vacuum(options?: VacuumOptions): Promise<VacuumResult>;
  checkpoint(): Promise<number>;
  history(limit?: number): Promise<HistoryEntry[]>;
  /** A SELECT of the changes from one version to another, both inclusive, with the protocol's three columns. */
  changesSql(range: { readonly from: number; readonly to?: number }): Promise<string>;
}

export interface OptimizeOptions extends WriteOptions {
  readonly targetBytes?: number;
  /** A SQL ORDER BY list to sort the rewritten files by. */
  readonly sortBy?: string;
}

export interface VacuumOptions {
  readonly retentionMs?: number;
  readonly dryRun?: boolean;
  /** Permits a retention below the table's own. */
  readonly force?: boolean;
}

export interface VacuumResult {
  readonly files: readonly string[];
  readonly sizeBytes: number;
  readonly dryRun: boolean;
}

export interface HistoryEntry {
  readonly version: number;
  readonly timestamp: Date;
  readonly operation: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, string>>;
}

/** A table at one version, read from its log and never changing. */
export interface Snapshot {
  readonly version: number;
  readonly timestamp: Date;
  readonly id: string;
  readonly description: string | undefined;
  readonly columns: readonly Column[];
  readonly partitionColumns: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  readonly protocol: {
    readonly minReaderVersion: number;
    readonly minWriterVersion: number;
    readonly readerFeatures: readonly string[];
    readonly writerFeatures: readonly string[];
  };
  readonly fileCount: number;
  readonly sizeBytes: number;
  /** How many rows it has, as the statistics of its files tell; undefined where a file has none. */
  rowCount(): number | undefined;
  /** The last version each application wrote. */
  readonly txns: ReadonlyMap<string, number>;
  /** A SELECT of the rows, with the table's columns by their own names; usable as a view or a sub-query. */
  readSql(options?: { readonly columns?: readonly string[]; readonly where?: string }): Promise<string>;
  /** A SELECT of some columns and of where each row lies, for `MergeOptions.places`; undefined of a table with mapped columns. */
  placesSql(columns: readonly string[]): Promise<string | undefined>;
}
