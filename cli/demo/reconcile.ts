import { enqueue } from "../../queues/enqueue.ts";
import { untilEnded } from "../../queues/watch.ts";
import { reconcile } from "../../workers/maintenance/reconcile/job.ts";
import { vacuumTables } from "../../workers/maintenance/vacuum-tables/job.ts";
import { CliFailure } from "../failure.ts";
import type { DemoStep } from "./step.ts";

/** The last look: nothing accepted is missing, nothing hangs, and the tables' old files may go when their time comes. */
export const reconcileEverything: DemoStep = {
  title: "Reconcile what was accepted with what was done",
  async run({ queues }) {
    const vacuum = await enqueue(queues, vacuumTables, {});
    const audit = await enqueue(queues, reconcile, {});
    const ended = await Promise.all([vacuum, audit].map(({ id }) => untilEnded(queues, id)));
    for (const { kind, state, error } of ended) {
      if (state !== "completed") throw new CliFailure(`${kind} failed: ${error}`);
    }
    return { jobs: ended.length };
  },
};
