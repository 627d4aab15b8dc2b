import { currentBundles } from "../../../data/clinical/bronze/bronze-bundle.ts";
import { readMerges } from "../../../data/clinical/refresh-files.ts";
import { quarantinedBundles } from "../../../data/clinical/summary.ts";
import { validateSilver } from "../../../data/clinical/validation/validate-silver.ts";
import { DataError } from "../../../data/errors.ts";
import { version } from "../../../data/version.ts";
import type { JobContext } from "../../define-job.ts";
import type { Input } from "./job.ts";

export async function run({ input, lake, signal, note }: JobContext<Input, never>) {
  const { refresh, run: runId, strict } = input;
  const merges = refresh === undefined ? undefined : await readMerges(lake, refresh);
  const validations = await validateSilver(lake, {
    runId,
    instant: new Date(merges?.startedAt ?? Date.now()),
    codeVersion: version,
    bundles: (await currentBundles(lake)).length - (await quarantinedBundles(lake)).length,
    ...(merges && { quarantined: merges.quarantined, tables: merges.tables }),
    signal,
  });
  const failed = validations.filter(({ passed }) => !passed);
  for (const { table, outcomes } of failed) {
    for (const { name, passed, detail } of outcomes)
      if (!passed) await note(`silver.${table}: ${name} (${detail})`);
  }
  if (strict && failed.length > 0) {
    throw new DataError(
      `Rules fail in ${failed.map(({ table }) => `silver.${table}`).join(", ")}: the job's log and silver.ingest_log name them`,
    );
  }
  return { tables: validations.length, failed: failed.length };
}
