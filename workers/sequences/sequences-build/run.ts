import type { Lake } from "../../../data/lake.ts";
import { cutSubjects, type SubjectRange, withoutGaps } from "../../../data/sequences/exports/shards.ts";
import { models } from "../../../data/sequences/model.ts";
import { readPart, removeParts } from "../../../data/sequences/parts.ts";
import { ABSENT, type Recipes, recipesOf, sourceRecipe } from "../../../data/sequences/recipe.ts";
import { addSteps } from "../../../data/sequences/run-model.ts";
import { findSources } from "../../../data/sequences/sources/find-sources.ts";
import { icdMapRecipe } from "../../../data/sequences/sources/icd-map.ts";
import { sourceTables } from "../../../data/sequences/sources/tables.ts";
import { type Build, lastSteps, recordSteps, type Step, txnOf } from "../../../data/sequences/steps.ts";
import {
  currentRecipes,
  icdMapTable,
  nextBuildNumber,
  openTables,
  rawName,
  sequencesTable,
} from "../../../data/sequences/tables.ts";
import { child, type JobContext } from "../../define-job.ts";
import { sequencesFit } from "../sequences-fit/job.ts";
import { sequencesImport } from "../sequences-import/job.ts";
import { sequencesRange } from "../sequences-range/job.ts";
import type { Checkpoint, Input } from "./job.ts";

export async function run(context: JobContext<Input, Checkpoint>) {
  const { input, lake } = context;
  const number = context.checkpoint?.number ?? (await nextBuildNumber(lake));
  const build: Build = { id: context.id, number };
  if (!context.checkpoint) await context.saveCheckpoint({ number });

  const sources = await findSources(input.source);
  const mode = (table: (typeof sources)[number]["table"]) => input.onBadRow ?? table.onBadRow;
  const raw = new Map(sources.map((file) => [rawName(file.table), sourceRecipe(file, mode(file.table))]));
  const icdMaps = input.settings.icd === "icd10" ? input.icdMaps : undefined;
  if (icdMaps) raw.set(icdMapTable, await icdMapRecipe(icdMaps));
  const wanted = recipesOf(raw, input.settings);

  const stages = new Stages(context, build, wanted);
  // The largest first: nothing else goes on while the last of them is read.
  const bySize = sources.toSorted((a, b) => b.sizeBytes - a.sizeBytes);
  await stages.import(bySize.map((file) => ({ name: file.table.name, onBadRow: mode(file.table) })));
  await stages.fit();
  const ranges = await stages.ranges();
  const steps = await commit(
    lake,
    build,
    wanted,
    ranges,
    sources.map(({ table }) => table.name),
  );
  await removeParts(lake, build);

  const tokens = steps.find(({ step }) => step === "tokens_final");
  return {
    made: steps.length,
    events: steps.find(({ step }) => step === "events_merged")?.rows_out,
    tokens: tokens?.rows_out,
  };
}

/** The parts of a build, each a stage of jobs that leave their work in the lake. */
class Stages {
  readonly #context: JobContext<Input, Checkpoint>;
  readonly #build: Build;
  readonly #wanted: Recipes;

  constructor(context: JobContext<Input, Checkpoint>, build: Build, wanted: Recipes) {
    this.#context = context;
    this.#build = build;
    this.#wanted = wanted;
  }

  async import(tables: readonly { name: string; onBadRow: "fail" | "skip" }[]): Promise<void> {
    const { source, settings, icdMaps } = this.#context.input;
    const common = { build: this.#build, source };
    await this.#context.runChildren("import", [
      ...tables.map(({ name, onBadRow }) => child(sequencesImport, { ...common, table: name, onBadRow })),
      ...(settings.icd === "icd10" && icdMaps
        ? [child(sequencesImport, { ...common, table: icdMapTable, onBadRow: "fail" as const, icdMaps })]
        : []),
    ]);
  }

  async fit(): Promise<void> {
    const { settings } = this.#context.input;
    await this.#context.runChildren("fit", [
      child(sequencesFit, { build: this.#build, settings, recipes: Object.fromEntries(this.#wanted) }),
    ]);
  }

  /** Ranges are cut once: the stage's parts must not change between two runs of this job. */
  async ranges(): Promise<readonly SubjectRange[]> {
    const { input, checkpoint } = this.#context;
    const ranges = checkpoint?.ranges ?? (await cutRanges(this.#context.lake, input.rowsPerRange));
    if (!checkpoint?.ranges) {
      await this.#context.saveCheckpoint({ number: this.#build.number, ranges: [...ranges] });
    }
    await this.#context.runChildren(
      "ranges",
      ranges.map((range) =>
        child(sequencesRange, {
          build: this.#build,
          settings: input.settings,
          recipes: Object.fromEntries(this.#wanted),
          range,
        }),
      ),
    );
    return ranges;
  }
}

/** Subjects without a lab weigh by their admissions. */
async function cutRanges(lake: Lake, rowsPerRange: number): Promise<readonly SubjectRange[]> {
  const connection = await (await lake.duckdb()).connect();
  try {
    await openTables(lake, connection, ["raw_labevents", "raw_admissions"]);
    const ranges = await cutSubjects(
      connection,
      "(select subject_id from raw_labevents union all select subject_id from raw_admissions)",
      rowsPerRange,
    );
    return withoutGaps(ranges);
  } finally {
    connection.closeSync();
  }
}

/** Each table takes up what all ranges left for it, in one commit; tables that have their recipe already stay. */
async function commit(
  lake: Lake,
  build: Build,
  wanted: Recipes,
  ranges: readonly SubjectRange[],
  sources: readonly string[],
): Promise<Step[]> {
  const names = [
    ...sources.map((name) => `import-${name}`),
    "fit",
    ...ranges.map(({ from }) => `range-${from}`),
  ];
  const parts = await Promise.all(names.map((name) => readPart(lake, build, name)));
  const current = await currentRecipes(lake);
  for (const { name, bySubject } of models) {
    const recipe = wanted.get(name) ?? "";
    const staged = parts.flatMap((part) => part?.staged[name] ?? []);
    if (!bySubject || staged.length === 0 || current.get(name) === recipe) continue;
    await sequencesTable(lake, name).replaceWithStaged(staged, { txn: txnOf(build), info: { recipe } });
  }
  const steps = addSteps(parts.flatMap((part) => part?.steps ?? []));
  await recordSteps(lake, build, [...steps, ...(await clearAbsent(lake, build, sources))]);
  return steps;
}

/** A table must not keep the rows of another release whose file this one does not have. */
async function clearAbsent(lake: Lake, build: Build, sources: readonly string[]): Promise<Step[]> {
  const last = await lastSteps(lake);
  const steps: Step[] = [];
  for (const source of sourceTables) {
    const name = rawName(source);
    const record = last.get(name);
    if (sources.includes(source.name) || !record || record.recipe === ABSENT) continue;
    await sequencesTable(lake, name).replaceWithStaged([], { txn: txnOf(build), info: { recipe: ABSENT } });
    steps.push({
      ...record,
      recipe: ABSENT,
      rows_in: 0,
      rows_out: 0,
      rejects: 0,
      reject_examples: [],
      seconds: 0,
    });
  }
  return steps;
}
