import { createHash } from "node:crypto";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { VersionNotFoundError } from "../delta/errors.ts";
import type { Snapshot } from "../delta/table.ts";
import { NotFoundError } from "../errors.ts";
import type { Lake } from "../lake.ts";
import { identifier, queryRows, quote } from "../sql/duckdb.ts";
import { openConnection } from "./connection.ts";
import type { Lesson } from "./lessons/lesson.ts";
import { eventsTable } from "./tables.ts";

/** Past so many touched units reading everything is cheaper than looking for them. */
const UNITS_MOST = 20_000;
/** A condition that names this many is still a short text. */
const UNITS_NAMED_MOST = 1_000;

export interface Refreshed {
  readonly table: string;
  readonly how: "unchanged" | "incremental" | "full";
  /** Touched values of the lesson's unit; of a full run all of them. */
  readonly units: number;
  readonly rows: number;
}

const watermarkSchema = z.object({ version: z.number(), made: z.string() });

/**
 * Brings a lesson up to the newest events: the rows of each unit that the change feed names are made again from all of its
 * events, so doing it twice, or losing the note of how far it came, changes nothing. The commit carries the version of the
 * events, and one that was made from older events than are in the table already is refused.
 */
export async function refresh(lake: Lake, lesson: Lesson, signal?: AbortSignal): Promise<Refreshed> {
  const [refreshed] = await refreshTogether(lake, [lesson], signal);
  if (!refreshed) throw new Error("There is no lesson to refresh");
  return refreshed;
}

/** The same for lessons of one unit, whose events are then looked for once. */
export async function refreshTogether(
  lake: Lake,
  lessons: readonly Lesson[],
  signal?: AbortSignal,
): Promise<Refreshed[]> {
  const snapshot = await (await eventsTable(lake)).snapshot();
  const { version } = snapshot;
  const marks = await Promise.all(lessons.map((lesson) => watermark(lake, lesson)));
  if (marks.every((mark) => mark === version))
    return lessons.map(({ table }) => ({ table, how: "unchanged", units: 0, rows: 0 }));

  using open = await openConnection(lake);
  const { connection } = open;
  const unit = unitOf(lessons);
  const units = await touched(lake, connection, unit, marks, version);
  const most = lessons.some(({ forgets }) => forgets) ? UNITS_NAMED_MOST : UNITS_MOST;
  const how = units === undefined || units > most ? "full" : "incremental";
  if (units !== 0) await readEvents(connection, snapshot, lessons, how === "full" ? undefined : unit);

  const refreshed: Refreshed[] = [];
  for (const lesson of lessons) {
    const rows = units === 0 ? 0 : await write(lake, connection, lesson, { how, version, signal });
    await lake.storage.put(watermarkKey(lesson), JSON.stringify({ version, made: madeBy(lesson) }));
    refreshed.push({
      table: lesson.table,
      how: units === 0 ? "unchanged" : how,
      units: units ?? rows,
      rows,
    });
  }
  return refreshed;
}

function unitOf(lessons: readonly Lesson[]): string {
  const units = new Set(lessons.map(({ unit }) => unit));
  const [unit] = units;
  if (unit === undefined || units.size > 1)
    throw new Error(`Lessons of the units ${[...units].join(", ")} cannot be made together`);
  return unit;
}

/**
 * Events as the lessons read them: whatever the observer itself tells is left out. Ids are long and all different, so
 * that they are read only where they stand for a missing run.
 */
function seenSql(eventsSql: string, columns: readonly string[]): string {
  const within = (scope: string, condition: string) =>
    `select ${columns.map(identifier).join(", ")}, ${scope} as scope, least(happened_at, received_at) as seen_at
     from (${eventsSql}) where source <> 'observer' and ${condition}`;
  return `${within("run_id", "run_id is not null")} union all ${within("id", "run_id is null")}`;
}

