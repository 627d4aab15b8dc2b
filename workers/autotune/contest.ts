import { randomUUID } from "node:crypto";
import { type Judgement, judge } from "../../data/vectors/autotune/promotion.ts";
import type { Shape } from "../../data/vectors/autotune/propose.ts";
import type { Pointer } from "../../data/vectors/generation.ts";
import { sweptWidths } from "../../data/vectors/generations/default-setting.ts";
import { deleteBuild, flip, type NewGeneration, prune } from "../../data/vectors/generations/pointers.ts";
import type { PreparedRows } from "../../data/vectors/generations/prepare.ts";
import type { BuildOutcome } from "../../data/vectors/hnsw/build.thread.ts";
import { type IndexDefinition, indexFolder } from "../../data/vectors/index-definition.ts";
import { recordTrials } from "../../data/vectors/trials/journal.ts";
import type { Measured } from "../../data/vectors/trials/measure.ts";
import { buildTrial, measureAgain, toTrials } from "./trial-build.ts";
import type { TuneContext } from "./tuning.ts";

interface ContestOptions {
  readonly rows: PreparedRows;
  readonly champion: Pointer;
  readonly finalists: readonly Shape[];
  readonly gate: number;
  readonly seed: number;
  /** Asked with the number of builds that the contest has made. */
  isOver(builds: number): boolean;
}

export interface Contest {
  readonly promoted: Pointer | undefined;
  readonly why: string;
  readonly builds: number;
}

/** What might serve instead: a file that was measured twice, each time beside the champion. */
interface Challenger {
  readonly generation: NewGeneration;
  readonly judgement: Judgement;
}

const ROUNDS = 2;

/** Builds the finalists over all rows and lets the best that wins serve. All other files go. */
export async function contest(
  context: TuneContext,
  definition: IndexDefinition,
  options: ContestOptions,
): Promise<Contest> {
  const { champion, finalists, rows } = options;
  const challengers: Challenger[] = [];
  let builds = 0;
  const shapes = finalists.filter((shape) => !isChampion(shape, champion, options.seed));
  const own = await challenge(context, definition, options, { ...champion.generation });
  challengers.push(own);
  for (const [done, shape] of shapes.entries()) {
    if (options.isOver(builds)) break;
    await context.reportProgress({ stage: "all rows", done, total: shapes.length, unit: "builds" });
    const { generation, built } = await buildWhole(context, definition, options, shape);
    builds += 1;
    const challenger = await challenge(context, definition, options, generation);
    challengers.push(challenger);
    const told = {
      index: definition.name,
      trial: `${context.id} 1 ${shape.m}/${shape.efConstruction}`,
      origin: "autotune" as const,
      setting: { ...shape, seed: options.seed },
      share: 1,
      tableVersion: rows.tableVersion,
      decision: challenger.judgement.why,
    };
    await recordTrials(context.lake, toTrials(built, built.rounds[0] ?? [], told));
    await context.note(`M ${shape.m}, ef ${shape.efConstruction} on all rows: ${challenger.judgement.why}`);
  }
  return { ...(await settle(context, definition, champion, challengers)), builds };
}

function isChampion({ m, efConstruction }: Shape, { generation }: Pointer, seed: number): boolean {
  const { setting } = generation;
  return setting.m === m && setting.efConstruction === efConstruction && setting.seed === seed;
}

