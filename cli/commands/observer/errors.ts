import { type KindHistory, kindHistory } from "../../../data/observer/kind-history.ts";
import { errors } from "../../../data/observer/lessons/lesson.ts";
import { listRows } from "../../../data/observer/list-rows.ts";
import type { CliContext } from "../../context.ts";
import type { Paint } from "../../paint.ts";
import { age, plural } from "../../quantities.ts";

interface ErrorOptions {
  readonly kind?: string;
  readonly limit: number;
}

const columns = [
  { title: "kind" },
  { title: "count", align: "right" },
  { title: "runs", align: "right" },
  { title: "last" },
  { title: "error" },
  { title: "do" },
] as const;

export async function listErrors(context: CliContext, { kind, limit }: ErrorOptions): Promise<void> {
  await using lake = await context.openLake();
  if (kind !== undefined) {
    const history = await kindHistory(lake, kind);
    context.output.result(history, (paint) => renderHistory(history, paint));
    return;
  }
  const rows = await listRows(lake, { ...errors, orderBy: "scopes desc, count desc, error_group", limit });
  context.output.table(
    rows,
    columns,
    (paint) =>
      rows.map((row) => [
        paint("bold", String(row.event_kind)),
        String(row.count),
        String(row.scopes),
        age(Date.parse(String(row.last_seen))),
        String(row.pattern),
        paint("dim", String(row.action)),
      ]),
    "No failures are known. Events are grouped every five minutes, or now: millrace observer analyze",
  );
}

function renderHistory({ kind, succeeded, failed, errors: known }: KindHistory, paint: Paint): string {
  const lines = [`${paint("bold", kind)}  ${succeeded} succeeded, ${failed} failed`];
  for (const error of known) lines.push("", ...renderError(error, paint));
  return lines.join("\n");
}

/** Earlier failures of one pattern, for people. */
export function renderError(error: KindHistory["errors"][number], paint: Paint): string[] {
  const { pattern, count, scopes, firstSeen, lastSeen, cause, action, fixedBy } = error;
  const span = `${plural(count, "time")} in ${plural(scopes, "run")}, first ${age(Date.parse(firstSeen))}, last ${age(Date.parse(lastSeen))}`;
  return [
    `${paint("red", pattern)}`,
    `  ${paint("dim", "seen")}     ${span}`,
    `  ${paint("dim", "cause")}    ${cause}`,
    `  ${paint("dim", "do")}       ${action}`,
    ...fixedBy.map((fix) => `  ${paint("dim", "fixed by")} ${paint("green", fix)}`),
  ];
}
