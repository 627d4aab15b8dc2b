import { createHash } from "node:crypto";
import { z } from "zod";
import { NotFoundError } from "../errors.ts";
import type { Lake } from "../lake.ts";
import type { ParsedBundle } from "./bronze/parsed-bundle.ts";
import { SharedBundles } from "./bronze/shared-bundle.ts";
import { readDicomHeaders, writeDicomHeaders } from "./dicom.ts";
import type { RefreshPlan } from "./refresh-plan.ts";
import { ensureSilver, readSilver } from "./silver/read-silver.ts";
import { isAsRefreshed } from "./silver/silver-state.ts";
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
  /** Silver was empty and none of these bundles was ever read: there is nothing to compare their rows with. */
  isFirst: z.boolean().default(false),
  hasDicom: z.boolean(),
  malformedDicom: z.int(),
  /** Stands for all that the headers say. */
  dicom: z.string(),
});
export type StoredPlan = z.infer<typeof StoredPlan>;

export const folder = (refresh: string) => `_staged/clinical/${refresh}`;
const planKey = (refresh: string) => `${folder(refresh)}/plan.json`;
const sharersKey = (refresh: string) => `${folder(refresh)}/sharers.json`;
export const dicomKey = (refresh: string) => `${folder(refresh)}/dicom.parquet`;

/** The plan, with what was added to it once its bundles were read. */
export async function readPlan(lake: Lake, refresh: string): Promise<StoredPlan | undefined> {
  const plan = await readJson(lake, planKey(refresh), StoredPlan);
  return plan && withChunks(plan, (await readSharers(lake, refresh))?.chunks ?? []);
}

export function withChunks(plan: StoredPlan, chunks: StoredPlan["chunks"]): StoredPlan {
  return { ...plan, chunks: [...plan.chunks, ...chunks] };
}

export const Tables = z.array(z.enum(silverNames)).readonly();

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
    isFirst: await isFirst(lake, chunks.flat()),
    ...dicom,
  };
  await lake.storage.put(planKey(refresh), JSON.stringify(stored));
  return stored;
}

async function isFirst(lake: Lake, bundles: readonly PlannedBundle[]): Promise<boolean> {
  if (bundles.length === 0 || bundles.some(({ wasParsed }) => wasParsed)) return false;
  await ensureSilver(lake);
  return Object.values(await readSilver(lake)).every(({ fileCount }) => fileCount === 0);
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

export async function removeRefresh(lake: Lake, refresh: string): Promise<void> {
  for await (const { key } of lake.storage.list(`${folder(refresh)}/`)) await lake.storage.delete(key);
}

export async function readJson<Value>(
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
