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

const watermarkSchema = z.object({ version: z.number() });

/**
 * Brings a lesson up to the newest events: the rows of each unit that the change feed names are made again from all of its
 * events, so doing it twice, or losing the note of how far it came, changes nothing. The commit carries the version of the
 * events, and one that was made from older events than are in the table already is refused.
 */
export async function refresh(lake: Lake, lesson: Lesson, signal?: AbortSignal): Promise<Refreshed> {
  const events = await eventsTable(lake);
  const snapshot = await events.snapshot();
  const last = await watermark(lake, lesson);
  if (last === snapshot.version) return { table: lesson.table, how: "unchanged", units: 0, rows: 0 };

  using open = await openConnection(lake);
  const { connection } = open;
  const units =
    last === undefined ? undefined : await touched(lake, connection, lesson, last, snapshot.version);
  const most = lesson.forgets ? UNITS_NAMED_MOST : UNITS_MOST;
  const how = units === undefined || units > most ? "full" : "incremental";
  let rows = 0;
  if (units !== 0) {
    await readEvents(connection, snapshot, how === "full" ? undefined : lesson.unit);
    rows = await write(lake, connection, lesson, { how, version: snapshot.version, signal });
  }
  await lake.storage.put(watermarkKey(lesson), JSON.stringify({ version: snapshot.version }));
  return { table: lesson.table, how: units === 0 ? "unchanged" : how, units: units ?? rows, rows };
}

/** Events as the lessons read them: whatever the observer itself tells is left out. */
export function seenSql(eventsSql: string): string {
  return `select *, coalesce(run_id, id) as scope, least(happened_at, received_at) as seen_at
    from (${eventsSql}) where source <> 'observer'`;
}

/** How many units new events touch, named in the table `touched`; undefined when that cannot be told any more. */
async function touched(
  lake: Lake,
  connection: DuckDBConnection,
  lesson: Lesson,
  last: number,
  version: number,
): Promise<number | undefined> {
  try {
    const changes = await lake.table("observer.events").changesSql({ from: last + 1, to: version });
    await connection.run(
      `create or replace temp table touched as
       select distinct ${identifier(lesson.unit)} as unit from (${seenSql(changes)})
       where _change_type = 'insert' and ${identifier(lesson.unit)} is not null`,
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

async function readEvents(
  connection: DuckDBConnection,
  snapshot: Snapshot,
  unit: string | undefined,
): Promise<void> {
  const within = unit ? ` where ${identifier(unit)} in (select unit from touched)` : "";
  await connection.run(
    `create or replace temp view events as select * from (${seenSql(await snapshot.readSql())})${within}`,
  );
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
  const options = { txn: { appId: lesson.table, version }, ...(signal && { signal }) };
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

function watermarkKey({ table }: Lesson): string {
  return `_observer/read/${table}.json`;
}

async function watermark(lake: Lake, lesson: Lesson): Promise<number | undefined> {
  try {
    const text = (await lake.storage.get(watermarkKey(lesson))).toString("utf8");
    return watermarkSchema.parse(JSON.parse(text)).version;
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof SyntaxError || error instanceof z.ZodError)
      return undefined;
    throw error;
  }
}
