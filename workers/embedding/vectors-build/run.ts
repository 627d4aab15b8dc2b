import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ownTempDir } from "../../../data/own-temp-dir.ts";
import type { Draft, Storage } from "../../../data/storage/storage.ts";
import type { HnswSetting, Pointer } from "../../../data/vectors/generation.ts";
import { defaultSetting, sweptWidths } from "../../../data/vectors/generations/default-setting.ts";
import {
  currentPointer,
  deleteBuild,
  flip,
  type NewGeneration,
  prune,
} from "../../../data/vectors/generations/pointers.ts";
import { type PreparedRows, prepareRows } from "../../../data/vectors/generations/prepare.ts";
import { troubleOf } from "../../../data/vectors/generations/readable.ts";
import { loadBinding } from "../../../data/vectors/hnsw/binding.ts";
import type { BuildOrder, BuildOutcome } from "../../../data/vectors/hnsw/build.thread.ts";
import { type Backend, type IndexDefinition, indexFolder } from "../../../data/vectors/index-definition.ts";
import { readIndex } from "../../../data/vectors/indexes.ts";
import type { Measured } from "../../../data/vectors/trials/measure.ts";
import type { JobContext } from "../../define-job.ts";
import { runNativeThread } from "../../native-thread.ts";
import type { Input } from "./job.ts";

type Context = JobContext<Input, never>;

const thread = new URL("../../../data/vectors/hnsw/build.thread.ts", import.meta.url);
const lanceThread = new URL("../../../data/vectors/lance/build.thread.ts", import.meta.url);

/** How often a build that finds too little is made again, twice as strong. */
const STRONGER = 2;

export interface Built {
  readonly outcome: "serving" | "superseded" | "unchanged" | "empty" | "exact-only";
  readonly generation?: number;
  readonly rows: number;
  readonly recall?: number | null;
  readonly buildSeconds?: number;
}

export async function run(context: Context): Promise<Built> {
  const { lake, input, note } = context;
  const definition = await readIndex(lake, input.index);
  const rows = await prepareRows(lake, definition);
  if (rows.rows === 0) return { outcome: "empty", rows: 0 };
  if (definition.backend === "hnsw" && !(await loadBinding())) {
    await note("The graph library is not installed here; searches compare every row.");
    return { outcome: "exact-only", rows: rows.rows };
  }
  const current = await currentPointer(lake.storage, input.index);
  if (!input.force && current && holds(current, rows, input.setting) && (await isReadable(context, current)))
    return { outcome: "unchanged", generation: current.generation.number, rows: rows.rows };

  const setting = settingOf(input, current);
  const generation = await build(context, definition, rows, setting);
  const flipped = await flip(lake.storage, input.index, generation, {
    reason: reasonOf(generation, definition),
  });
  if (flipped.outcome === "superseded") {
    await deleteBuild(lake.storage, generation.key);
    return { outcome: "superseded", generation: flipped.pointer.generation.number, rows: rows.rows };
  }
  await prune(lake.storage, input.index);
  const { number, recall, buildSeconds } = flipped.pointer.generation;
  return { outcome: "serving", generation: number, rows: rows.rows, recall, buildSeconds };
}

/** Running again changes nothing: the generation that serves holds these rows in this way already. */
function holds({ generation }: Pointer, { tableVersion }: PreparedRows, wanted: Input["setting"]): boolean {
  if (generation.tableVersion !== tableVersion) return false;
  const { setting } = generation;
  return (
    !wanted ||
    (wanted.m === setting.m &&
      wanted.efConstruction === setting.efConstruction &&
      wanted.seed === setting.seed &&
      (wanted.efSearch ?? setting.efSearch) === setting.efSearch)
  );
}

async function isReadable({ lake, note }: Context, { generation }: Pointer): Promise<boolean> {
  const trouble = await troubleOf(lake.storage, generation);
  if (trouble) await note(`The file of generation ${generation.number} is broken: ${trouble}`);
  return trouble === undefined;
}

function settingOf({ setting }: Input, current: Pointer | undefined): HnswSetting {
  const known = current?.generation.setting ?? defaultSetting;
  return setting ? { ...setting, efSearch: setting.efSearch ?? known.efSearch } : known;
}

