import type { AnyRoute } from "./define-route.ts";
import { askVectors } from "./routes/ask-vectors.ts";
import { bestTrials } from "./routes/best-trials.ts";
import { buildGold } from "./routes/build-gold.ts";
import { buildSequences } from "./routes/build-sequences.ts";
import { cancelJob } from "./routes/cancel-job.ts";
import { checkSequences } from "./routes/check-sequences.ts";
import { createVectorIndex } from "./routes/create-vector-index.ts";
import { disableSchedule } from "./routes/disable-schedule.ts";
import { dropVectorIndex } from "./routes/drop-vector-index.ts";
import { enableSchedule } from "./routes/enable-schedule.ts";
import { enqueueJob } from "./routes/enqueue-job.ts";
import { enqueueJobs } from "./routes/enqueue-jobs.ts";
import { exportSequences } from "./routes/export-sequences.ts";
import { landCohorts } from "./routes/land-cohorts.ts";
import { listChildren } from "./routes/list-children.ts";
import { listCohorts } from "./routes/list-cohorts.ts";
import { listDeadLetters } from "./routes/list-dead-letters.ts";
import { listGenerations } from "./routes/list-generations.ts";
import { listJobs } from "./routes/list-jobs.ts";
import { listPools } from "./routes/list-pools.ts";
import { listQuarantine } from "./routes/list-quarantine.ts";
import { listSchedules } from "./routes/list-schedules.ts";
import { listTrials } from "./routes/list-trials.ts";
import { listVectorIndexes } from "./routes/list-vector-indexes.ts";
import { modelsMatrix } from "./routes/models-matrix.ts";
import { observerKind } from "./routes/observer-kind.ts";
import {
  listObserverActors,
  listObserverConfigurations,
  listObserverConflicts,
  listObserverCorrections,
  listObserverErrors,
  listObserverEvents,
  listObserverOutcomes,
  listObserverPlaybooks,
  listObserverRecommendations,
} from "./routes/observer-lists.ts";
import { observerRecommendation } from "./routes/observer-recommendation.ts";
import { listObserverSignatures } from "./routes/observer-signatures.ts";
import { observerStatus } from "./routes/observer-status.ts";
import { pausePool } from "./routes/pause-pool.ts";
import { promoteSetting } from "./routes/promote-setting.ts";
import { purgeDeadLetter } from "./routes/purge-dead-letter.ts";
import { readLog } from "./routes/read-log.ts";
import { refreshCohort } from "./routes/refresh-cohort.ts";
import { refreshVectorIndex } from "./routes/refresh-vector-index.ts";
import { replayDeadLetter } from "./routes/replay-dead-letter.ts";
import { reportSequences } from "./routes/report-sequences.ts";
import { resumePool } from "./routes/resume-pool.ts";
import { retryJob } from "./routes/retry-job.ts";
import { retryQuarantine } from "./routes/retry-quarantine.ts";
import { rollBackIndex } from "./routes/roll-back-index.ts";
import { runSchedule } from "./routes/run-schedule.ts";
import { searchVectors } from "./routes/search-vectors.ts";
import { sendObserverEvents } from "./routes/send-observer-events.ts";
import { showDeadLetter } from "./routes/show-dead-letter.ts";
import { showJob } from "./routes/show-job.ts";
import { showSubject } from "./routes/show-subject.ts";
import { showVectorIndex } from "./routes/show-vector-index.ts";
import { sql } from "./routes/sql.ts";
import { trySetting } from "./routes/try-setting.ts";
import { uploadBundle } from "./routes/upload-bundle.ts";
import { validateSilver } from "./routes/validate-silver.ts";
import { watchJob } from "./routes/watch-job.ts";

/** Every operation of the API; its name here is its OpenAPI operationId. */
export const routes: Readonly<Record<string, AnyRoute>> = {
  enqueueJob,
  enqueueJobs,
  listJobs,
  showJob,
  listChildren,
  readLog,
  watchJob,
  cancelJob,
  retryJob,
  listPools,
  pausePool,
  resumePool,
  listDeadLetters,
  showDeadLetter,
  replayDeadLetter,
  purgeDeadLetter,
  listSchedules,
  runSchedule,
  enableSchedule,
  disableSchedule,
  sql,
  landCohorts,
  listCohorts,
  uploadBundle,
  refreshCohort,
  listQuarantine,
  retryQuarantine,
  validateSilver,
  buildGold,
  searchVectors,
  askVectors,
  listGenerations,
  rollBackIndex,
  promoteSetting,
  trySetting,
  listTrials,
  bestTrials,
  createVectorIndex,
  listVectorIndexes,
  showVectorIndex,
  refreshVectorIndex,
  dropVectorIndex,
  sendObserverEvents,
  listObserverEvents,
  listObserverErrors,
  listObserverCorrections,
  listObserverPlaybooks,
  listObserverOutcomes,
  listObserverSignatures,
  listObserverConfigurations,
  listObserverActors,
  listObserverConflicts,
  listObserverRecommendations,
  observerRecommendation,
  observerKind,
  observerStatus,
  modelsMatrix,
  buildSequences,
  exportSequences,
  reportSequences,
  checkSequences,
  showSubject,
};
