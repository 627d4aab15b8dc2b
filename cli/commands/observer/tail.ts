import { setTimeout } from "node:timers/promises";
import type { Lake } from "../../../data/lake.ts";
import { type ListedRow, type Listing, listNewRows, listRows } from "../../../data/observer/list-rows.ts";
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
  const version = await versionOf(lake);
  const rows = (await listRows(lake, listing(options))).reverse();
  context.output.table(rows, columns, (paint) => rows.map((row) => cellsOf(row, paint)), "No events yet.");
  if (!options.follow || context.output.json) return;
  // An event may have come between the two looks at the table.
  const shown = new Set(rows.map(({ id }) => id));
  for await (const row of arriving(lake, version, options))
    if (!shown.has(row.id)) context.output.line(cellsOf(row, context.output.paint).join("  "));
}

async function* arriving(lake: Lake, seen: number, options: TailOptions): AsyncGenerator<ListedRow> {
  for (let last = seen; ; ) {
    await setTimeout(LOOK_EVERY_MS);
    const to = await versionOf(lake);
    if (to === last) continue;
    const { table, columns, where } = listing(options);
    const order = { orderBy: "received_at, happened_at, id", ...(where && { where }) };
    yield* await listNewRows(lake, { from: last + 1, to }, { table, columns, ...order });
    last = to;
  }
}

/** The newest version of the events; -1 while there is none. */
async function versionOf(lake: Lake): Promise<number> {
  const table = lake.table("observer.events");
  return (await table.exists()) ? (await table.snapshot()).version : -1;
}

function listing({ kind, failed, limit }: TailOptions): Listing {
  return {
    table: "observer.events",
    columns: eventColumns,
    orderBy: "received_at desc, happened_at desc, id",
    where: { event_kind: kind, success: failed ? false : undefined },
    limit,
  };
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
