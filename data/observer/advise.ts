import { z } from "zod";
import type { Column } from "../delta/table.ts";
import type { Lake } from "../lake.ts";
import type { Bridge } from "../llm/bridge.ts";
import { generateJson } from "../llm/continue.ts";
import { queryRows, quote } from "../sql/duckdb.ts";
import { openConnection } from "./connection.ts";
import { mergeTexts } from "./merge-texts.ts";
import { tableSql } from "./table-sql.ts";
import { unknownCause } from "./unknown-cause.ts";

const names = ["error_group", "cause", "action", "model"] as const;
const columns: Column[] = names.map((name) => ({ name, type: "string", nullable: true }));

const ASKED_AT_ONCE = 10;
const Advice = z.object({ cause: z.string().min(1).max(300), action: z.string().min(1).max(300) });
const Unexplained = z.object({ error_group: z.string(), event_kind: z.string(), pattern: z.string() });

/**
 * Asks the overview model about the most frequent failures that no rule explains, each once. What it is shown is folded
 * text; what it says is advice beside the rules' and changes nothing else. Answers how many it explained.
 */
export async function adviseErrors(lake: Lake, bridge: Bridge, signal?: AbortSignal): Promise<number> {
  const errors = await tableSql(lake, "observer.errors");
  if (!errors) return 0;
  const table = lake.table("observer.advice");
  await table.ensure({ columns, description: "What a model says of failures that no rule explains" });
  const known = await (await table.snapshot()).readSql({ columns: ["error_group"] });
  const open = await (await lake.duckdb()).query(
    Unexplained,
    `select error_group, event_kind, pattern from (${errors})
     where cause = ${quote(unknownCause.cause)} and error_group not in (${known})
     order by scopes desc, error_group limit ${ASKED_AT_ONCE}`,
  );
  const rows: object[] = [];
  for (const { error_group, event_kind, pattern } of open) {
    signal?.throwIfAborted();
    const prompt = `A job of the kind "${event_kind}" failed with this error, in which <…> and # stand for what differs each time:\n${pattern}\n\nAnswer as JSON {"cause": "…", "action": "…"}: the likeliest cause and what an operator should do, one sentence each.`;
    const said = Advice.safeParse(
      await generateJson(bridge, { tier: "T3", site: "analyze-errors", prompt, ...(signal && { signal }) }),
    );
    const { primary_model: model } = await bridge.matrix.tier("T3");
    if (said.success) rows.push({ error_group, ...said.data, model });
  }
  await mergeTexts(lake, "observer.advice", names, rows);
  return rows.length;
}

/** What a model said of a failure, if one was asked. */
export async function adviceOn(lake: Lake, errorGroup: string): Promise<z.infer<typeof Advice> | undefined> {
  const rows = await tableSql(lake, "observer.advice");
  if (!rows) return undefined;
  using open = await openConnection(lake);
  const [advice] = await queryRows(
    open.connection,
    Advice,
    `select cause, action from (${rows}) where error_group = $group`,
    { group: errorGroup },
  );
  return advice;
}
