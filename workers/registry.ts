import { autotuneAll } from "./autotune/autotune-all/job.ts";
import { autotuneCycle } from "./autotune/autotune-cycle/job.ts";
import { vectorsTrial } from "./autotune/vectors-trial/job.ts";
import { cohortLand } from "./cohort-ingest/cohort-land/job.ts";
import { cohortParse } from "./cohort-ingest/cohort-parse/job.ts";
import { cohortRefresh } from "./cohort-ingest/cohort-refresh/job.ts";
import { cohortSense } from "./cohort-ingest/cohort-sense/job.ts";
import { tableLoad } from "./cohort-ingest/table-load/job.ts";
import type { AnyJob } from "./define-job.ts";
import { embeddingBatch } from "./embedding/embedding-batch/job.ts";
import { embeddingRefresh } from "./embedding/embedding-refresh/job.ts";
import { embeddingRefreshAll } from "./embedding/embedding-refresh-all/job.ts";
import { vectorsBuild } from "./embedding/vectors-build/job.ts";
import { goldBuild } from "./gold-build/gold-build/job.ts";
import { optimizeTables } from "./maintenance/optimize-tables/job.ts";
import { reconcile } from "./maintenance/reconcile/job.ts";
import { vacuumTables } from "./maintenance/vacuum-tables/job.ts";
import { analyzeErrors } from "./observer/analyze-errors/job.ts";
import { buildPlaybooks } from "./observer/build-playbooks/job.ts";
import { observerAppend } from "./observer/observer-append/job.ts";
import { sequencesBuild } from "./sequences/sequences-build/job.ts";
import { sequencesExport } from "./sequences/sequences-export/job.ts";
import { sequencesFit } from "./sequences/sequences-fit/job.ts";
import { sequencesImport } from "./sequences/sequences-import/job.ts";
import { sequencesRange } from "./sequences/sequences-range/job.ts";
import { silverMerge } from "./silver-merge/silver-merge/job.ts";
import { silverValidate } from "./silver-merge/silver-validate/job.ts";
import { UnknownKindError } from "./unknown-kind.ts";

/** Every kind of work this cluster can do, in the order data flows through it. */
export const jobs = {
  cohortLand,
  cohortRefresh,
  cohortParse,
  cohortSense,
  silverMerge,
  silverValidate,
  goldBuild,
  tableLoad,
  sequencesBuild,
  sequencesImport,
  sequencesFit,
  sequencesRange,
  sequencesExport,
  embeddingRefresh,
  embeddingRefreshAll,
  embeddingBatch,
  vectorsBuild,
  vectorsTrial,
  autotuneAll,
  autotuneCycle,
  observerAppend,
  analyzeErrors,
  buildPlaybooks,
  reconcile,
  optimizeTables,
  vacuumTables,
} as const satisfies Record<string, AnyJob>;

const byKind = new Map<string, AnyJob>(Object.values(jobs).map((job) => [job.kind, job]));

/** The kinds by their names. */
export const kinds: readonly string[] = [...byKind.keys()];

export function findKind(kind: string): AnyJob | undefined {
  return byKind.get(kind);
}

export function jobOfKind(kind: string): AnyJob {
  const job = byKind.get(kind);
  if (job) return job;
  throw new UnknownKindError(kind, kinds);
}
