import { mkdir, rename, rm } from "node:fs/promises";
import { posix } from "node:path";
import { z } from "zod";
import { NotFoundError } from "../errors.ts";
import type { Lake } from "../lake.ts";
import { readDicomHeaders, writeDicomHeaders } from "./dicom.ts";
import { type ParseResult, parseChunk, stagedPath } from "./parse.ts";
import type { RefreshPlan } from "./refresh-plan.ts";
import type { SilverName } from "./silver/silver-table.ts";
import { silverNames } from "./silver/tables.ts";

const PlannedBundle = z.object({
  cohort: z.string(),
  name: z.string(),
  key: z.string(),
  sha256: z.string(),
  /** Its place in the order of the refresh: of two records with one key the later counts. */
  number: z.int(),
  /** An earlier version of it has rows in Silver. */
  wasParsed: z.boolean(),
});
export type PlannedBundle = z.infer<typeof PlannedBundle>;

/** A refresh's plan as it lies in the lake, for its parts to read: too large for a job's input. */
export const StoredPlan = z.object({
  startedAt: z.int(),
  maxBundleBytes: z.int(),
  chunks: z.array(z.array(PlannedBundle)),
  withdrawn: z.array(z.object({ cohort: z.string(), name: z.string() })),
  hasDicom: z.boolean(),
  malformedDicom: z.int(),
});
export type StoredPlan = z.infer<typeof StoredPlan>;

/** What a parsed chunk leaves beside its staged files. */
export const ChunkOutcome = z.object({
  quarantined: z.array(z.object({ cohort: z.string(), name: z.string(), reason: z.string() })),
  rows: z.record(z.string(), z.int()),
  oddities: z.record(z.string(), z.int()),
});
export type ChunkOutcome = z.infer<typeof ChunkOutcome>;

const folder = (refresh: string) => `_staged/clinical/${refresh}`;
const planKey = (refresh: string) => `${folder(refresh)}/plan.json`;
const outcomeKey = (refresh: string, chunk: number) => `${folder(refresh)}/${chunk}.json`;
const stagedKey = (refresh: string, chunk: number, table: SilverName) =>
  `${folder(refresh)}/${chunk}/${table}.parquet`;
const dicomKey = (refresh: string) => `${folder(refresh)}/dicom.parquet`;

export function readPlan(lake: Lake, refresh: string): Promise<StoredPlan | undefined> {
  return readJson(lake, planKey(refresh), StoredPlan);
}

/** Fixes the plan of a refresh: later runs of the same job read it and do not plan anew. */
export async function writePlan(
  lake: Lake,
  refresh: string,
  plan: RefreshPlan,
  options: {
    readonly startedAt: number;
    readonly maxBundleBytes: number;
    readonly parsed: ReadonlySet<string>;
  },
): Promise<StoredPlan> {
  let number = 0;
  const chunks = plan.chunks.map((chunk) =>
    chunk.map(({ cohort, name, key, sha256 }) => ({
      cohort,
      name,
      key,
      sha256,
      number: number++,
      wasParsed: options.parsed.has(name),
    })),
  );
  const dicom = chunks.length > 0 ? await stageDicom(lake, refresh) : { hasDicom: false, malformedDicom: 0 };
  const stored: StoredPlan = {
    startedAt: options.startedAt,
    maxBundleBytes: options.maxBundleBytes,
    chunks,
    withdrawn: plan.withdrawn.map(({ cohort, name }) => ({ cohort, name })),
    ...dicom,
  };
  await lake.storage.put(planKey(refresh), JSON.stringify(stored));
  return stored;
}

async function stageDicom(lake: Lake, refresh: string) {
  const { headers, malformed } = await readDicomHeaders(lake.storage, "bronze/dicom/");
  if (headers.length === 0) return { hasDicom: false, malformedDicom: malformed };
  const draft = await lake.storage.draft(dicomKey(refresh));
  const connection = await (await lake.duckdb()).connect();
  try {
    await writeDicomHeaders(connection, headers, draft.path);
  } finally {
    connection.closeSync();
  }
  await draft.publish();
  return { hasDicom: true, malformedDicom: malformed };
}

