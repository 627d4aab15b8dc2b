import { readOutcomes, stagedRows } from "../../../data/clinical/refresh-chunk.ts";
import { readPlan } from "../../../data/clinical/refresh-files.ts";
import { mergeSilver, withdrawSilver } from "../../../data/clinical/silver/merge-silver.ts";
import { DataError } from "../../../data/errors.ts";
import type { JobContext } from "../../define-job.ts";
import type { Input } from "./job.ts";

/** Done again it finds its own transaction in the table, or nothing to change. */
export async function run({ input, lake, signal }: JobContext<Input, never>) {
  const { refresh, table } = input;
  const plan = await readPlan(lake, refresh);
  if (!plan) throw new DataError("The refresh that this merge belongs to has ended: start another");
  const started = performance.now();
  const rows = { inserted: 0, updated: 0, deleted: 0 };
  let commits = 0;
  let repeats = false;

  const outcomes = await readOutcomes(lake, refresh, plan);
  const staged = await stagedRows(lake, refresh, plan, outcomes, table);
  if (staged.length > 0) {
    // What can no longer be read has no fingerprint, and keeps the rows of its last good version.
    const isRead = new Set(outcomes.flatMap(({ fingerprints }) => Object.keys(fingerprints)));
    const replaces = plan.chunks
      .flat()
      .filter(({ name, wasParsed }) => wasParsed && isRead.has(name))
      .map(({ name }) => name);
    const merged = await mergeSilver(lake, table, staged, {
      replaces,
      txn: { appId: `${refresh}/merge`, version: 1 },
      signal,
    });
    add(rows, merged.rows);
    repeats = merged.repeats;
    commits += merged.outcome === "committed" ? 1 : 0;
  }
  if (plan.withdrawn.length > 0) {
    const gone = await withdrawSilver(
      lake,
      table,
      plan.withdrawn.map(({ name }) => name),
      { txn: { appId: `${refresh}/withdraw`, version: 1 } },
    );
    add(rows, gone.rows);
    commits += gone.outcome === "committed" ? 1 : 0;
  }
  return { table, ...rows, commits, repeats, durationMs: Math.round(performance.now() - started) };
}

type Rows = { inserted: number; updated: number; deleted: number };

function add(sum: Rows, more: Readonly<Rows>): void {
  sum.inserted += more.inserted;
  sum.updated += more.updated;
  sum.deleted += more.deleted;
}
