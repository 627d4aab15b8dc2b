import { forgetParsed, parsedBundles, recordParsed } from "../../../data/clinical/bronze/parsed-bundle.ts";
import { recordShared, type SharedBundles } from "../../../data/clinical/bronze/shared-bundle.ts";
import { parserRules } from "../../../data/clinical/parser-rules.ts";
import { type ChunkOutcome, readOutcomes, stagedFiles } from "../../../data/clinical/refresh-chunk.ts";
import {
  readMerges,
  readPlan,
  readSharers,
  removeRefresh,
  type StoredPlan,
  writeMerges,
  writePlan,
} from "../../../data/clinical/refresh-files.ts";
import { planRefresh } from "../../../data/clinical/refresh-plan.ts";
import { planSharers } from "../../../data/clinical/refresh-sharers.ts";
import { tablesToMerge } from "../../../data/clinical/refresh-tables.ts";
import { sharedAmongStaged } from "../../../data/clinical/silver/shared-keys.ts";
import { writeSilverState } from "../../../data/clinical/silver/silver-state.ts";
import { silverNames } from "../../../data/clinical/silver/tables.ts";
import { lastValidation } from "../../../data/clinical/validation/last-validation.ts";
import { DataError } from "../../../data/errors.ts";
import type { Lake } from "../../../data/lake.ts";
import { type Child, child, type JobContext } from "../../define-job.ts";
import { goldBuild } from "../../gold-build/gold-build/job.ts";
import { silverMerge } from "../../silver-merge/silver-merge/job.ts";
import { silverValidate } from "../../silver-merge/silver-validate/job.ts";
import { cohortParse } from "../cohort-parse/job.ts";
import type { Checkpoint, Input } from "./job.ts";

/** A run that finds a result has only files to remove, and maybe half of them: it must not go by those. */
export async function run(context: JobContext<Input, Checkpoint>) {
  const { id, lake, checkpoint, saveCheckpoint } = context;
  if (checkpoint?.result) {
    await removeRefresh(lake, id);
    return checkpoint.result;
  }
  const { plan, result } = await refresh(context);
  await saveCheckpoint({ startedAt: plan.startedAt, chunks: plan.chunks.length, result });
  await removeRefresh(lake, id);
  return result;
}

/** parse (many, side by side) → merge (ten tables, side by side) → validate, Gold; each stage jobs of its own. */
async function refresh(context: JobContext<Input, Checkpoint>) {
  const { id, lake } = context;
  const planned = await planOnce(context);
  const plan = await planSharers(lake, id, planned, await parse(context, planned));
  const outcomes = await parse(context, plan);
  const merges = await merge(context, plan, outcomes);
  const quarantined = await settle(lake, id, plan, outcomes, merges);

  const changed = merges.some(({ commits }) => commits > 0);
  const { failed, gold } = await validateAndBuild(context, changed);
  const result = {
    bundles: plan.chunks.flat().length,
    quarantined,
    failed: failed.length,
    inserted: sum(merges, "inserted"),
    updated: sum(merges, "updated"),
    deleted: sum(merges, "deleted"),
    commits: sum(merges, "commits"),
    ...(gold && { gold: gold.mode, goldRows: gold.rows }),
  };
  return { plan, result };
}

/** The rules and Gold are looked at side by side, unless the rules may stop Gold. */
async function validateAndBuild(
  { id, input, lake, runChildren }: JobContext<Input, Checkpoint>,
  changed: boolean,
) {
  const validation = changed ? [child(silverValidate, { refresh: id, run: id, strict: false })] : [];
  const build = input.withGold
    ? [child(goldBuild, { full: input.full && changed, strict: input.strict })]
    : [];
  if (!input.strict) {
    const both: Child<OutputOf<typeof silverValidate> | OutputOf<typeof goldBuild>>[] = [
      ...validation,
      ...build,
    ];
    const parts = await runChildren("validate-and-gold", both);
    const { failed } = await lastValidation(lake);
    return { failed, gold: parts.find((part) => "mode" in part) };
  }
  if (changed) await runChildren("validate", validation);
  const { failed } = await lastValidation(lake);
  if (failed.length > 0)
    throw new DataError(`Rules fail in ${failed.join(", ")}: silver.ingest_log names them`);
  const [gold] = input.withGold ? await runChildren("gold", build) : [];
  return { failed, gold };
}

type OutputOf<Kind extends { load(): Promise<{ run: (context: never) => unknown }> }> = Awaited<
  ReturnType<Awaited<ReturnType<Kind["load"]>>["run"]>
