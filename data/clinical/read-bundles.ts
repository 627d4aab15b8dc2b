import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { identifier, queryRows, quote } from "../sql/duckdb.ts";
import {
  type BundleFile,
  isGzip,
  isLines,
  type QuarantinedFile,
  type QuarantineReason,
} from "./bundle-file.ts";
import { resourceStructure, resourceTypes } from "./silver/resource-fields.ts";

export interface ReadOptions {
  /** One instant for a whole refresh. */
  readonly runInstant: Date;
  readonly maxBundleBytes: number;
  /** A folder for what gzip held; the caller removes it. */
  readonly scratchDir: string;
}

const entry = { fullUrl: "VARCHAR", resource: resourceStructure };
const bundleStructure = quote(JSON.stringify({ resourceType: "VARCHAR", entry: [entry] }));
const singleEntry = quote(JSON.stringify({ resourceType: "VARCHAR", entry }));
const outsideStrings = `regexp_replace(body, '"(?:[^"\\\\]|\\\\.)*"', '', 'g')`;
/**
 * DuckDB's JSON reader takes numbers that JSON has no word for; these are how programs spell them. Each word costs a
 * pass over the text, so rarer spellings are left to become null. Only a text that has one of them is looked at
 * closely, and CASE, unlike AND, leaves the close look to those texts.
 */
const hasNoNumbers = `case
  when contains(body, 'NaN') or contains(body, 'Infinity') then regexp_matches(${outsideStrings}, '(?i)nan|inf')
  else false end`;
const isJson = `case when json_valid(body) then not (${hasNoNumbers}) else false end`;
const wanted = resourceTypes.map(quote).join(", ");
const taken = Object.keys(resourceStructure).map(identifier).join(", ");

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
  await insertBundles(
    connection,
    readable.filter((file) => !isLines(file)),
    instant,
  );
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

/** An entry's place among all records of a refresh: the last record of a key wins. */
const recordOrder = "bundle::bigint * 1000000000 + position";
const positionOf = "record_order % 1000000000";

type Care = "hopeful" | "careful" | "single entry";

/** Most chunks hold good bundles only, and TRY, which goes row by row, costs half as much again. */
async function insertBundles(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
  instant: string,
): Promise<void> {
  if (files.length === 0) return;
  await nameFiles(connection, files);
  try {
    await connection.run(insertEntries(files, instant, "hopeful"));
  } catch {
    await connection.run(insertEntries(files, instant, "careful"));
  }
}

function insertEntries(files: readonly BundleFile[], instant: string, care: Care): string {
  return `
    insert into resources
    select bundle, name, ${instant}, ${recordOrder}, full_url, resource.* from (${entriesOf(files, care)})`;
}

/** A SELECT of the entries that Silver reads: their file, their place in it, and what was taken out of them. */
function entriesOf(files: readonly BundleFile[], care: Care): string {
  const parsed = `from_json(body, ${care === "single entry" ? singleEntry : bundleStructure})`;
  const entries = care === "single entry" ? "[document.entry]" : "document.entry";
  return `
    select bundle, name, position, entry.fullUrl as full_url, entry.resource as resource
    from (
      select bundle, name, unnest(entries) as entry, generate_subscripts(entries, 1) as position
      from (
        select bundle, name, case when document."resourceType" = 'Bundle' then ${entries} end as entries
        from (
          select bundle, name, ${care === "hopeful" ? parsed : `try(${parsed})`} as document
          from (${bodies(files, care)}) where not (${hasNoNumbers})
        )
      )
    )
    where entry.resource."resourceType" in (${wanted})`;
}

/** A SELECT of each file's text, null when it is not UTF-8; a byte order mark is no part of it. */
function bodies(files: readonly BundleFile[], care: Care): string {
  const paths = files.map((file) => quote(file.path)).join(", ");
  // read_text fails where a file is not UTF-8, and spares a copy; what begins with a mark is no JSON and fails as well.
  if (care === "hopeful") {
    return `select bundle, name, content as body from read_text([${paths}]) join bundle_file on path = filename`;
  }
  return `
    select bundle, name, case when starts_with(text, chr(65279)) then substr(text, 2) else text end as body
    from (
      select bundle, name, try(decode(content)) as text
      from read_blob([${paths}]) join bundle_file on path = filename
    )`;
}

