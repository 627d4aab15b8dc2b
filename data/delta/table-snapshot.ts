import type { DuckDB } from "../sql/duckdb.ts";
import type { Storage, StoredObject } from "../storage/storage.ts";
import type { AddFile, DomainMetadata, Metadata, Protocol, RemoveFile } from "./actions.ts";
import { type MappingMode, mappingMode, physicalName } from "./column-mapping.ts";
import { wholeMilliseconds } from "./commit-time.ts";
import { placesSql } from "./places.ts";
import { rowsOf, sumOfRows } from "./removed-file.ts";
import type { LogState } from "./replay.ts";
import { readSql } from "./scan.ts";
import { parseSchema } from "./schema.ts";
import type { Snapshot } from "./table.ts";

/** A snapshot with what those who write the next version need to know. */
export interface TableSnapshot extends Snapshot {
  readonly storage: Storage;
  readonly root: string;
  readonly openDuckDB: () => Promise<DuckDB>;
  readonly state: LogState;
  /** The commit's file; undefined when only a checkpoint is left of this version. */
  readonly commit: StoredObject | undefined;
  readonly metadata: Metadata;
  readonly protocolAction: Protocol;
  /** The live files by `fileKey`: decoded path and deletion vector. */
  readonly liveFiles: ReadonlyMap<string, AddFile>;
  readonly tombstones: ReadonlyMap<string, RemoveFile>;
  readonly domains: ReadonlyMap<string, DomainMetadata>;
  readonly mapping: MappingMode;
  /** The name in files, statistics and partition values of each column, by its own name. */
  readonly physicalNames: ReadonlyMap<string, string>;
}

interface Facts {
  readonly storage: Storage;
  readonly root: string;
  readonly openDuckDB: () => Promise<DuckDB>;
  readonly version: number;
  readonly state: LogState;
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  readonly commit: StoredObject | undefined;
  readonly timestamp: Date | undefined;
}

export function tableSnapshot(facts: Facts): TableSnapshot {
  const { storage, root, openDuckDB, version, state, protocol, metadata, commit, timestamp } = facts;
  const columns = parseSchema(metadata.schemaString);
  const mapping = mappingMode(protocol, metadata);
  const files = [...state.files.values()];

  const snapshot: TableSnapshot = {
    storage,
    root,
    openDuckDB,
    state,
    commit,
    version,
    timestamp: timestamp ?? wholeMilliseconds(commit?.modifiedAt ?? new Date(metadata.createdTime ?? 0)),
    id: metadata.id,
    description: metadata.description,
    columns,
    partitionColumns: metadata.partitionColumns,
    properties: metadata.configuration,
    protocol: {
      minReaderVersion: protocol.minReaderVersion,
      minWriterVersion: protocol.minWriterVersion,
      readerFeatures: protocol.readerFeatures ?? [],
      writerFeatures: protocol.writerFeatures ?? [],
    },
    protocolAction: protocol,
    metadata,
    fileCount: files.length,
    sizeBytes: files.reduce((sum, { size }) => sum + size, 0),
    rowCount: () => (files.every((file) => rowsOf(file) !== undefined) ? sumOfRows(files) : undefined),
    liveFiles: state.files,
    tombstones: state.tombstones,
    domains: state.domains,
    txns: new Map([...state.txns].map(([appId, txn]) => [appId, txn.version])),
    mapping,
    physicalNames: new Map(columns.map((column) => [column.name, physicalName(column, mapping)])),
    readSql: (options) => readSql(snapshot, options),
    placesSql: (names) => placesSql(snapshot, names),
  };
  return snapshot;
}