>;

async function planOnce({ id, input, lake, checkpoint, saveCheckpoint }: JobContext<Input, Checkpoint>) {
  const kept = await readPlan(lake, id);
  if (kept) return kept;
  const startedAt = checkpoint?.startedAt ?? Date.now();
  const plan = await planRefresh(lake, {
    full: input.full,
    ...(input.cohorts && { cohorts: input.cohorts }),
  });
  if (plan.cohorts.length === 0 && !input.mayBeEmpty) {
    throw new DataError("Bronze holds no such cohort: land bundles first with `millrace land --source DIR`");
  }
  const stored = await writePlan(lake, id, plan, {
    startedAt,
    maxBundleBytes: input.maxBundleBytes,
    parsed: await parsedBundles(lake),
  });
  await saveCheckpoint({ startedAt, chunks: stored.chunks.length });
  return stored;
}

async function parse({ id, lake, runChildren }: JobContext<Input, Checkpoint>, plan: StoredPlan) {
  if (plan.chunks.length === 0) return [];
  await runChildren(
    "parse",
    plan.chunks.map((_, chunk) => child(cohortParse, { refresh: id, chunk })),
  );
  return await readOutcomes(lake, id, plan);
}

/** Bundles that say what they said, and are in Silver as they were, leave nothing to merge. */
async function merge(
  { id, lake, runChildren }: JobContext<Input, Checkpoint>,
  plan: StoredPlan,
  outcomes: readonly ChunkOutcome[],
) {
  if (!outcomes.some(({ isStaged }) => isStaged) && plan.withdrawn.length === 0) return [];
  const tables = await tablesToMerge(lake, id, plan, outcomes);
  if (tables.length === 0) return [];
  return runChildren(
    "merge",
    tables.map((table) => child(silverMerge, { refresh: id, table })),
  );
}

type Merge = Awaited<ReturnType<typeof merge>>[number];

const untouched = { inserted: 0, updated: 0, deleted: 0, durationMs: 0 };

/** Marks the bundles as read only now that every table shows them: killed before, a refresh reads them again. */
async function settle(
  lake: Lake,
  id: string,
  plan: StoredPlan,
  outcomes: readonly ChunkOutcome[],
  merges: readonly Merge[],
): Promise<number> {
  const settled = await readMerges(lake, id);
  if (settled) return settled.quarantined;
  const reasons = new Map(
    outcomes.flatMap(({ quarantined }) => quarantined.map(({ name, reason }) => [name, reason] as const)),
  );
  const fingerprints = new Map(outcomes.flatMap(({ fingerprints: staged }) => Object.entries(staged)));
  await recordShared(lake, await sharedOf(lake, id, plan, outcomes, merges));
  const isRead = (name: string) => reasons.has(name) || fingerprints.has(name);
  await recordParsed(
    lake,
    plan.chunks.flat().flatMap(({ cohort, name, sha256 }) =>
      isRead(name)
        ? [
            {
              cohort,
              name,
              sha256,
              rules: parserRules,
              reason: reasons.get(name) ?? null,
              fingerprint: fingerprints.get(name) ?? null,
            },
          ]
        : [],
    ),
    new Date(plan.startedAt),
  );
  await forgetParsed(lake, plan.withdrawn);
  if (merges.length > 0) await writeSilverState(lake, plan.dicom);
  await writeMerges(lake, id, {
    startedAt: plan.startedAt,
    quarantined: reasons.size,
    tables: Object.fromEntries([
      ...silverNames.map((name) => [name, untouched] as const),
      ...merges.map(
        ({ table, inserted, updated, deleted, durationMs }) =>
          [table, { inserted, updated, deleted, durationMs }] as const,
      ),
    ]),
  });
  return reasons.size;
}

/** What this refresh has seen of bundles that hold records of one id. */
async function sharedOf(
  lake: Lake,
  id: string,
  plan: StoredPlan,
  outcomes: readonly ChunkOutcome[],
  merges: readonly Merge[],
): Promise<SharedBundles> {
  const repeating = merges.flatMap(({ table, repeats }) => (repeats ? [table] : []));
  return [
    ...((await readSharers(lake, id))?.shared ?? []),
    ...(await sharedAmongStaged(lake, repeating, (table) => stagedFiles(lake, id, plan, outcomes, table))),
  ];
}

function sum(merges: readonly Merge[], field: "inserted" | "updated" | "deleted" | "commits"): number {
  return merges.reduce((total, merge) => total + merge[field], 0);
}
