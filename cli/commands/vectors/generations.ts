import { loadedIndexesOf } from "../../../data/vectors/generations/loaded-indexes.ts";
import { pointerLog, rollBack } from "../../../data/vectors/generations/pointers.ts";
import { readIndex } from "../../../data/vectors/indexes.ts";
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

export async function buildVectors(
  context: CliContext,
  index: string,
  { force = false }: { readonly force?: boolean },
): Promise<void> {
  const built = await runJob(context, vectorsBuild, { index, force });
  context.output.result(
    built,
    (paint) => `${paint("green", built.outcome)} generation ${built.generation ?? "none"}`,
  );
}
