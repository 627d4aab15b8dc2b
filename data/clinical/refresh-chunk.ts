import { mkdir, rename, rm } from "node:fs/promises";
import { posix } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Lake } from "../lake.ts";
import type { BundleFile } from "./bundle-file.ts";
import { readFingerprints } from "./fingerprints.ts";
import { type ParseResult, parseChunk, stagedPath } from "./parse.ts";
import { dicomKey, folder, type PlannedBundle, readJson, type StoredPlan } from "./refresh-files.ts";
import type { SilverName, SilverTable } from "./silver/silver-table.ts";
import type { StagedSilver } from "./silver/staged-silver.ts";
import { silverNames } from "./silver/tables.ts";

const OwnRows = z.object({ files: z.array(z.looseObject({ path: z.string() })), rows: z.int() });

/** What a parsed chunk leaves beside its staged files. */
export const ChunkOutcome = z.object({
  /** Whether there are staged files: not where every bundle says what it said before. */
  isStaged: z.boolean(),
  /** By table, where the rows lie in files of the tables themselves, which a commit may take as they are. */
  own: z.record(z.enum(silverNames), OwnRows).optional(),
  /** By name, of the bundles that were staged. */
  fingerprints: z.record(z.string(), z.string()),
  quarantined: z.array(z.object({ cohort: z.string(), name: z.string(), reason: z.string() })),
  rows: z.record(z.string(), z.int()),
  oddities: z.record(z.string(), z.int()),
});
export type ChunkOutcome = z.infer<typeof ChunkOutcome>;

const outcomeKey = (refresh: string, chunk: number) => `${folder(refresh)}/${chunk}.json`;
const stagedKey = (refresh: string, chunk: number, table: SilverName) =>
  `${folder(refresh)}/${chunk}/${table}.parquet`;

export function readOutcome(lake: Lake, refresh: string, chunk: number): Promise<ChunkOutcome | undefined> {
  return readJson(lake, outcomeKey(refresh, chunk), ChunkOutcome);
}

/**
 * Parses one chunk. Its outcome is written last: without it the chunk is parsed again. What a chunk holds is too little for
 * the engine to share among its threads; other chunks are what they are for.
 */
export async function parseStaged(
  lake: Lake,
  refresh: string,
  chunk: number,
  plan: StoredPlan,
  signal: AbortSignal,
): Promise<ChunkOutcome> {
  const bundles = plan.chunks[chunk] ?? [];
  const duckdb = await lake.duckdb();
  await using _single = await duckdb.singleThread();
  const connection = await duckdb.connect();
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
      ...(plan.isFirst && { stageOwn: stageInto(lake, connection) }),
      signal,
    });
    if (parsed.own) return parsed;
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

/** Writes rows as files of the table itself. Those of a chunk that is given up belong to no version, and vacuum removes them. */
function stageInto(lake: Lake, connection: DuckDBConnection) {
  return ({ name, columns, select }: SilverTable) =>
    lake
      .table(`silver.${name}`)
      .stage({ sql: select, connection, columns: columns.map((column) => column.name) });
}

function outcomeOf(
  { rows, own, quarantined, oddities, fingerprints }: ParseResult,
  bundles: readonly PlannedBundle[],
): ChunkOutcome {
  const planned = new Map(bundles.map((bundle) => [bundle.number, bundle]));
  return {
    isStaged: true,
    ...(own && { own: own as NonNullable<ChunkOutcome["own"]> }),
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

/** What the chunks of a refresh left for one table, as files on this machine. */
export async function stagedRows(
  lake: Lake,
  refresh: string,
  plan: StoredPlan,
  outcomes: readonly ChunkOutcome[],
  table: SilverName,
): Promise<StagedSilver[]> {
  const staged = outcomes.map(async ({ isStaged, own }, chunk): Promise<StagedSilver[]> => {
    if (!isStaged) return [];
    const rows = own?.[table];
    if (!rows) return [{ paths: [await lake.storage.localPath(stagedKey(refresh, chunk, table))] }];
    const { root } = lake.table(`silver.${table}`);
    const paths = await Promise.all(rows.files.map(({ path }) => lake.storage.localPath(`${root}/${path}`)));
    return [{ paths, own: { rows, firstBundle: plan.chunks[chunk]?.[0]?.number ?? 0 } }];
  });
  return (await Promise.all(staged)).flat();
}

/** The staged files of one table, on this machine. */
export async function stagedFiles(...asked: Parameters<typeof stagedRows>): Promise<string[]> {
  return (await stagedRows(...asked)).flatMap(({ paths }) => paths);
}
