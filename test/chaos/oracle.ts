import { createHash } from "node:crypto";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Lake, TableName } from "../../data/lake.ts";
import { identifier } from "../../data/sql/duckdb.ts";

/** What is wrong with a lake, counted from its files alone: its own reader may be what is broken. */
export interface LogFindings {
  /** By batch, the versions that carry it. */
  readonly commits: ReadonlyMap<number, number>;
  readonly torn: readonly string[];
}

const Line = z.looseObject({
  add: z.looseObject({ path: z.string(), size: z.number() }).optional(),
  remove: z.looseObject({ path: z.string() }).optional(),
  commitInfo: z.looseObject({ operationMetrics: z.record(z.string(), z.string()).optional() }).optional(),
});

export async function readLogs(lakeDir: string): Promise<LogFindings> {
  const commits = new Map<number, number>();
  const torn: string[] = [];
  for (const table of await tablesIn(lakeDir)) await readLog(join(lakeDir, table), commits, torn);
  return { commits, torn };
}

async function tablesIn(lakeDir: string): Promise<string[]> {
  const tables: string[] = [];
  for (const schema of await readdir(lakeDir)) {
    if (/^[._]/.test(schema)) continue;
    for (const table of await readdir(join(lakeDir, schema)).catch(() => [])) {
      const log = await stat(join(lakeDir, schema, table, "_delta_log")).catch(() => undefined);
      if (log) tables.push(join(schema, table));
    }
  }
  return tables;
}

async function readLog(table: string, commits: Map<number, number>, torn: string[]): Promise<void> {
  const log = join(table, "_delta_log");
  const names = (await readdir(log)).filter((name) => /^\d{20}\.json$/.test(name)).sort();
  const live = new Map<string, number>();
  for (const [at, name] of names.entries()) {
    if (Number(name.slice(0, 20)) !== at) torn.push(`${table} has a gap before ${name}`);
    const texts = (await readFile(join(log, name), "utf8")).split("\n").filter((text) => text !== "");
    for (const line of texts.map(parse)) {
      if (line) replay(line, live, commits);
      else torn.push(`${table} has a line in ${name} that is none`);
    }
  }
  for (const [path, size] of live) {
    const wrong = await wrongWith(join(table, decodeURIComponent(path)), size);
    if (wrong) torn.push(`${table}: ${path} ${wrong}`);
  }
}

function replay(line: z.infer<typeof Line>, live: Map<string, number>, commits: Map<number, number>): void {
  if (line.remove) live.delete(line.remove.path);
  if (line.add) live.set(line.add.path, line.add.size);
  const batch = line.commitInfo?.operationMetrics?.batch;
  if (batch !== undefined) commits.set(Number(batch), (commits.get(Number(batch)) ?? 0) + 1);
}

function parse(text: string): z.infer<typeof Line> | undefined {
  try {
    return Line.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function wrongWith(path: string, size: number): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return "is missing";
  if (found.size !== size) return `has ${found.size} bytes in place of ${size}`;
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, found.size - 4);
    return buffer.toString() === "PAR1" ? undefined : "does not end as Parquet does";
  } finally {
    await file.close();
  }
}

/** Columns that tell when and by whom, which two runs of the same work do not share. */
const provenance =
  /^(ingest_timestamp|created_timestamp|silver_versions|source_file|build|run|run_id|(landed|parsed|recorded|built|finished|stored|appended|received|ingested|created)_at)$/;

/** The content of a table as one text: equal for equal rows, in whatever order and files they lie. */
export async function contentOf(lake: Lake, name: TableName): Promise<string> {
  const snapshot = await lake.table(name).snapshot();
  const columns = snapshot.columns
    .map((column) => column.name)
    .filter((column) => !provenance.test(column) && `${name}.${column}` !== "observer.events.batch");
  return hashOf(lake, columns, await snapshot.readSql());
}

export async function hashOf(lake: Lake, columns: readonly string[], sql: string): Promise<string> {
  const duckdb = await lake.duckdb();
  const [row] = await duckdb.query(
    z.object({ content: z.string() }),
    `select count(*) || ':' || coalesce(sum(hash(${columns.map(identifier).join(", ")})::hugeint), 0) as content from (${sql})`,
  );
  return row?.content ?? "";
}

/** All tables of a lake but those named, with a digest of each. */
export async function contentsOf(
  lake: Lake,
  leftOut: readonly string[] = [],
): Promise<ReadonlyMap<string, string>> {
  const contents = new Map<string, string>();
  for (const name of await lake.tableNames()) {
    if (leftOut.includes(name)) continue;
    contents.set(
      name,
      createHash("sha256")
        .update(await contentOf(lake, name))
        .digest("hex")
        .slice(0, 12),
    );
  }
  return contents;
}
