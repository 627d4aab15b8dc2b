import { z } from "zod";
import type { Column } from "../delta/table.ts";
import type { Lake } from "../lake.ts";
import { ask } from "../llm/ask.ts";
import type { Bridge } from "../llm/bridge.ts";
import { mergeTexts } from "./merge-texts.ts";
import { tableSql } from "./table-sql.ts";

const names = ["sig_hash", "advice", "model", "asked_of"] as const;
const columns: Column[] = names.map((name) => ({ name, type: "string", nullable: true }));

const ASKED_AT_ONCE = 10;
const ADVICE_CHARS = 2_000;
const Noted = z.object({
  sig_hash: z.string(),
  text: z.string(),
  notes: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
  asked_of: z.string(),
});

/** Names what was found, without its counts: those grow with every run, and say nothing new. */
const findings = "sha256(concat_ws(chr(31), playbook_id, config, (warnings -> '$[*].error_group')::varchar))";

/**
 * Asks the overview model what the findings on a signature come to for its next run, once for the same findings. What it
 * says stands beside the rules' notes and changes none of them. Answers how many signatures it was asked about.
 */
export async function adviseRuns(lake: Lake, bridge: Bridge, signal?: AbortSignal): Promise<number> {
  const recommendations = await tableSql(lake, "observer.recommendations");
  if (!recommendations) return 0;
  const table = lake.table("observer.run_advice");
  await table.ensure({ columns, description: "What a model says of the next run of a signature" });
  const known = await (await table.snapshot()).readSql();
  const open = await (await lake.duckdb()).query(
    Noted,
    `select sig_hash, text, notes, ${findings} as asked_of from (${recommendations})
     where notes <> '[]' and (sig_hash, ${findings}) not in (select (sig_hash, asked_of) from (${known}))
     order by sig_hash limit ${ASKED_AT_ONCE}`,
  );
  const rows: object[] = [];
  const { primary_model: model } = await bridge.matrix.tier("T3");
  for (const { sig_hash, text, notes, asked_of } of open) {
    signal?.throwIfAborted();
    const said = await ask(bridge, {
      ...{ tier: "T3", site: "build-playbooks", parts: notes, ...(signal && { signal }) },
      question: `The next run is to do this: ${text}. Below stands what earlier runs of it, or of its like, came to. In at most three sentences: how should it be done, and what should be watched?`,
    });
    const advice = said.trim();
    if (advice.length <= ADVICE_CHARS) rows.push({ sig_hash, advice, model, asked_of });
  }
  await mergeTexts(lake, "observer.run_advice", names, rows);
  return rows.length;
}