async function buildWhole(
  context: TuneContext,
  definition: IndexDefinition,
  { rows, seed, champion }: ContestOptions,
  shape: Shape,
): Promise<{ generation: NewGeneration; built: BuildOutcome }> {
  const { storage } = context.lake;
  const key = `${indexFolder(definition.name)}/generations/${randomUUID()}.hnsw`;
  const draft = await storage.draft(key);
  try {
    const setting = { ...shape, seed };
    const built = await buildTrial(context, rows, { setting, path: draft.path, sweep: sweepFor(champion) });
    if (!built.file) throw new Error("The build left no file.");
    context.signal.throwIfAborted();
    await draft.publish();
    const generation: NewGeneration = {
      backend: "hnsw",
      key,
      ...built.file,
      tableVersion: rows.tableVersion,
      rows: built.rows,
      model: definition.model,
      dimensions: definition.dimensions,
      setting: { ...setting, efSearch: 0 },
      buildSeconds: built.buildSeconds,
      recall: null,
      p50Ms: null,
      widths: (built.rounds[0] ?? []).map(({ efSearch, recall }) => ({ efSearch, recall })),
      builtAt: new Date().toISOString(),
    };
    return { generation, built };
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

/** Measures a file and the champion in turn, so that a busy machine slows both. */
async function challenge(
  context: TuneContext,
  definition: IndexDefinition,
  { champion, rows, gate }: ContestOptions,
  generation: NewGeneration,
): Promise<Challenger> {
  const { setting } = champion.generation;
  const sweep = sweepFor(champion);
  const order = await rows.order({ setting, sweep, tempDir: "" });
  const both = [champion.generation, ...(generation.key === champion.generation.key ? [] : [generation])];
  const files = both.map(async ({ key, sha256 }) => ({
    path: await context.lake.storage.localPath(key),
    sha256,
  }));
  const rounds = await measureAgain(context, {
    files: await Promise.all(files),
    metric: definition.metric,
    dimensions: definition.dimensions,
    queries: order.queries,
    truth: order.truth ?? [],
    sweep,
    rounds: ROUNDS,
  });
  const own = rounds.map(([first = []]) =>
    asBuilt(champion.generation, first).find(({ efSearch }) => efSearch === setting.efSearch),
  );
  const theirs = rounds.map((round) => asBuilt(generation, round.at(-1) ?? []));
  const { width, judgement, points } = bestWidth(sweep, theirs, own, gate);
  const [first] = points;
  return {
    judgement,
    generation: {
      ...generation,
      setting: { ...generation.setting, efSearch: width },
      recall: first?.recall ?? null,
      p50Ms: first?.p50Ms ?? null,
    },
  };
}

function sweepFor({ generation }: Pointer): number[] {
  return [...new Set([...sweptWidths, generation.setting.efSearch])].sort((a, b) => a - b);
}

/** The times are of now; what it finds was measured when the rows that ask were not yet in it. */
function asBuilt({ widths }: NewGeneration, measured: readonly Measured[]): Measured[] {
  const recalls = new Map(widths.map(({ efSearch, recall }) => [efSearch, recall]));
  return measured.map((each) => ({ ...each, recall: recalls.get(each.efSearch) ?? each.recall }));
}

/** Of the widths that win the quickest; of those that do not, the narrowest that finds enough tells why. */
function bestWidth(
  sweep: readonly number[],
  rounds: readonly (readonly Measured[])[],
  champion: readonly (Measured | undefined)[],
  gate: number,
): { width: number; judgement: Judgement; points: readonly Measured[] } {
  const judged = sweep.map((width) => {
    const points = rounds.flatMap((round) => round.find(({ efSearch }) => efSearch === width) ?? []);
    return { width, points, judgement: judge(points, champion, gate) };
  });
  const time = ({ points }: (typeof judged)[number]) => points[0]?.p50Ms ?? Number.POSITIVE_INFINITY;
  const winning = judged.filter(({ judgement }) => judgement.promote).toSorted((a, b) => time(a) - time(b));
  const enough = judged.find(({ points }) => points.every(({ recall }) => recall >= gate));
  const told = winning[0] ?? enough ?? judged.at(-1);
  return told ?? { width: 1, judgement: { promote: false, why: "it was not measured" }, points: [] };
}

async function settle(
  { lake }: TuneContext,
  definition: IndexDefinition,
  champion: Pointer,
  challengers: readonly Challenger[],
): Promise<Omit<Contest, "builds">> {
  const { storage } = lake;
  const winner = challengers
    .filter(({ judgement }) => judgement.promote)
    .toSorted((a, b) => (a.generation.p50Ms ?? 0) - (b.generation.p50Ms ?? 0))[0];
  const flipped =
    winner &&
    (await flip(storage, definition.name, winner.generation, {
      reason: `autotune: ${winner.judgement.why}`,
      expected: champion.sequence,
    }));
  const promoted = flipped?.outcome === "serving" ? flipped.pointer : undefined;
  const serving = new Set([champion.generation.key, promoted?.generation.key]);
  for (const { generation } of challengers)
    if (!serving.has(generation.key)) await deleteBuild(storage, generation.key);
  if (promoted) await prune(storage, definition.name);
  if (promoted) return { promoted, why: winner?.judgement.why ?? "" };
  if (winner) return { promoted, why: "another generation was put in place meanwhile; nothing was changed" };
  return { promoted, why: challengers.at(-1)?.judgement.why ?? "nothing was tried" };
}
