import { join } from "node:path";
import { ownTempDir } from "../../data/own-temp-dir.ts";
import { sweptWidths } from "../../data/vectors/generations/default-setting.ts";
import type { PreparedRows } from "../../data/vectors/generations/prepare.ts";
import type { BuildOrder, BuildOutcome } from "../../data/vectors/hnsw/build.thread.ts";
import type { MeasuredFiles, MeasureOrder } from "../../data/vectors/hnsw/measure.thread.ts";
import type { Trial } from "../../data/vectors/trials/journal.ts";
import type { Measured } from "../../data/vectors/trials/measure.ts";
import type { JobContext } from "../define-job.ts";
import { runNativeThread } from "../native-thread.ts";

const building = new URL("../../data/vectors/hnsw/build.thread.ts", import.meta.url);
const measuring = new URL("../../data/vectors/hnsw/measure.thread.ts", import.meta.url);

export const threadDir = join(ownTempDir, "vectors");

interface TrialBuild {
  readonly setting: { readonly m: number; readonly efConstruction: number; readonly seed: number };
  readonly path?: string;
  readonly sweep?: readonly number[];
  /** Shown as progress; unset: the caller shows its own. */
  readonly shows?: boolean;
}

type Context = Pick<JobContext<unknown, unknown>, "signal" | "reportProgress">;

/** Builds one graph over prepared rows and measures it at every width of the sweep. */
export async function buildTrial(
  { signal, reportProgress }: Context,
  rows: PreparedRows,
  { setting, path, sweep = sweptWidths, shows = false }: TrialBuild,
): Promise<BuildOutcome> {
  const order = await rows.order({ setting, sweep, tempDir: threadDir, ...(path !== undefined && { path }) });
  const built = await runNativeThread<BuildOrder, BuildOutcome>(building, order, {
    signal,
    ...(shows && { onProgress: (progress) => void reportProgress(progress).catch(() => undefined) }),
  });
  if (!order.truth) await rows.remember(built.truth);
  return built;
}

/** Measures built files once more, beside one another, in a thread of its own. */
export function measureAgain(
  { signal }: Context,
  order: Omit<MeasureOrder, "tempDir" | "stop">,
): Promise<MeasuredFiles> {
  return runNativeThread<MeasureOrder, MeasuredFiles>(
    measuring,
    { ...order, tempDir: threadDir },
    { signal },
  );
}

interface Told {
  readonly index: string;
  readonly trial: string;
  readonly origin: Trial["origin"];
  readonly setting: TrialBuild["setting"];
  readonly share: number;
  readonly tableVersion: number;
  readonly decision?: string | null;
}

/** What the journal keeps of a build: a line for each width. */
export function toTrials(
  built: BuildOutcome,
  measured: readonly Measured[],
  { index, trial, origin, setting, share, tableVersion, decision = null }: Told,
): Trial[] {
  const at = new Date().toISOString();
  return measured.map(({ efSearch, recall, p50Ms, p95Ms }) => ({
    index,
    trial,
    origin,
    m: setting.m,
    ef_construction: setting.efConstruction,
    ef_search: efSearch,
    seed: setting.seed,
    share,
    rows: built.rows,
    table_version: tableVersion,
    build_seconds: built.buildSeconds,
    recall,
    p50_ms: p50Ms,
    p95_ms: p95Ms,
    memory_bytes: built.memoryBytes,
    decision,
    at,
  }));
}
