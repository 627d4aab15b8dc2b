import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { queryRows, quote } from "../sql/duckdb.ts";
import {
  bodies,
  type Care,
  contents,
  entriesOf,
  isJson,
  speaksOfNoNumber,
  wanted,
} from "./bundle-entries.ts";
import {
  type BundleFile,
  inBatches,
  isGzip,
  isLines,
  type QuarantinedFile,
  type QuarantineReason,
} from "./bundle-file.ts";
import { resourceStructure, resourceTypes } from "./silver/resource-fields.ts";
import { recordOrder } from "./silver/staged-silver.ts";

export interface ReadOptions {
  /** One instant for a whole refresh. */
  readonly runInstant: Date;
  readonly maxBundleBytes: number;
  /** A folder for what gzip held; the caller removes it. */
  readonly scratchDir: string;
}

/**
 * Takes bundles apart into the temporary table `resources`, a row an entry with the fields that Silver reads,
 * and one view for each resource type. Files that cannot be read leave no row and are returned.
 */
export async function readBundles(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
  options: ReadOptions,
): Promise<QuarantinedFile[]> {
  const quarantined: QuarantinedFile[] = [];
  const readable: BundleFile[] = [];
  for (const file of files) {
    const plain = isGzip(file)
      ? await gunzip(file, options)
      : await withinLimit(file, options.maxBundleBytes);
    if (typeof plain === "string") quarantined.push({ file, reason: plain });
    else readable.push(plain);
  }

  const instant = `${quote(options.runInstant.toISOString())}::timestamptz`;
  await createTables(connection);
  for (const batch of await inBatches(readable.filter((file) => !isLines(file))))
    await insertBundles(connection, batch, instant);
  await insertLines(connection, readable.filter(isLines), instant);
  return [...quarantined, ...(await lookAgain(connection, readable, instant))];
}

async function withinLimit(file: BundleFile, maxBytes: number): Promise<BundleFile | QuarantineReason> {
  return (await stat(file.path)).size > maxBytes && !isLines(file) ? "too_large" : file;
}

async function gunzip(file: BundleFile, options: ReadOptions): Promise<BundleFile | QuarantineReason> {
  const path = join(options.scratchDir, `${file.number}.json`);
  let size = 0;
  let tooLarge = false;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.byteLength;
      tooLarge = size > options.maxBundleBytes && !isLines(file);
      done(tooLarge ? new Error("larger than a bundle may be") : null, chunk);
    },
  });
  const source = createReadStream(file.path);
  try {
    await pipeline(source, createGunzip(), limit, createWriteStream(path));
    return { ...file, path };
  } catch (error) {
    if (tooLarge) return "too_large";
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_")) return "bad_gzip";
    throw error;
  }
}

async function createTables(connection: DuckDBConnection): Promise<void> {
  const own = Object.entries(resourceStructure).map(([name, type]) => `"${name}" ${type}`);
  await connection.run(
    `create or replace temp table resources (bundle integer, source_file varchar, ingest_timestamp timestamptz,
       record_order bigint, full_url varchar, ${own.join(", ")})`,
  );
  await connection.run("create or replace temp table bad_lines (bundle integer, lines bigint)");
  for (const type of resourceTypes) {
    await connection.run(
      `create or replace temp view "${type}" as select * from resources where "resourceType" = '${type}'`,
    );
  }
}

/** Most chunks hold good bundles only, and TRY, which goes row by row, costs half as much again. */
async function insertBundles(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
  instant: string,
): Promise<void> {
  try {
    await connection.run(insertEntries(files, instant, "hopeful"));
  } catch {
    await connection.run(insertEntries(files, instant, "careful"));
  }
}

function insertEntries(files: readonly BundleFile[], instant: string, care: Care): string {
  return `
    insert into resources
    select bundle, name, ${instant}, ${recordOrder("bundle", "position")}, full_url, resource.* from (${entriesOf(files, care)})`;
}

async function insertLines(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
  instant: string,
): Promise<void> {
  for (const file of files) {
    await connection.run(`
      create or replace temp table line as
      select bundle, name, unnest(lines) as body, generate_subscripts(lines, 1) as position
      from (select bundle, name, string_split(body, chr(10)) as lines from (${bodies([file], "careful")}))`);
    await connection.run("delete from line where trim(body, ' ' || chr(9) || chr(13)) = ''");
    await connection.run(`
      insert into resources
      select bundle, name, ${instant}, ${recordOrder("bundle", "position")}, null, resource.*
      from (
        select bundle, name, position,
          case when ${isJson} then try(from_json(body, ${quote(JSON.stringify(resourceStructure))})) end as resource
        from line
      )
      where list_contains(${wanted}, resource."resourceType")`);
    await connection.run(
      `insert into bad_lines select bundle, count(*) from line where not (${isJson}) group by bundle`,
    );
    await connection.run("drop table line");
  }
}

const Silent = z.object({ bundle: z.int(), finding: z.string().nullable() });

/**
 * Reads again, and now with every check, the few files of which nothing came: what cannot be read is told apart
 * from bundles that hold nothing for Silver, and good bundles are not checked twice.
 */
async function lookAgain(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
  instant: string,
): Promise<QuarantinedFile[]> {
  const seen = await queryRows(
    connection,
    z.object({ bundle: z.int() }),
    "select distinct bundle from resources",
  );
  const known = new Set(seen.map((row) => row.bundle));
  const silent = new Map(files.filter((file) => !known.has(file.number)).map((file) => [file.number, file]));
  if (silent.size === 0) return [];

  const quarantined: QuarantinedFile[] = [];
  const readable = { checked: [] as BundleFile[], "single entry": [] as BundleFile[] };
  for (const { bundle, finding } of await queryRows(connection, Silent, findingOf([...silent.values()]))) {
    const file = silent.get(bundle);
    if (!file || !finding) continue;
    if (finding === "checked" || finding === "single entry") readable[finding].push(file);
    else quarantined.push({ file, reason: finding as QuarantineReason });
  }
  for (const care of ["checked", "single entry"] as const) {
    if (readable[care].length > 0) await connection.run(insertEntries(readable[care], instant, care));
  }
  return quarantined;
}

function findingOf(files: readonly BundleFile[]): string {
  const numbers = files.filter(isLines).map((file) => file.number);
  return `
    select bundle, case
        when text is null and starts_with(hex(first_bytes), '1F8B') then 'gzip_bytes'
        when text is null then 'invalid_utf8'
        when list_contains([${numbers.join(", ")}], bundle)
          then case when contains(body, '{') or trim(body) = '' then null else 'not_json' end
        when not (${isJson}) then 'not_json'
        when json_extract_string(body, '$.resourceType') is distinct from 'Bundle' then 'not_bundle'
        when json_type(body, '$.entry') = 'OBJECT' then 'single entry'
        when ${speaksOfNoNumber} then 'checked'
      end as finding
    from (
      select *, case when starts_with(text, chr(65279)) then substr(text, 2) else text end as body
      from (
        select bundle, try(decode(content)) as text, content[1:2] as first_bytes
        from (${contents("read_blob", files)})
      )
    )`;
}
