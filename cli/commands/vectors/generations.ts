import type { HnswSetting } from "../../../data/vectors/generation.ts";
import { loadedIndexesOf } from "../../../data/vectors/generations/loaded-indexes.ts";
import { pointerLog, rollBack } from "../../../data/vectors/generations/pointers.ts";
import { readIndex } from "../../../data/vectors/indexes.ts";
import { settingOfTrial } from "../../../data/vectors/trials/setting-of-trial.ts";
import { vectorsBuild } from "../../../workers/embedding/vectors-build/job.ts";
import type { CliContext } from "../../context.ts";
import { runJob } from "../../follow-job.ts";

const columns = [
  { title: "generation", align: "right" },
  { title: "since" },
  { title: "rows", align: "right" },
  { title: "M", align: "right" },
  { title: "ef", align: "right" },
  { title: "recall", align: "right" },
  { title: "why" },
] as const;

/** What has served an index, the newest last. */
export async function listGenerations(context: CliContext, index: string): Promise<void> {
  await using lake = await context.openLake();
  await readIndex(lake, index);
  const log = await pointerLog(lake.storage, index);
  context.output.table({ pointers: log }, columns, () =>
    log.map(({ generation, at, reason }) => [
      String(generation.number),
      at.slice(0, 19).replace("T", " "),
      String(generation.rows),
      String(generation.setting.m),
      `${generation.setting.efConstruction}/${generation.setting.efSearch}`,
      generation.recall?.toFixed(3) ?? "",
      reason,
    ]),
  );
}

export async function rollBackVectors(
  context: CliContext,
  index: string,
  { to }: { readonly to?: number },
): Promise<void> {
  await using lake = await context.openLake();
  await readIndex(lake, index);
  const pointer = await rollBack(lake.storage, index, { to, reason: "rolled back by hand" });
  await loadedIndexesOf(lake).look(index);
  context.output.result(
    pointer,
    (paint) => `${paint("green", "serving")} generation ${pointer.generation.number}`,
  );
}

/** Builds with what a trial was built with, and lets that serve. */
export async function promoteTrial(
  context: CliContext,
  index: string,
  trial: string,
  { width }: { readonly width?: number },
): Promise<void> {
  const setting = await settingIn(context, index, { trial, efSearch: width });
  const built = await runJob(context, vectorsBuild, { index, setting, force: false });
  showBuilt(context, built);
}

async function settingIn(
  context: CliContext,
  index: string,
  chosen: { readonly trial: string; readonly efSearch: number | undefined },
): Promise<HnswSetting> {
  await using lake = await context.openLake();
  return settingOfTrial(lake, await readIndex(lake, index), chosen);
}

export async function buildVectors(
  context: CliContext,
  index: string,
  { force = false }: { readonly force?: boolean },
): Promise<void> {
  const built = await runJob(context, vectorsBuild, { index, force });
  showBuilt(context, built);
}

function showBuilt(
  { output }: CliContext,
  built: { readonly outcome: string; readonly generation?: number },
): void {
  output.result(
    built,
    (paint) => `${paint("green", built.outcome)} generation ${built.generation ?? "none"}`,
  );
}
