import { landAssets } from "../../../data/clinical/bronze/assets.ts";
import { landBundles } from "../../../data/clinical/landing.ts";
import type { Lake } from "../../../data/lake.ts";
import { openStorage } from "../../../data/storage/open-storage.ts";
import type { Storage } from "../../../data/storage/storage.ts";
import type { JobContext } from "../../define-job.ts";
import type { Input } from "./job.ts";

/** Sources are read as streams, so nothing of them is kept in a cache. */
const noCache = { dir: "", maxBytes: 0 };

export async function run({ input, lake, signal, reportProgress }: JobContext<Input, never>) {
  const { source, labels, maxFiles, settleMs, s3, assetsOnly } = input;
  const now = new Date();
  const open = (url: string) => openStorage(url, { s3, cache: noCache });

  const elsewhere: Readonly<Record<string, number>> = {};
  const landed = { landed: 0, changed: 0, skipped: 0, unsettled: 0, cohorts: 0, elsewhere };
  if (!assetsOnly) {
    await using storage = open(source);
    const result = await landBundles(lake, storage, {
      labels,
      settleMs,
      now,
      signal,
      ...(maxFiles && { maxFiles }),
      onProgress: (done, total) => reportProgress({ stage: "land", done, total, unit: "bundles" }),
    });
    const { landed: fresh, changed, skipped, unsettled, touched, elsewhere } = result;
    Object.assign(landed, { landed: fresh, changed, skipped, unsettled, cohorts: touched.length, elsewhere });
  }
  return { ...landed, assets: await landBeside(lake, input, open, { now, signal }) };
}

/** What lies beside the bundles, counted by kind. */
async function landBeside(
  lake: Lake,
  { dicomSource, csvSource }: Input,
  open: (url: string) => Storage,
  options: { readonly now: Date; readonly signal: AbortSignal },
): Promise<Record<string, number>> {
  const wanted = [
    ...(dicomSource ? [{ kind: "dicom" as const, source: open(dicomSource) }] : []),
    ...(csvSource ? [{ kind: "csv" as const, source: open(csvSource) }] : []),
  ];
  if (wanted.length === 0) return {};
  try {
    const { assets } = await landAssets(lake, wanted, options);
    return Object.fromEntries(Object.entries(assets).map(([kind, { file_count }]) => [kind, file_count]));
  } finally {
    for (const { source } of wanted) await source[Symbol.asyncDispose]();
  }
}
