import { autotuneAll } from "../workers/autotune/autotune-all/job.ts";
import { cohortRefresh, Input as Refresh } from "../workers/cohort-ingest/cohort-refresh/job.ts";
import { cohortSense, Input as Sense } from "../workers/cohort-ingest/cohort-sense/job.ts";
import { embeddingRefreshAll } from "../workers/embedding/embedding-refresh-all/job.ts";
import { optimizeTables } from "../workers/maintenance/optimize-tables/job.ts";
import { reconcile } from "../workers/maintenance/reconcile/job.ts";
import { vacuumTables } from "../workers/maintenance/vacuum-tables/job.ts";
import { analyzeErrors } from "../workers/observer/analyze-errors/job.ts";
import { buildPlaybooks } from "../workers/observer/build-playbooks/job.ts";
import { observerAppend } from "../workers/observer/observer-append/job.ts";
import { on, type Schedule } from "./schedule.ts";

/** Everything this cluster does on a clock, in the order of a night. */
export const schedules: readonly Schedule[] = [
  on({ name: "reconcile", cron: "* * * * *", catchUp: "none" }, reconcile, {}),
  on({ name: "observer-append", cron: "* * * * *", catchUp: "none" }, observerAppend, {}),
  on({ name: "analyze-errors", cron: "*/5 * * * *", catchUp: "last" }, analyzeErrors, {}),
  on({ name: "build-playbooks", cron: "*/15 * * * *", catchUp: "last" }, buildPlaybooks, {}),
  on(
    { name: "cohort-sensor", cron: "*/30 * * * * *", catchUp: "none", enabled: false },
    cohortSense,
    Sense.parse({}),
  ),
  on(
    { name: "nightly-refresh", cron: "0 1 * * *", catchUp: "last" },
    cohortRefresh,
    Refresh.parse({ withGold: true, mayBeEmpty: true }),
  ),
  on({ name: "nightly-embedding", cron: "0 2 * * *", catchUp: "last" }, embeddingRefreshAll, {}),
  on({ name: "nightly-autotune", cron: "30 2 * * *", catchUp: "none" }, autotuneAll, {}),
  on({ name: "nightly-optimize", cron: "0 3 * * *", catchUp: "last" }, optimizeTables, {}),
  on({ name: "nightly-vacuum", cron: "0 5 * * *", catchUp: "last" }, vacuumTables, {}),
];
