import { join } from "node:path";
import { currentPointer } from "../../data/vectors/generations/pointers.ts";
import { prepareRows } from "../../data/vectors/generations/prepare.ts";
import { buildTrial, measureAgain } from "../../workers/autotune/trial-build.ts";
import { tune } from "../../workers/autotune/tuning.ts";
import { inventIndex, median } from "./invented.ts";
import { quiet, serveGeneration } from "./served.ts";

/** The grid that the tuner has to beat: how wide each graph is built and searched. */
const grid = [
  { efConstruction: 20, efSearch: 30 },
  { efConstruction: 40, efSearch: 30 },
  { efConstruction: 80, efSearch: 30 },
  { efConstruction: 80, efSearch: 60 },
  { efConstruction: 160, efSearch: 30 },
] as const;
const M = 16;
const SEED = 42;
const GATE = 0.99;
const ROUNDS = 5;
/** Two times closer than this are the same. */
const SAME_SPEED = 0.95;

interface Point {
  readonly recall: number;
  readonly p50Ms: number;
}

/** The tuner's choice and all points of the grid, measured beside one another by the same questions. */
export async function measureAutotune({ rows, dimensions = 768 }: { rows: number; dimensions?: number }) {
  await using bench = await inventIndex(rows, dimensions, { targetRecall: GATE });
  const { lake, definition, dir } = bench;
  await serveGeneration(bench, grid[0].efSearch);
  const context = { ...quiet, id: "bench", lake, note: async () => undefined };
  const tuned = await tune(context, definition, {
    targetRecall: GATE,
    trialsPerHour: 1_000,
    cooldownMinutes: 0,
    seed: SEED,
    deadline: Date.now() + 3_600_000,
  });
  const chosen = (await currentPointer(lake.storage, definition.name))?.generation;
  if (!chosen) throw new Error("The tuner left no generation.");

  const prepared = await prepareRows(lake, definition);
  const files: { path: string; sha256: string }[] = [];
  for (const [at, { efConstruction }] of grid.entries()) {
    const path = join(dir, `grid-${at}`);
    const setting = { m: M, efConstruction, seed: SEED };
    const built = await buildTrial(quiet, prepared, { setting, path, sweep: [] });
    if (!built.file) throw new Error("The build left no file.");
    files.push({ path, sha256: built.file.sha256 });
  }
  files.push({ path: await lake.storage.localPath(chosen.key), sha256: chosen.sha256 });
  const widths = [...grid.map(({ efSearch }) => efSearch), chosen.setting.efSearch];
  const sweep = [...new Set(widths)];
  const { queries, truth, metric } = await prepared.order({ setting: chosen.setting, tempDir: dir });
  const measured = await measureAgain(quiet, {
    files,
    metric,
    dimensions,
    queries,
    truth: truth ?? [],
    sweep,
    rounds: ROUNDS,
  });
  const points = widths.map((width, at): Point => {
    const rounds = measured.flatMap((files) => files[at]?.find(({ efSearch }) => efSearch === width) ?? []);
    return {
      recall: median(rounds.map(({ recall }) => recall)),
      p50Ms: median(rounds.map(({ p50Ms }) => p50Ms)),
    };
  });
  const own = points.at(-1) ?? { recall: 0, p50Ms: Number.POSITIVE_INFINITY };
  const others = points.slice(0, -1);
  const best = others.toSorted((a, b) => b.recall - a.recall || a.p50Ms - b.p50Ms)[0] ?? own;
  return {
    better: others.filter((other) => isBetter(other, own)).length,
    recallAboveBest: own.recall - best.recall,
    wholeBuilds: tuned.wholeBuilds,
    recall: own.recall,
    p50Ms: own.p50Ms,
    bestOfGridMs: best.p50Ms,
  };
}

/** Finds as much in clearly less time, or more in no more time. */
function isBetter(one: Point, other: Point): boolean {
  if (one.recall === other.recall) return one.p50Ms < SAME_SPEED * other.p50Ms;
  return one.recall > other.recall && one.p50Ms <= other.p50Ms;
}