/** How many units new events touch, named in the table `touched`; undefined when that cannot be told any more. */
async function touched(
  lake: Lake,
  connection: DuckDBConnection,
  unit: string,
  marks: readonly (number | undefined)[],
  version: number,
): Promise<number | undefined> {
  const known = marks.filter((mark) => mark !== undefined);
  if (known.length < marks.length) return undefined;
  try {
    const changes = await lake
      .table("observer.events")
      .changesSql({ from: Math.min(...known) + 1, to: version });
    const named = unit === "scope" ? "coalesce(run_id, id)" : identifier(unit);
    await connection.run(
      `create or replace temp table touched as
       select distinct ${named} as unit from (${changes})
       where _change_type = 'insert' and source <> 'observer' and ${named} is not null`,
    );
  } catch (error) {
    if (error instanceof VersionNotFoundError) return undefined;
    throw error;
  }
  const [counted] = await queryRows(
    connection,
    z.object({ n: z.bigint() }),
    "select count(*) as n from touched",
  );
  return Number(counted?.n ?? 0n);
}

/** The table or view `events` that the lessons' queries name: those of the touched units, or all. */
async function readEvents(
  connection: DuckDBConnection,
  snapshot: Snapshot,
  lessons: readonly Lesson[],
  unit: string | undefined,
): Promise<void> {
  const columns = [...new Set(lessons.flatMap(({ reads }) => reads))];
  const seen = seenSql(await snapshot.readSql(), columns);
  const within = unit ? ` where ${identifier(unit)} in (select unit from touched)` : "";
  // What several lessons read of a few units is kept at hand; all of a large table would not fit.
  const kind = unit && lessons.length > 1 ? "table" : "view";
  await connection.run(`create or replace temp ${kind} events as select * from (${seen})${within}`);
}

interface Writing {
  readonly how: "incremental" | "full";
  readonly version: number;
  readonly signal: AbortSignal | undefined;
}

async function write(
  lake: Lake,
  connection: DuckDBConnection,
  lesson: Lesson,
  { how, version, signal }: Writing,
): Promise<number> {
  const table = lake.table(lesson.table);
  await table.ensure({ columns: lesson.columns, description: lesson.description });
  await connection.run(`create or replace temp table lesson as ${lesson.sql}`);
  const order = lesson.key.map(identifier).join(", ");
  const source = { sql: `select * from lesson order by ${order}`, connection };
  const options = { txn: { appId: `${lesson.table} ${madeBy(lesson)}`, version }, ...(signal && { signal }) };
  if (how === "full") await table.overwrite(source, options);
  else {
    const gone = lesson.forgets ? { deleteMissing: await withinTouched(connection, lesson) } : {};
    await table.merge(source, { ...options, key: lesson.key, ...gone });
  }
  const [counted] = await queryRows(
    connection,
    z.object({ n: z.bigint() }),
    "select count(*) as n from lesson",
  );
  return Number(counted?.n ?? 0n);
}

async function withinTouched(connection: DuckDBConnection, { unitColumn }: Lesson): Promise<string> {
  const units = await queryRows(connection, z.object({ unit: z.string() }), "select unit from touched");
  return `${identifier(unitColumn)} in (${units.map(({ unit }) => quote(unit)).join(", ")})`;
}

/** Names the query: where it changes, or a rule in it, all of its rows are made again. */
function madeBy({ sql }: Lesson): string {
  return createHash("sha256").update(sql).digest("hex").slice(0, 12);
}

function watermarkKey({ table }: Lesson): string {
  return `_observer/read/${table}.json`;
}

async function watermark(lake: Lake, lesson: Lesson): Promise<number | undefined> {
  try {
    const text = (await lake.storage.get(watermarkKey(lesson))).toString("utf8");
    const { version, made } = watermarkSchema.parse(JSON.parse(text));
    return made === madeBy(lesson) ? version : undefined;
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof SyntaxError || error instanceof z.ZodError)
      return undefined;
    throw error;
  }
}