async function build(
  context: Context,
  definition: IndexDefinition,
  rows: PreparedRows,
  first: HnswSetting,
): Promise<NewGeneration> {
  let setting = first;
  for (let tried = 0; ; tried += 1) {
    const { generation, found } = await buildOnce(context, definition, rows, setting);
    const enough = (generation.recall ?? 1) >= definition.targetRecall;
    if (enough || found === undefined || tried === STRONGER || context.input.setting) return generation;
    await context.note(
      `recall ${found.recall.toFixed(3)} is below ${definition.targetRecall}: building stronger`,
    );
    await deleteBuild(context.lake.storage, generation.key);
    const m = Math.min(64, setting.m * 2);
    setting = { ...setting, m, efConstruction: Math.min(800, setting.efConstruction * 2) };
  }
}

async function buildOnce(
  context: Context,
  definition: IndexDefinition,
  rows: PreparedRows,
  setting: HnswSetting,
): Promise<{ generation: NewGeneration; found: Measured | undefined }> {
  const { lake, signal, reportProgress } = context;
  const { backend } = definition;
  const key = `${indexFolder(definition.name)}/generations/${randomUUID()}.${backend}`;
  const draft = await lake.storage.draft(key);
  try {
    const sweep = [...new Set([...sweptWidths, setting.efSearch])].sort((a, b) => a - b);
    const order = await rows.order({
      setting,
      path: draft.path,
      sweep,
      tempDir: join(ownTempDir, "vectors"),
    });
    const built = await runNativeThread<BuildOrder, BuildOutcome>(
      backend === "hnsw" ? thread : lanceThread,
      order,
      { signal, onProgress: (progress) => void reportProgress(progress).catch(() => undefined) },
    );
    if (!built.file) throw new Error("The build left no file.");
    if (!order.truth) await rows.remember(built.truth);
    const found = chosenWidth(
      built.rounds[0] ?? [],
      definition.targetRecall,
      context.input.setting?.efSearch,
    );
    signal.throwIfAborted();
    await publish(lake.storage, backend, key, draft);
    return {
      found,
      generation: {
        backend,
        key,
        ...built.file,
        tableVersion: rows.tableVersion,
        rows: built.rows,
        model: definition.model,
        dimensions: definition.dimensions,
        setting: { ...setting, efSearch: found?.efSearch ?? setting.efSearch },
        buildSeconds: built.buildSeconds,
        recall: found?.recall ?? null,
        p50Ms: found?.p50Ms ?? null,
        widths: (built.rounds[0] ?? []).map(({ efSearch, recall }) => ({ efSearch, recall })),
        builtAt: new Date().toISOString(),
      },
    };
  } catch (error) {
    await rm(draft.path, { recursive: true, force: true });
    throw error;
  }
}

/** Of Lance the draft is a folder, whose files are put one by one: nobody looks there before the pointer says so. */
async function publish(storage: Storage, backend: Backend, key: string, draft: Draft): Promise<void> {
  if (backend === "hnsw") {
    await draft.publish();
    return;
  }
  for (const name of await readdir(draft.path, { recursive: true })) {
    const path = join(draft.path, name);
    if ((await stat(path)).isFile()) await storage.put(`${key}/${name}`, createReadStream(path));
  }
  await rm(draft.path, { recursive: true, force: true });
}

/** The narrowest search that finds enough; else the one that finds most. */
function chosenWidth(
  sweep: readonly Measured[],
  target: number,
  asked: number | undefined,
): Measured | undefined {
  if (asked !== undefined) return sweep.find(({ efSearch }) => efSearch >= asked) ?? sweep.at(-1);
  return sweep.find(({ recall }) => recall >= target) ?? sweep.toSorted((a, b) => b.recall - a.recall)[0];
}

function reasonOf({ recall, setting }: NewGeneration, { targetRecall }: IndexDefinition): string {
  if (recall === null) return "built";
  const found = `recall ${recall.toFixed(3)} at width ${setting.efSearch}`;
  return recall >= targetRecall ? `built: ${found}` : `built: ${found}, below the target ${targetRecall}`;
}
