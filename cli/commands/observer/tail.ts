import { setTimeout } from "node:timers/promises";
import type { Lake } from "../../../data/lake.ts";
import { type ListedRow, listRows } from "../../../data/observer/list-rows.ts";
import { eventColumns } from "../../../data/observer/tables.ts";
import type { CliContext } from "../../context.ts";
import type { Paint } from "../../paint.ts";
import { duration } from "../../quantities.ts";

interface TailOptions {
  readonly kind?: string;
  readonly failed?: boolean;
  readonly follow?: boolean;
  readonly limit: number;
}

const LOOK_EVERY_MS = 1_000;
const columns = [
  { title: "when" },
  { title: "source" },
  { title: "kind" },
  { title: "" },
  { title: "took" },
  { title: "error" },
];

export async function tailEvents(context: CliContext, options: TailOptions): Promise<void> {
  await using lake = await context.openLake();
  const rows = await newest(lake, options);
  context.output.table(rows, columns, (paint) => rows.map((row) => cellsOf(row, paint)), "No events yet.");
  if (!options.follow || context.output.json) return;
  const seen = new Set(rows.map(({ id }) => id));
  for (;;) {
    await setTimeout(LOOK_EVERY_MS);
    for (const row of await newest(lake, options)) {
      if (seen.has(row.id)) continue;
      seen.add(row.id);
      context.output.line(cellsOf(row, context.output.paint).join("  "));
    }
  }
}

async function newest(lake: Lake, { kind, failed, limit }: TailOptions): Promise<ListedRow[]> {
  const rows = await listRows(lake, {
    table: "observer.events",
    columns: eventColumns,
    orderBy: "received_at desc, happened_at desc, id",
    where: { event_kind: kind, success: failed ? false : undefined },
    limit,
  });
  return rows.reverse();
}

function cellsOf(row: ListedRow, paint: Paint): string[] {
  const { happened_at, source, event_kind, success, duration_ms, error_pattern } = row;
  return [
    paint("dim", String(happened_at).slice(0, 19).replace("T", " ")),
    String(source),
    paint("bold", String(event_kind)),
    success ? paint("green", "ok") : paint("red", "failed"),
    typeof duration_ms === "number" ? duration(duration_ms) : "",
    String(error_pattern ?? ""),
  ];
}
