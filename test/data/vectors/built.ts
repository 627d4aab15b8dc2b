import pino from "pino";
import type { Lake } from "../../../data/lake.ts";
import type { JobContext } from "../../../workers/define-job.ts";
import { type Input, vectorsBuild } from "../../../workers/embedding/vectors-build/job.ts";
import { type Built, run } from "../../../workers/embedding/vectors-build/run.ts";

/** Runs the kind's own work, without a queue around it. */
export function buildIndex(
  lake: Lake,
  input: Partial<Input> = {},
  signal: AbortSignal = new AbortController().signal,
  onProgress: () => void = () => undefined,
): Promise<Built> {
  return run({
    lake,
    log: pino({ level: "silent" }),
    id: "test",
    input: vectorsBuild.input.parse({ index: "notes", ...input }),
    checkpoint: undefined,
    signal,
    async saveCheckpoint() {},
    async reportProgress() {
      onProgress();
    },
    async note() {},
  } as unknown as JobContext<Input, never>);
}