async function insertLines(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
  instant: string,
): Promise<void> {
  for (const file of files) {
    await nameFiles(connection, [file]);
    await connection.run(`
      create or replace temp table line as
      select bundle, name, unnest(lines) as body, generate_subscripts(lines, 1) as position
      from (select bundle, name, string_split(body, chr(10)) as lines from (${bodies([file], "careful")}))`);
    await connection.run("delete from line where trim(body, ' ' || chr(9) || chr(13)) = ''");
    await connection.run(`
      insert into resources
      select bundle, name, ${instant}, ${recordOrder}, null, resource.*
      from (
        select bundle, name, position,
          case when ${isJson} then try(from_json(body, ${quote(JSON.stringify(resourceStructure))})) end as resource
        from line
      )
      where resource."resourceType" in (${wanted})`);
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

  await nameFiles(connection, [...silent.values()]);
  const quarantined: QuarantinedFile[] = [];
  const single: BundleFile[] = [];
  for (const { bundle, finding } of await queryRows(connection, Silent, findingOf([...silent.values()]))) {
    const file = silent.get(bundle);
    if (!file || !finding) continue;
    if (finding === "single_entry") single.push(file);
    else quarantined.push({ file, reason: finding as QuarantineReason });
  }
  if (single.length > 0) {
    await nameFiles(connection, single);
    await connection.run(insertEntries(single, instant, "single entry"));
  }
  return quarantined;
}

function findingOf(files: readonly BundleFile[]): string {
  return `
    select bundle, case
        when text is null and starts_with(hex(first_bytes), '1F8B') then 'gzip_bytes'
        when text is null then 'invalid_utf8'
        when lines then case when contains(body, '{') or trim(body) = '' then null else 'not_json' end
        when not (${isJson}) then 'not_json'
        when json_extract_string(body, '$.resourceType') is distinct from 'Bundle' then 'not_bundle'
        when json_type(body, '$.entry') = 'OBJECT' then 'single_entry'
      end as finding
    from (
      select *, case when starts_with(text, chr(65279)) then substr(text, 2) else text end as body
      from (
        select bundle, lines, try(decode(content)) as text, content[1:2] as first_bytes
        from read_blob([${files.map((file) => quote(file.path)).join(", ")}]) join bundle_file on path = filename
      )
    )`;
}

async function nameFiles(connection: DuckDBConnection, files: readonly BundleFile[]): Promise<void> {
  const values = files.map(
    (file) => `(${file.number}, ${quote(file.name)}, ${quote(file.path)}, ${isLines(file)})`,
  );
  await connection.run(
    `create or replace temp table bundle_file as
     from (values ${values.join(", ")}) as f(bundle, name, path, lines)`,
  );
}

/** By the number of its file, what stands for all that was taken out of it. */
export type Fingerprints = ReadonlyMap<number, string>;

const Fingerprint = z.object({ bundle: z.int(), fingerprint: z.string() });
const NOTHING = "0/0";

/** The fingerprints of the files in `resources`; equal ones give equal rows by the same rules. */
export async function fingerprintsOf(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
): Promise<Fingerprints> {
  const rows = `select bundle, ${positionOf} as position, * exclude (bundle, record_order) from resources`;
  return await fingerprints(connection, files, rows);
}

/** The same without keeping what was read, for files that were read before; of others nothing is said. */
export async function readFingerprints(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
): Promise<Fingerprints> {
  const plain = files.filter((file) => !isGzip(file) && !isLines(file));
  if (plain.length === 0) return new Map();
  await nameFiles(connection, plain);
  const rows = `select bundle, position, full_url, resource.* from (${entriesOf(plain, "hopeful")})`;
  try {
    return await fingerprints(connection, plain, rows);
  } catch {
    return new Map();
  }
}

async function fingerprints(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
  rows: string,
): Promise<Fingerprints> {
  const found = await queryRows(
    connection,
    Fingerprint,
    `select bundle, count(*) || '/' || sum(hash(position, full_url, ${taken})) as fingerprint from (${rows}) group by bundle`,
  );
  const known = new Map(found.map(({ bundle, fingerprint }) => [bundle, fingerprint]));
  return new Map(files.map(({ number }) => [number, known.get(number) ?? NOTHING]));
}
