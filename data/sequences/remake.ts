import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Lake } from "../lake.ts";
import { identifier, queryRows } from "../sql/duckdb.ts";
import { cutSubjects, type SubjectRange } from "./exports/shards.ts";
import { models } from "./model.ts";
import { builtSettings } from "./open-build.ts";
import { openTables, sequencesTable } from "./tables.ts";
import { prepare } from "./workspace.ts";

const EVENTS = 50_000;
const compared = {
  events_merged: "subject_id, hadm_id, event_seq, code, time_offset_hours",
  tokens_final: "subject_id, hadm_id, final_seq, code, time_offset_hours",
};

/** Makes some of the subjects again, by themselves, and counts the rows that are not those of the tables. */
export async function countRemakeDifferences(lake: Lake): Promise<number> {
  const connection = await (await lake.duckdb()).connect();
  try {
    await prepare(connection, await builtSettings(lake));
    const range = await someSubjects(lake, connection);
    if (!range) return 0;
    const bySubject = models.filter((model) => model.bySubject);
    const made = new Set(bySubject.map(({ name }) => name));
    const inputs = new Set(bySubject.flatMap(({ from }) => from).filter((name) => !made.has(name)));
    await openTables(lake, connection, inputs, range);
    for (const { name, sql } of bySubject) {
      await connection.run(`create or replace temp table ${identifier(name)} as ${sql}`);
    }
    let differences = 0;
    for (const [name, columns] of Object.entries(compared)) {
      const kept = await (await sequencesTable(lake, name).snapshot()).readSql({
        where: `subject_id between ${range.from} and ${range.to}`,
      });
      differences += await countDifferences(connection, {
        a: `select ${columns} from ${identifier(name)}`,
        b: `select ${columns} from (${kept})`,
      });
    }
    return differences;
  } finally {
    connection.closeSync();
  }
}

/** A range from the middle, cut where no build would. */
async function someSubjects(lake: Lake, connection: DuckDBConnection): Promise<SubjectRange | undefined> {
  const events = await (await sequencesTable(lake, "events_merged").snapshot()).readSql();
  const ranges = await cutSubjects(connection, `(${events})`, EVENTS);
  return ranges[Math.floor(ranges.length / 2)];
}

async function countDifferences(
  connection: DuckDBConnection,
  { a, b }: { readonly a: string; readonly b: string },
): Promise<number> {
  const [row] = await queryRows(
    connection,
    z.object({ rows: z.coerce.number() }),
    `select (select count(*) from (${a} except all ${b})) + (select count(*) from (${b} except all ${a})) as rows`,
  );
  return row?.rows ?? 0;
}