export function readOutcome(lake: Lake, refresh: string, chunk: number): Promise<ChunkOutcome | undefined> {
  return readJson(lake, outcomeKey(refresh, chunk), ChunkOutcome);
}

/** Parses one chunk. Its outcome is written last: without it the chunk is parsed again. */
export async function parseStaged(
  lake: Lake,
  refresh: string,
  chunk: number,
  plan: StoredPlan,
  signal: AbortSignal,
): Promise<ChunkOutcome> {
  const bundles = plan.chunks[chunk] ?? [];
  const files = await Promise.all(
    bundles.map(async ({ key, name, number }) => ({ path: await lake.storage.localPath(key), name, number })),
  );
  const scratch = await lake.storage.draft(posix.join(folder(refresh), `${chunk}-scratch`));
  await mkdir(scratch.path, { recursive: true });
  const connection = await (await lake.duckdb()).connect();
  try {
    const parsed = await parseChunk(connection, files, scratch.path, {
      runInstant: new Date(plan.startedAt),
      maxBundleBytes: plan.maxBundleBytes,
      ...(plan.hasDicom && { dicomHeaders: await lake.storage.localPath(dicomKey(refresh)) }),
      signal,
    });
    for (const table of silverNames) {
      const draft = await lake.storage.draft(stagedKey(refresh, chunk, table));
      await rename(stagedPath(scratch.path, table), draft.path);
      await draft.publish();
    }
    const outcome = outcomeOf(parsed, bundles);
    await lake.storage.put(outcomeKey(refresh, chunk), JSON.stringify(outcome));
    return outcome;
  } finally {
    connection.closeSync();
    await rm(scratch.path, { recursive: true, force: true });
  }
}

function outcomeOf(
  { rows, quarantined, oddities }: ParseResult,
  bundles: readonly PlannedBundle[],
): ChunkOutcome {
  const cohorts = new Map(bundles.map(({ number, cohort }) => [number, cohort]));
  return {
    rows,
    oddities,
    quarantined: quarantined.map(({ file, reason }) => ({
      cohort: cohorts.get(file.number) ?? "",
      name: file.name,
      reason,
    })),
  };
}

/** The staged files of one table, on this machine. */
export function stagedFiles(
  lake: Lake,
  refresh: string,
  plan: StoredPlan,
  table: SilverName,
): Promise<string[]> {
  return Promise.all(plan.chunks.map((_, chunk) => lake.storage.localPath(stagedKey(refresh, chunk, table))));
}

export async function removeRefresh(lake: Lake, refresh: string): Promise<void> {
  for await (const { key } of lake.storage.list(`${folder(refresh)}/`)) await lake.storage.delete(key);
}

async function readJson<Value>(
  lake: Lake,
  key: string,
  schema: z.ZodType<Value>,
): Promise<Value | undefined> {
  try {
    return schema.parse(JSON.parse((await lake.storage.get(key)).toString()));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** What a refresh did to the tables, for the log of its validation. */
const Merges = z.object({
  startedAt: z.int(),
  quarantined: z.int(),
  tables: z.record(
    z.string(),
    z.object({ inserted: z.int(), updated: z.int(), deleted: z.int(), durationMs: z.int() }),
  ),
});
export type Merges = z.infer<typeof Merges>;

const mergesKey = (refresh: string) => `${folder(refresh)}/merges.json`;

export function readMerges(lake: Lake, refresh: string): Promise<Merges | undefined> {
  return readJson(lake, mergesKey(refresh), Merges);
}

export async function writeMerges(lake: Lake, refresh: string, merges: Merges): Promise<void> {
  await lake.storage.put(mergesKey(refresh), JSON.stringify(merges));
}
