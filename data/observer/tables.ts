import type { Column, DeltaType, Table } from "../delta/table.ts";
import type { Lake } from "../lake.ts";

type Columns = Readonly<Record<string, DeltaType>>;

function columnsOf(columns: Columns, comments: Readonly<Record<string, string>> = {}): Column[] {
  return Object.entries(columns).map(([name, type]) => {
    const comment = comments[name];
    return { name, type, nullable: true, ...(comment && { comment }) };
  });
}

/** What a sender decides, by the names of the events' own fields; these are read from the batch files. */
export const sentColumns = {
  id: "string",
  source: "string",
  event_kind: "string",
  success: "boolean",
  endpoint: "string",
  duration_ms: "double",
  input_summary: "string",
  output_summary: "string",
  error: "string",
  staffer_id: "string",
  run_id: "string",
  sig_hash: "string",
  role: "string",
  city: "string",
  state: "string",
  count: "long",
  filled: "long",
  turns: "long",
  citations: "long",
  rescue_attempted: "boolean",
  rescue_succeeded: "boolean",
  config: "string",
  recalled: "string",
  attributes: "string",
} as const satisfies Columns;

/** What is found out when an event is taken into the table. */
const foundColumns = {
  happened_at: "timestamp",
  received_at: "timestamp",
  mark: "string",
  error_pattern: "string",
  error_group: "string",
  config_hash: "string",
  batch: "string",
} as const satisfies Columns;

export type EventColumn = keyof typeof sentColumns | keyof typeof foundColumns;

export const eventColumns = columnsOf(
  { ...sentColumns, ...foundColumns },
  {
    happened_at: "when it happened, by the sender's clock",
    received_at: "when its batch was stored, and its place in the batch as microseconds",
    mark: "ahead: its time lies after its arrival; late: long before it",
    error_pattern: "the error with ids, numbers, paths and quoted text folded",
    error_group: "names the pattern under its kind and signature",
    batch: "the batch it came in",
  },
);

/** Events that came again under a known id with another content; the first was kept. */
export const conflictColumns = columnsOf({
  id: "string",
  batch: "string",
  kept_batch: "string",
  received_at: "timestamp",
  source: "string",
  event_kind: "string",
});

/** How many events of a batch came again under known ids: with the same content, and with another. */
export const repetitionColumns = columnsOf({ batch: "string", duplicates: "long", conflicting: "long" });

export async function eventsTable(lake: Lake): Promise<Table> {
  const table = lake.table("observer.events");
  await table.ensure({
    columns: eventColumns,
    description: "Outcomes as programs reported them; rows are only ever added",
  });
  return table;
}

export async function conflictsTable(lake: Lake): Promise<Table> {
  const table = lake.table("observer.conflicts");
  await table.ensure({
    columns: conflictColumns,
    description: "Events that came again with other content; the first was kept",
  });
  return table;
}

export async function repetitionsTable(lake: Lake): Promise<Table> {
  const table = lake.table("observer.repetitions");
  await table.ensure({
    columns: repetitionColumns,
    description: "How many events of a batch came again under known ids",
  });
  return table;
}
