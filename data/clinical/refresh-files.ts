import { createHash } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { posix } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { NotFoundError } from "../errors.ts";
import type { Lake } from "../lake.ts";
import type { ParsedBundle } from "./bronze/parsed-bundle.ts";
import { SharedBundles } from "./bronze/shared-bundle.ts";
import type { BundleFile } from "./bundle-file.ts";
import { readDicomHeaders, writeDicomHeaders } from "./dicom.ts";
import { readFingerprints } from "./fingerprints.ts";
import { type ParseResult, parseChunk, stagedPath } from "./parse.ts";
import type { RefreshPlan } from "./refresh-plan.ts";
import { changedTables } from "./silver/changed-tables.ts";
import { isAsRefreshed } from "./silver/silver-state.ts";
import type { SilverName } from "./silver/silver-table.ts";
import { silverNames } from "./silver/tables.ts";

const PlannedBundle = z.object({
  cohort: z.string(),
  name: z.string(),
  key: z.string(),
  sha256: z.string(),
  /** Its place in the order of the refresh: of two records with one key the later counts. */
  number: z.int(),
  /** It, or an earlier version of it, may have rows in Silver. */
  wasParsed: z.boolean(),
  /** What it said when it was last read, if Silver still shows that. */
  fingerprint: z.string().optional(),
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
  /** Stands for all that the headers say. */
  dicom: z.string(),
});
export type StoredPlan = z.infer<typeof StoredPlan>;

