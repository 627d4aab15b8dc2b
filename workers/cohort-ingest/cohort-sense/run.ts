import { landBundles } from "../../../data/clinical/landing.ts";
import { planRefresh } from "../../../data/clinical/refresh-plan.ts";
import type { Lake } from "../../../data/lake.ts";
import { child, type JobContext } from "../../define-job.ts";
import { cohortRefresh, Input as RefreshInput } from "../cohort-refresh/job.ts";
import type { Input } from "./job.ts";

/** Cohorts come as folders: `<lake>/inbox/<cohort>/<bundle>.json`. */
const INBOX = "inbox/";

/**
 * Lands what is new in each settled folder, then refreshes what Silver does not show yet, Gold included. What is known
 * is known by content, so a folder is taken once however often this runs, and again when something in it changes.
 */
export async function run({ input, lake, signal, runChildren }: JobContext<Input, never>) {
  let landed = 0;
  for (const cohort of await settledCohorts(lake, input.settleMs)) {
    signal.throwIfAborted();
    const result = await landBundles(lake, lake.storage, {
      prefix: `${INBOX}${cohort}`,
      labels: [cohort],
      now: new Date(),
      signal,
    });
    landed += result.landed + result.changed;
  }
  const { chunks, withdrawn } = await planRefresh(lake);
  // On the run after the refresh the plan is empty; the parts that are done answer at once.
  const isDue = chunks.length + withdrawn.length > 0;
  if (isDue) await runChildren("refresh", [child(cohortRefresh, RefreshInput.parse({ withGold: true }))]);
  return { landed };
}

async function settledCohorts(lake: Lake, settleMs: number): Promise<string[]> {
  const newest = new Map<string, number>();
  for await (const { key, modifiedAt } of lake.storage.list(INBOX)) {
    const [cohort, name] = key.slice(INBOX.length).split("/");
    if (!cohort || !name || !/\.(json|ndjson)(\.gz)?$/i.test(name)) continue;
    newest.set(cohort, Math.max(newest.get(cohort) ?? 0, modifiedAt.getTime()));
  }
  const before = Date.now() - settleMs;
  return [...newest].filter(([, at]) => at <= before).map(([cohort]) => cohort);
}
