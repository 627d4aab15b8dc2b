import type { JobView } from "../../queues/job-view.ts";
import type { StageMeter } from "./stage-meter.ts";

/** How a job is shown while it runs: bars, lines or not at all. */
export interface WatchView {
  show(job: JobView, meters: readonly StageMeter[]): void;
  /** A line among what is shown. */
  say(text: string): void;
  end(): void;
}
