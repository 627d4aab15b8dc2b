import type { Places } from "../../../data/delta/table.ts";
import type { TableName } from "../../../data/lake.ts";
import { openIndexEmbedder } from "../../../data/vectors/embedders/open-embedder.ts";
import type { IndexDefinition } from "../../../data/vectors/index-definition.ts";
import { readIndex } from "../../../data/vectors/indexes.ts";
import { commitVectors, judge } from "../../../data/vectors/refresh/commit.ts";
import { embedHere, partSize } from "../../../data/vectors/refresh/embed-missing.ts";
import { keepMissing } from "../../../data/vectors/refresh/missing.ts";
import { needsGeneration } from "../../../data/vectors/refresh/needs-generation.ts";
import { compareRows, type Plan } from "../../../data/vectors/refresh/plan.ts";
import { findPlan, openPlan, removeStaged, stagePlan } from "../../../data/vectors/refresh/staged-refresh.ts";
import { embeddedVersion, recipeOf, writeLastRefresh } from "../../../data/vectors/refresh/state.ts";
import { openWorkbench, type Workbench } from "../../../data/vectors/refresh/workbench.ts";
import { autotuneCycle } from "../../autotune/autotune-cycle/job.ts";
import { child, type JobContext } from "../../define-job.ts";
import { runInThread } from "../../thread.ts";
import { embeddingBatch } from "../embedding-batch/job.ts";
import { vectorsBuild } from "../vectors-build/job.ts";
import type { Checkpoint, Input } from "./job.ts";

type Context = JobContext<Input, Checkpoint>;

/** How long a grown index is looked at; the night has more time. */
const LOOK_S = 300;

const nothing = { new: 0, changed: 0, deleted: 0, unchanged: 0, empty: 0 };

export async function run(context: Context) {
  const { lake, input } = context;
  const index = await readIndex(lake, input.index);
  const source = await lake.table(index.table as TableName).snapshot();
  const recipe = recipeOf(index, source);
  const refresh = context.checkpoint ?? begin(source.version);
  const txn = { appId: recipe, version: refresh.sourceVersion };
  const from = await embeddedVersion(lake, index, recipe);
  if (from !== undefined && from >= txn.version)
    return { rows: nothing, chunks: { embedded: 0, cached: 0, refused: 0 }, outcome: "unchanged" as const };

  await using bench = await openWorkbench(lake, {
    signal: context.signal,
    inThread: (module, work) => runInThread(module, work, threadOptions(context)),
  });
  const { plan, places } = await makeVectors(context, bench, index, { from, refresh });
  const judged = await judge(bench, index);
  const written = await commitVectors(bench, index, judged, { txn, places });
  // None of these needs another: a run that is killed among them finds the commit, or nothing to commit once more.
  const [hasGrown] = await Promise.all([
    written.outcome === "committed" && needsGeneration(lake, index, written),
    writeLastRefresh(lake, index, { recipe, sourceVersion: txn.version }),
    removeStaged(lake, index.name),
  ]);
  if (hasGrown) await followUp(context, index);
  const seconds = (Date.now() - refresh.startedAt) / 1_000;
  return {
    rows: plan.counts,
    chunks: { embedded: plan.toEmbed, cached: plan.cached, refused: judged.refused.chunks },
    refused: judged.refused,
    outcome: written.outcome,
    sourceVersion: txn.version,
    version: written.version,
    asksForBuild: hasGrown,
    seconds,
    chunksPerSecond: seconds > 0 ? Math.round(plan.toEmbed / seconds) : 0,
  };
}

/** An index that has grown is built over its rows, and then looked at anew: what was best for fewer may not be for more. */
async function followUp({ enqueue }: Context, { name, backend }: IndexDefinition): Promise<void> {
  await enqueue(vectorsBuild, { index: name, force: false });
  const look = { index: name, budgetSeconds: LOOK_S };
  if (backend === "hnsw") await enqueue(autotuneCycle, autotuneCycle.input.parse(look));
}

function begin(sourceVersion: number): Checkpoint {
  const now = Date.now();
  return { number: now, sourceVersion, startedAt: now };
}

interface Made {
  readonly plan: Plan;
  /** Known while the workbench is the one that the plan was made on. */
  readonly places?: Places | undefined;
}

/**
 * Leaves on the workbench all that the commit needs. Much work is cut into jobs, which several workers share; only then
 * is there something to go on with, and time to watch it.
 */
async function makeVectors(
  context: Context,
  bench: Workbench,
  index: IndexDefinition,
  { from, refresh }: { from: number | undefined; refresh: Checkpoint },
): Promise<Made> {
  const staged = { index: index.name, number: refresh.number };
  const found = context.checkpoint && (await findPlan(bench.lake, staged));
  const made = found
    ? { plan: found }
    : await makePlan(context, bench, index, { from, to: refresh.sourceVersion });
  const { plan } = made;
  const size = partSize(index);
  if (!found && plan.toEmbed <= size.alone) {
    if (plan.toEmbed > 0) await embedHere(bench, index, await openEmbedder(context, index), plan.toEmbed);
    return made;
  }
  if (!found) {
    await context.saveCheckpoint(refresh);
    await tellOf(context, plan);
    await stagePlan(bench, staged, plan);
  }
  const parts = [];
  for (let first = 0; first < plan.toEmbed; first += size.ofJob) {
    const range = { first, last: Math.min(plan.toEmbed, first + size.ofJob) };
    parts.push(child(embeddingBatch, { ...staged, ...range }));
  }
  await context.runChildren("embed", parts);
  await context.reportProgress({ stage: "commit", done: 0, total: 1, unit: "tables" });
  await openPlan(bench, staged);
  return { plan };
}

async function makePlan(
  context: Context,
  bench: Workbench,
  index: IndexDefinition,
  scope: { from: number | undefined; to: number },
): Promise<Made> {
  if (scope.from === undefined)
    await context.reportProgress({ stage: "compare", done: 0, total: null, unit: "rows" });
  const { counts, wanted, places } = await compareRows(bench, index, scope);
  return { plan: { counts, ...(await keepMissing(bench, index, wanted)) }, places };
}

async function tellOf({ reportProgress, note }: Context, { counts }: Plan): Promise<void> {
  const looked = counts.new + counts.changed + counts.unchanged + counts.deleted + counts.empty;
  await reportProgress({ stage: "compare", done: looked, total: looked, unit: "rows" });
  await note(
    `${counts.new} new, ${counts.changed} changed, ${counts.deleted} deleted, ${counts.unchanged} unchanged, ${counts.empty} empty rows`,
  );
}

function openEmbedder({ modelServer, signal }: Context, index: IndexDefinition) {
  return openIndexEmbedder(index, { server: modelServer, signal });
}

function threadOptions({ signal, reportProgress }: Context) {
  return {
    signal,
    onProgress: (progress: Parameters<typeof reportProgress>[0]) => void reportProgress(progress),
  };
}
