import type { JobView } from "../../../queues/job-view.ts";
import type { Paint } from "../../paint.ts";
import { tookOf } from "./list.ts";

/** What a finished job made, for people. */
export function renderOutcome(job: JobView, paint: Paint): string {
  const head = `${paint("green", "done")} ${job.kind} in ${tookOf(job)}`;
  if (job.output === null || typeof job.output !== "object") {
    return job.output === null ? head : `${head}: ${String(job.output)}`;
  }
  const facts = Object.entries(job.output);
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => {
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    return `  ${paint("dim", name.padEnd(width))}  ${text}`;
  });
  return [head, ...lines].join("\n");
}
