import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DataError, NotFoundError } from "../errors.ts";
import type { Lake } from "../lake.ts";
import type { Storage, StoredObject } from "../storage/storage.ts";
import { type BronzeBundle, currentBundles, recordBundles } from "./bronze/bronze-bundle.ts";
import { type LandingManifest, writeLandingManifest } from "./bronze/landing-manifest.ts";
import { withoutNames } from "./without-names.ts";

export interface LandOptions {
  /** Folder of the source within its storage; all of it by default. */
  readonly prefix?: string;
  /** The cohorts, dealt round robin over the sorted names. */
  readonly labels: readonly string[];
  readonly maxFiles?: number;
  /** Files younger than this may still be growing and are left for the next pass. */
  readonly settleMs?: number;
  readonly now: Date;
  readonly signal?: AbortSignal;
  onProgress?(done: number, total: number): void | Promise<void>;
}

export interface LandResult {
  readonly manifest: LandingManifest;
  /** Bundles new to Bronze, and those whose content changed. */
  readonly landed: number;
  readonly changed: number;
  readonly skipped: number;
  readonly unsettled: number;
  /** Cohorts that have something new. */
  readonly touched: readonly string[];
  /** Changed bundles that stay in a cohort which is none of `labels`, counted by it: its name is all a bundle is known by. */
  readonly elsewhere: Readonly<Record<string, number>>;
}

const bundleName = /\.(json|ndjson)(\.gz)?$/i;
const label = /^[A-Za-z0-9_-]{1,64}$/;
/** Rows of the inventory are written in batches, so that a killed landing has little to do again. */
const BATCH = 200;

/** Copies a source's bundles into Bronze. What is there already is left alone, mostly without being read. */
export async function landBundles(lake: Lake, source: Storage, options: LandOptions): Promise<LandResult> {
  const { labels, settleMs = 0, now, signal } = options;
  checkLabels(labels);
  const files = await filesToLand(source, options);
  const known = new Map((await currentBundles(lake, { withdrawn: true })).map((one) => [one.name, one]));
  const counts = { landed: 0, changed: 0, skipped: 0, unsettled: 0 };
  const touched = new Set<string>();
  const elsewhere: Record<string, number> = {};
  let batch: BronzeBundle[] = [];
  for (const [index, file] of files.entries()) {
    signal?.throwIfAborted();
    const name = nameOf(file);
    const before = known.get(name);
    const cohort = before?.cohort ?? labels[index % labels.length] ?? "";
    const outcome = await landSafely({ lake, source, file, name, cohort, before, now, settleMs });
    counts[outcome.result]++;
    if (outcome.bundle) batch.push(outcome.bundle);
    if (outcome.result === "landed" || outcome.result === "changed") touched.add(cohort);
    if (outcome.result === "changed" && !labels.includes(cohort))
      elsewhere[cohort] = (elsewhere[cohort] ?? 0) + 1;
    if (batch.length >= BATCH) {
      await recordBundles(lake, batch);
      batch = [];
    }
    await options.onProgress?.(index + 1, files.length);
  }
  await recordBundles(lake, batch);
  const manifest = await writeLandingManifest(lake, source.url, now);
  return { manifest, ...counts, touched: [...touched].sort(), elsewhere };
}

function checkLabels(labels: readonly string[]) {
  if (labels.length > 0 && labels.every((one) => label.test(one))) return;
  throw new DataError("A cohort's label is 1 to 64 letters, digits, _ or -; name at least one.");
}

async function filesToLand(source: Storage, { prefix = "", maxFiles }: LandOptions): Promise<StoredObject[]> {
  const files = (await listBundles(source, prefix)).slice(0, maxFiles);
  if (files.length > 0) return files;
  const inner = await findRelease(source, prefix);
  const remedy = inner
    ? `its folder ${inner} holds some: name that`
    : "name a folder of .json or .ndjson files";
  throw new DataError(`No bundles lie directly under ${source.url}; ${remedy}.`);
}

/** Bundles directly under the prefix, sorted by the bytes of their names. */
export async function listBundles(source: Storage, prefix: string): Promise<StoredObject[]> {
  const folder = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  const found: StoredObject[] = [];
  for await (const file of source.list(folder)) {
    const rest = file.key.slice(folder.length);
    if (bundleName.test(rest) && !rest.includes("/")) found.push(file);
  }
  return found;
}

/** A release has its bundles in a folder `fhir/`, beside those of its other files; undefined where there is none. */
async function findRelease(source: Storage, prefix: string): Promise<string | undefined> {
  const inner = "fhir/";
  const folder = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  for await (const { key } of source.list(folder + inner)) if (bundleName.test(key)) return inner;
  return undefined;
}

