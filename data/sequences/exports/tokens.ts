import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError } from "../../errors.ts";
import { quote } from "../../sql/duckdb.ts";
import { openDraft } from "./draft.ts";
import { cutSubjects, type SubjectRange, sha256OfFile } from "./shards.ts";

export interface TokenExport {
  readonly out: string;
  readonly scheme: string;
  /** Files of about equal rows, or a folder for each subject as some loaders expect. */
  readonly layout: "shards" | "hive";
  readonly rowsPerShard: number;
  /** What the days since the admission before are called. */
  readonly daysColumn: "days_since_prior" | "days_since_prior_admission";
  readonly signal?: AbortSignal;
  onShard?(done: number, total: number): Promise<void>;
}

export interface TokenManifest {
  readonly scheme: string;
  readonly rows: number;
  readonly shards: readonly {
    readonly file: string;
    readonly subject_min: number;
    readonly subject_max: number;
    readonly rows: number;
    readonly sha256: string;
  }[];
}

const order = "subject_id, visit_seq, final_seq";
const HIVE_ROWS = 400_000;

/**
 * Writes `tokens_final` as Parquet with a manifest and the vocabulary, in a folder that takes the place of the one
 * before when it is whole.
 */
export async function exportTokens(
  connection: DuckDBConnection,
  options: TokenExport,
): Promise<TokenManifest> {
  await using draft = await openDraft(options.out, "tokens");
  const folder = join(draft.path, "tokens");
  await mkdir(folder);

  const ranges = await cutSubjects(
    connection,
    "tokens_final",
    options.layout === "hive" ? HIVE_ROWS : options.rowsPerShard,
  );
  const shards: TokenManifest["shards"][number][] = [];
  for (const [index, range] of ranges.entries()) {
    options.signal?.throwIfAborted();
    const file = `${String(index).padStart(5, "0")}.parquet`;
    if (options.layout === "hive") await copyHive(connection, options, range, folder);
    else shards.push(await copyShard(connection, options, range, folder, file));
    await options.onShard?.(index + 1, ranges.length);
  }
  const rows = ranges.reduce((sum, range) => sum + range.rows, 0);
  if (options.layout === "hive") shards.push(...(await listHive(connection, folder)));

  const manifest: TokenManifest = { scheme: options.scheme, rows, shards };
  await writeVocabulary(connection, join(draft.path, "vocab.csv"));
  await writeFile(join(draft.path, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await draft.publish("tokens", "vocab.csv", "manifest.json");
  return manifest;
}

function rowsSql({ daysColumn }: TokenExport, range: SubjectRange): string {
  return `select subject_id, hadm_id, visit_seq, days_since_prior as ${daysColumn}, code, code_type, event_time,
    time_offset_hours, final_seq
    from tokens_final where subject_id between ${range.from} and ${range.to} order by ${order}`;
}

async function copyShard(
  connection: DuckDBConnection,
  options: TokenExport,
  range: SubjectRange,
  folder: string,
  file: string,
) {
  const path = join(folder, file);
  await connection.run(
    `copy (${rowsSql(options, range)}) to ${quote(path)} (format parquet, compression zstd)`,
  );
  return {
    file: `tokens/${file}`,
    subject_min: range.from,
    subject_max: range.to,
    rows: range.rows,
    sha256: await sha256OfFile(path),
  };
}

/** A window without an order keeps the writing to one thread, and a small range to one flush: so one file a subject. */
async function copyHive(
  connection: DuckDBConnection,
  options: TokenExport,
  range: SubjectRange,
  folder: string,
) {
  const part = join(folder, `.part-${range.from}`);
  await connection.run(
    `copy (select * exclude (n) from (select *, row_number() over () as n from (${rowsSql(options, range)})))
     to ${quote(part)} (format parquet, compression zstd, partition_by (subject_id), write_partition_columns true)`,
  );
  for (const name of await readdir(part)) {
    const files = await readdir(join(part, name));
    if (files.length !== 1)
      throw new DataError(`${name} was written as ${files.length} files instead of one`);
    await rename(join(part, name), join(folder, name));
  }
  await rm(part, { recursive: true });
}

async function listHive(
  connection: DuckDBConnection,
  folder: string,
): Promise<TokenManifest["shards"][number][]> {
  const subjects = await cutSubjects(connection, "tokens_final", 1);
  const shards = [];
  for (const { from, rows } of subjects) {
    const name = `subject_id=${from}`;
    const [file = ""] = await readdir(join(folder, name));
    const path = join(folder, name, file);
    await stat(path);
    shards.push({
      file: `tokens/${name}/${file}`,
      subject_min: from,
      subject_max: from,
      rows,
      sha256: await sha256OfFile(path),
    });
  }
  return shards;
}

async function writeVocabulary(connection: DuckDBConnection, path: string): Promise<void> {
  await connection.run(
    `copy (
       select code, count(*) as count, row_number() over (order by count(*) desc, code) - 1 as id
       from tokens_final group by code order by id
     ) to ${quote(path)} (format csv, header)`,
  );
}