/** What a parsed chunk leaves beside its staged files. */
export const ChunkOutcome = z.object({
  /** Whether there are staged files: not where every bundle says what it said before. */
  isStaged: z.boolean(),
  /** By name, of the bundles that were staged. */
  fingerprints: z.record(z.string(), z.string()),
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
const tablesKey = (refresh: string) => `${folder(refresh)}/tables.json`;
const sharersKey = (refresh: string) => `${folder(refresh)}/sharers.json`;
const dicomKey = (refresh: string) => `${folder(refresh)}/dicom.parquet`;

/** The plan, with what was added to it once its bundles were read. */
export async function readPlan(lake: Lake, refresh: string): Promise<StoredPlan | undefined> {
  const plan = await readJson(lake, planKey(refresh), StoredPlan);
  return plan && withChunks(plan, (await readSharers(lake, refresh))?.chunks ?? []);
}

export function withChunks(plan: StoredPlan, chunks: StoredPlan["chunks"]): StoredPlan {
  return { ...plan, chunks: [...plan.chunks, ...chunks] };
}

const Tables = z.array(z.enum(silverNames)).readonly();

/** What was found to share records with the bundles of a plan, and the chunks that are read for that. */
const Sharers = z.object({
  shared: SharedBundles,
  chunks: StoredPlan.shape.chunks,
  /** Those to merge, where no chunk is added. */
  tables: Tables.optional(),
});
export type Sharers = z.infer<typeof Sharers>;

export function readSharers(lake: Lake, refresh: string): Promise<Sharers | undefined> {
  return readJson(lake, sharersKey(refresh), Sharers);
}

export async function writeSharers(lake: Lake, refresh: string, sharers: Sharers): Promise<void> {
  await lake.storage.put(sharersKey(refresh), JSON.stringify(sharers));
}

/** Fixes the plan of a refresh: later runs of the same job read it and do not plan anew. */
export async function writePlan(
  lake: Lake,
  refresh: string,
  plan: RefreshPlan,
  options: {
    readonly startedAt: number;
    readonly maxBundleBytes: number;
    readonly parsed: readonly ParsedBundle[];
  },
): Promise<StoredPlan> {
  const dicom = plan.chunks.length > 0 ? await stageDicom(lake, refresh) : noDicom;
  const known = new Map(
    options.parsed.map((bundle) => [JSON.stringify([bundle.cohort, bundle.name]), bundle]),
  );
  const isKept = plan.isFull && (await isAsRefreshed(lake, dicom.dicom));
  const chunks = plan.chunks.map((chunk) =>
    chunk.map(({ cohort, name, key, sha256, version, number }) => {
      const before = known.get(JSON.stringify([cohort, name]));
      const isSame = isKept && before?.sha256 === sha256 && !plan.changed.has(name);
      return {
        cohort,
        name,
        key,
        sha256,
        number,
        wasParsed: before !== undefined || version > 1,
        ...(isSame && before.fingerprint !== null && { fingerprint: before.fingerprint }),
      };
    }),
  );
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

const noDicom = { hasDicom: false, malformedDicom: 0, dicom: "" };

async function stageDicom(lake: Lake, refresh: string) {
  const { headers, malformed } = await readDicomHeaders(lake.storage, "bronze/dicom/");
  if (headers.length === 0) return { ...noDicom, malformedDicom: malformed };
  const draft = await lake.storage.draft(dicomKey(refresh));
  const connection = await (await lake.duckdb()).connect();
  try {
    await writeDicomHeaders(connection, headers, draft.path);
  } finally {
    connection.closeSync();
  }
  await draft.publish();
  const dicom = createHash("sha256").update(JSON.stringify(headers)).digest("hex").slice(0, 16);
  return { hasDicom: true, malformedDicom: malformed, dicom };
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
  const connection = await (await lake.duckdb()).connect();
  try {
    const changed = await whatChanged(lake, connection, bundles);
    signal.throwIfAborted();
    const outcome =
      changed.length > 0
        ? outcomeOf(await stage(lake, connection, refresh, chunk, changed, plan, signal), bundles)
        : { isStaged: false, fingerprints: {}, rows: {}, oddities: {}, quarantined: [] };
    await lake.storage.put(outcomeKey(refresh, chunk), JSON.stringify(outcome));
    return outcome;
  } finally {
    connection.closeSync();
  }
}

/** The files of a chunk without those that, read again, say what they said when Silver was made from them. */
async function whatChanged(
  lake: Lake,
  connection: DuckDBConnection,
  bundles: readonly PlannedBundle[],
): Promise<BundleFile[]> {
  const files = await Promise.all(
    bundles.map(async ({ key, name, number }) => ({ path: await lake.storage.localPath(key), name, number })),
  );
  const known = new Map(bundles.map(({ number, fingerprint }) => [number, fingerprint]));
  const found = await readFingerprints(
    connection,
    files.filter(({ number }) => known.get(number) !== undefined),
  );
  return files.filter(({ number }) => !found.has(number) || found.get(number) !== known.get(number));
}

async function stage(
  lake: Lake,
  connection: DuckDBConnection,
  refresh: string,
  chunk: number,
  files: readonly BundleFile[],
  plan: StoredPlan,
  signal: AbortSignal,
): Promise<ParseResult> {
  const scratch = await lake.storage.draft(posix.join(folder(refresh), `${chunk}-scratch`));
  await mkdir(scratch.path, { recursive: true });
  try {
    const parsed = await parseChunk(connection, files, scratch.path, {
      runInstant: new Date(plan.startedAt),
      maxBundleBytes: plan.maxBundleBytes,
      ...(plan.hasDicom && { dicomHeaders: await lake.storage.localPath(dicomKey(refresh)) }),
      signal,
    });
    const publish = async (table: SilverName) => {
      const draft = await lake.storage.draft(stagedKey(refresh, chunk, table));
      await rename(stagedPath(scratch.path, table), draft.path);
      await draft.publish();
    };
    await Promise.all(silverNames.map(publish));
    return parsed;
  } finally {
    await rm(scratch.path, { recursive: true, force: true });
  }
}

function outcomeOf(
  { rows, quarantined, oddities, fingerprints }: ParseResult,
  bundles: readonly PlannedBundle[],
): ChunkOutcome {
  const planned = new Map(bundles.map((bundle) => [bundle.number, bundle]));
  return {
    isStaged: true,
    fingerprints: Object.fromEntries(
      [...fingerprints].map(([number, fingerprint]) => [planned.get(number)?.name ?? "", fingerprint]),
    ),
    rows,
    oddities,
    quarantined: quarantined.map(({ file, reason }) => ({
      cohort: planned.get(file.number)?.cohort ?? "",
      name: file.name,
      reason,
    })),
  };
}

/** The outcomes of a refresh's chunks, in their order, once all are parsed. */
export async function readOutcomes(lake: Lake, refresh: string, plan: StoredPlan): Promise<ChunkOutcome[]> {
  const outcomes = await Promise.all(plan.chunks.map((_, chunk) => readOutcome(lake, refresh, chunk)));
  return outcomes.map((outcome) => {
    if (!outcome) throw new Error("A chunk of the refresh left no outcome");
    return outcome;
  });
}

/** The staged files of one table, on this machine. */
export function stagedFiles(
  lake: Lake,
  refresh: string,
  outcomes: readonly ChunkOutcome[],
  table: SilverName,
): Promise<string[]> {
  const staged = outcomes.flatMap(({ isStaged }, chunk) =>
    isStaged ? [stagedKey(refresh, chunk, table)] : [],
  );
  return Promise.all(staged.map((key) => lake.storage.localPath(key)));
}

/** To look at single rows pays for so many bundles; of more, most tables change. */
const FEW_BUNDLES = 20;

/** The tables that a refresh has to merge, decided once: afterwards they would all seem to be done. */
export async function tablesToMerge(
  lake: Lake,
  refresh: string,
  plan: StoredPlan,
  outcomes: readonly ChunkOutcome[],
): Promise<readonly SilverName[]> {
  const decided =
    (await readSharers(lake, refresh))?.tables ?? (await readJson(lake, tablesKey(refresh), Tables));
  if (decided) return decided;
  const tables = await findTables(lake, refresh, plan, outcomes);
  await lake.storage.put(tablesKey(refresh), JSON.stringify(tables));
  return tables;
}

/** The tables in which the bundles that were read may have other rows than Silver shows. */
export async function findTables(
  lake: Lake,
  refresh: string,
  plan: StoredPlan,
  outcomes: readonly ChunkOutcome[],
): Promise<readonly SilverName[]> {
  const names = new Set(outcomes.flatMap(({ fingerprints }) => Object.keys(fingerprints)));
  const read = plan.chunks.flat().filter(({ name }) => names.has(name));
  const isSmall = read.length <= FEW_BUNDLES && read.every(({ wasParsed }) => wasParsed);
  if (plan.withdrawn.length > 0) return silverNames;
  if (read.length === 0) return [];
  if (!isSmall) return silverNames;
  return changedTables(lake, [...names], (table) => stagedFiles(lake, refresh, outcomes, table));
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