interface Landing {
  readonly lake: Lake;
  readonly source: Storage;
  readonly file: StoredObject;
  readonly name: string;
  readonly cohort: string;
  readonly before: BronzeBundle | undefined;
  readonly now: Date;
  readonly settleMs: number;
}

type Outcome = {
  readonly result: keyof Omit<LandResult, "manifest" | "touched" | "elsewhere">;
  readonly bundle?: BronzeBundle;
};

async function landSafely(landing: Landing): Promise<Outcome> {
  try {
    return await landFile(landing);
  } catch (error) {
    // A file that went while it was looked at is as unsettled as one that grows.
    if (error instanceof NotFoundError) return { result: "unsettled" };
    throw withoutNames(error, [{ path: landing.file.key, name: landing.name }]);
  }
}

async function landFile(landing: Landing): Promise<Outcome> {
  const { source, file, before, now, settleMs } = landing;
  if (settleMs > 0 && now.getTime() - file.modifiedAt.getTime() < settleMs) return { result: "unsettled" };
  // What was withdrawn stays withdrawn as long as its source holds the same.
  const sameSize = before?.size_bytes === file.sizeBytes;
  if (sameSize && before.source_modified_at?.getTime() === file.modifiedAt.getTime())
    return { result: "skipped" };

  const copied = await copy(landing);
  const after = await source.stat(file.key);
  if (after?.sizeBytes !== copied.sizeBytes || after.modifiedAt.getTime() !== file.modifiedAt.getTime()) {
    await copied.discard();
    return { result: "unsettled" };
  }
  if (before?.sha256 === copied.sha256) {
    // Touched but not changed: the next pass need not read it again.
    await copied.discard();
    return { result: "skipped", bundle: { ...before, source_modified_at: file.modifiedAt } };
  }
  const key = await copied.publish();
  return {
    result: before ? "changed" : "landed",
    bundle: {
      cohort: landing.cohort,
      name: landing.name,
      version: (before?.version ?? 0) + 1,
      key,
      sha256: copied.sha256,
      size_bytes: copied.sizeBytes,
      source_modified_at: file.modifiedAt,
      landed_at: now,
      withdrawn_at: null,
    },
  };
}

interface Copy {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Puts the bytes where nothing lies yet and tells the key. */
  publish(): Promise<string>;
  discard(): Promise<void>;
}

async function copy({ lake, source, file, name, cohort }: Landing): Promise<Copy> {
  const plain = `bronze/fhir/cohort=${cohort}/${name}`;
  const draft = await lake.storage.draft(plain);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      sizeBytes += chunk.byteLength;
      done(null, chunk);
    },
  });
  try {
    await pipeline(await source.read(file.key), measure, createWriteStream(draft.path));
  } catch (error) {
    await draft.discard();
    throw error;
  }
  const sha256 = hash.digest("hex");
  return {
    sha256,
    sizeBytes,
    discard: () => draft.discard(),
    async publish() {
      const there = await lake.storage.stat(plain);
      if (!there) return (await draft.publish()).key;
      // A landing that was killed after this point left the same bytes without a row.
      if (there.sizeBytes === sizeBytes && (await hashOf(lake.storage, plain)) === sha256) {
        await draft.discard();
        return plain;
      }
      return await publishVersion(
        lake.storage,
        draft.path,
        `bronze/fhir/cohort=${cohort}/_versions/${sha256.slice(0, 16)}/${name}`,
        () => draft.discard(),
      );
    },
  };
}

/** A later version lies in a folder named by its content, so two landings at once cannot overwrite each other. */
async function publishVersion(
  storage: Storage,
  from: string,
  key: string,
  discard: () => Promise<void>,
): Promise<string> {
  if (!(await storage.stat(key))) await storage.put(key, createReadStream(from));
  await discard();
  return key;
}

async function hashOf(storage: Storage, key: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of await storage.read(key)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Names come with accents in one Unicode form from a zip and in another from a file system: one form names both. */
function nameOf(file: StoredObject): string {
  return file.key.slice(file.key.lastIndexOf("/") + 1).normalize("NFC");
}

/** Marks bundles as withdrawn, by name; the refresh after it deletes their rows. Bronze keeps the bytes. */
export async function withdrawBundles(
  lake: Lake,
  names: readonly string[],
  now: Date,
): Promise<{ readonly withdrawn: number }> {
  const asked = new Set(names.map((name) => name.normalize("NFC")));
  const found = (await currentBundles(lake)).filter((bundle) => asked.has(bundle.name));
  await recordBundles(
    lake,
    found.map((bundle) => ({ ...bundle, withdrawn_at: now })),
  );
  return { withdrawn: found.length };
}
