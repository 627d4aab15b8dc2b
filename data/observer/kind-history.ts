import { z } from "zod";
import type { Lake } from "../lake.ts";
import { quote } from "../sql/duckdb.ts";
import { adviceOn } from "./advise.ts";
import { fold } from "./fold.ts";
import { corrections, errors } from "./lessons/lesson.ts";
import { type ListedRow, listRows } from "./list-rows.ts";
import { plural } from "./plural.ts";
import { tableSql } from "./table-sql.ts";

/** What is known of the failures of one kind of work. */
export const KindHistory = z
  .strictObject({
    kind: z.string(),
    succeeded: z.int(),
    failed: z.int(),
    lastFailure: z.iso.datetime().nullable(),
    errors: z
      .array(
        z.strictObject({
          pattern: z.string(),
          count: z.int(),
          scopes: z.int(),
          firstSeen: z.string(),
          lastSeen: z.string(),
          cause: z.string(),
          action: z.string(),
          fixedBy: z.array(z.string()).describe("What was different when it succeeded after all"),
        }),
      )
      .describe("Most distinct runs first"),
  })
  .meta({ id: "KindHistory" });
export type KindHistory = z.infer<typeof KindHistory>;

const ERRORS_MOST = 20;
const FIXES_MOST = 3;

const Tally = z.object({ succeeded: z.bigint(), failed: z.bigint(), last: z.date().nullable() });

export async function kindHistory(lake: Lake, kind: string): Promise<KindHistory> {
  const events = await tableSql(lake, "observer.events");
  if (!events) return { kind, succeeded: 0, failed: 0, lastFailure: null, errors: [] };
  const [tally] = await (await lake.duckdb()).query(
    Tally,
    `select count(*) filter (success) as succeeded, count(*) filter (not success) as failed,
       max(happened_at) filter (not success) as last
     from (${events}) where event_kind = ${quote(kind)}`,
  );
  const found = await errorRows(lake, { event_kind: kind }, ERRORS_MOST);
  return {
    kind,
    succeeded: Number(tally?.succeeded ?? 0n),
    failed: Number(tally?.failed ?? 0n),
    lastFailure: tally?.last?.toISOString() ?? null,
    errors: await Promise.all(found.map((row) => errorOf(lake, row))),
  };
}

function errorRows(lake: Lake, where: Readonly<Record<string, string>>, limit: number): Promise<ListedRow[]> {
  const { table, columns } = errors;
  return listRows(lake, { table, columns, where, limit, orderBy: "scopes desc, count desc, error_group" });
}

async function errorOf(lake: Lake, row: ListedRow): Promise<KindHistory["errors"][number]> {
  const fixes = await listRows(lake, {
    table: corrections.table,
    columns: corrections.columns,
    orderBy: "scopes desc, correction_id",
    where: { error_group: String(row.error_group) },
    limit: FIXES_MOST,
  });
  const advice = await adviceOn(lake, String(row.error_group));
  return {
    pattern: String(row.pattern),
    count: Number(row.count),
    scopes: Number(row.scopes),
    firstSeen: String(row.first_seen),
    lastSeen: String(row.last_seen),
    cause: advice?.cause ?? String(row.cause),
    action: advice?.action ?? String(row.action),
    fixedBy: fixes.map(fixOf),
  };
}

const Difference = z.array(
  z.object({ setting: z.string(), before: z.string().nullable(), after: z.string().nullable() }),
);

function fixOf({ how, difference, scopes, successes }: ListedRow): string {
  const evidence = `${plural(Number(scopes), "run")}, ${plural(Number(successes), "success", "successes")}`;
  if (how === "retry") return `trying again (${evidence})`;
  const settings = Difference.safeParse(JSON.parse(String(difference ?? "[]")));
  const changes = settings.success
    ? settings.data.map(
        ({ setting, before, after }) => `${setting} ${before ?? "unset"} → ${after ?? "unset"}`,
      )
    : [];
  return `${changes.join(", ") || "another configuration"} (${evidence})`;
}

/** Earlier failures that read as this one does, for the page of a failed job. */
export async function earlierFailures(
  lake: Lake,
  kind: string,
  message: string,
): Promise<KindHistory["errors"][number] | undefined> {
  const pattern = await fold(lake, message);
  const [row] = await errorRows(lake, { event_kind: kind, pattern }, 1);
  return row && (await errorOf(lake, row));
}
