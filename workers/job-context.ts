import type { Job as BullJob } from "bullmq";
import { enqueue } from "../queues/enqueue.ts";
import type { Progress } from "../queues/progress.ts";
import type { StoredJob } from "../queues/stored-job.ts";
import { runChildren } from "./children.ts";
import type { AnyJob, JobContext, Services } from "./define-job.ts";
import type { RunState } from "./run-state.ts";
import { Throttle } from "./throttle.ts";

const SAVE_EVERY_MS = 500;

/** What a run is given, and how what it has said last is written before the job leaves this process. */
export interface OpenContext {
  readonly context: JobContext<unknown, unknown>;
  flush(): Promise<void>;
}

export function openContext(
  bull: BullJob<StoredJob>,
  token: string,
  job: AnyJob,
  services: Services,
  run: RunState,
): OpenContext {
  const { lake, queues, log, modelServer } = services;
  let saved: Throttle<unknown> | undefined;
  let shown: Throttle<Progress> | undefined;

  return {
    context: {
      lake,
      queues,
      log,
      modelServer,
      id: bull.id ?? "",
      input: job.input.parse(bull.data.input),
      checkpoint: checkpointOf(bull, job),
      get signal() {
        return run.signal;
      },
      async saveCheckpoint(value) {
        // Whoever lost the job must not write over the place of the one that has it now.
        if (run.stopped === "lock-lost") return;
        saved ??= new Throttle(SAVE_EVERY_MS, (checkpoint) => bull.updateData({ ...bull.data, checkpoint }));
        await saved.put(value);
      },
      reportProgress(value) {
        shown ??= new Throttle(SAVE_EVERY_MS, (progress) => bull.updateProgress(progress));
        return shown.put(value);
      },
      async note(line) {
        await bull.log(line);
      },
      runChildren: (stage, children) => runChildren({ job: bull, token, queues, run }, stage, children),
      enqueue: (contract, input) => enqueue(queues, contract, input),
    },
    async flush() {
      if (run.stopped !== "lock-lost") await Promise.all([saved?.flush(), shown?.flush()]);
    },
  };
}

/** A checkpoint is a hint: one that an older version wrote and this one cannot read costs a start from the top. */
function checkpointOf(bull: BullJob<StoredJob>, job: AnyJob): unknown {
  if (bull.data.checkpoint === undefined) return undefined;
  const parsed = job.checkpoint.safeParse(bull.data.checkpoint);
  return parsed.success ? parsed.data : undefined;
}
